using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Checking;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Checking;

public sealed class HostNameCheckTests
{
    private const string WhereItRuns =
        "Where the gateway runs it must resolve, or it will not start; a bind option such as tcp.bind makes the name of an accept one for clients only.";

    private const string RightName = "Write a name that resolves to an address of this machine, or the address itself.";

    private static string Service(string name, string host, string more = "") =>
        $"<service><name>{name}</name>\n<accept>ws://{host}:8000/{name}</accept><type>echo</type>{more}</service>";

    private static string Proxy(string accept, string connect, string more = "") =>
        $"\n<service><name>{connect}</name><accept>{accept}</accept><connect>{connect}</connect><type>proxy</type>{more}</service>";

    [Theory]
    [InlineData(false, WhereItRuns)]
    [InlineData(true, RightName)]
    public async Task A_name_that_does_not_resolve_is_said_once_with_every_line_that_it_stands_in(bool starting, string cure)
    {
        GatewayConfiguration configuration = Read(
            Service("a", "lost.example") + Service("b", "lost.example") + Service("c", "found.example") + Service("d", "[::1]") + Service("e", "lost.example"));

        ResolvedNames names = await RunAsync(configuration, starting);

        Assert.Equal(
            $"test.xml:3:9: Unable to resolve DNS name: lost.example (in ws://lost.example:8000/a). It stands in lines 4, 7 too. {cure}",
            Assert.Single(starting ? names.Errors : names.Warnings).ToString());
        Assert.Empty(starting ? names.Warnings : names.Errors);
    }

    [Fact]
    public async Task Every_name_that_keeps_the_gateway_from_starting_is_named()
    {
        ResolvedNames names = await RunAsync(
            Read(
                Service("a", "lost.example") + Service("b", "gone.example")
                + Service("c", "found.example", "<accept-options><tcp.bind>moved.example:1</tcp.bind></accept-options>")
                + Proxy("tcp://[::1]:1", "tcp://found.example:1", "<connect-options><tcp.bind>away.example:0</tcp.bind></connect-options>")),
            starting: true);

        Assert.Equal(
            [
                $"test.xml:3:9: Unable to resolve DNS name: lost.example (in ws://lost.example:8000/a). {RightName}",
                $"test.xml:4:9: Unable to resolve DNS name: gone.example (in ws://gone.example:8000/b). {RightName}",
                $"test.xml:5:86: Unable to resolve DNS name: moved.example (in ws://found.example:8000/c). {RightName}",
                $"test.xml:6:159: Unable to resolve DNS name: away.example (in tcp.bind). {RightName}",
            ],
            names.Errors.Select(error => error.ToString()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_back_end_whose_name_does_not_resolve_is_a_warning_even_at_the_start(bool starting)
    {
        ResolvedNames names = await RunAsync(Read(Proxy("tcp://[::1]:1", "wss://lost.example/feed") + Proxy("tcp://[::1]:2", "tcp://found.example:1")), starting);

        Assert.Empty(names.Errors);
        Assert.Equal(
            "test.xml:3:85: Unable to resolve DNS name: lost.example (in wss://lost.example/feed). Connections to it fail until it resolves: correct "
            + "the name, or write the address itself.",
            Assert.Single(names.Warnings).ToString());
    }

    [Fact]
    public async Task A_name_that_an_accept_and_a_connect_have_is_an_error_for_the_one_and_a_warning_for_the_other()
    {
        ResolvedNames names = await RunAsync(Read(Proxy("ws://lost.example/", "tcp://lost.example:1")), starting: true);

        Assert.Contains("(in ws://lost.example/).", Assert.Single(names.Errors).Problem, StringComparison.Ordinal);
        Assert.Contains("(in tcp://lost.example:1).", Assert.Single(names.Warnings).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ws://lost.example/", "tcp://[::1]:1", "<accept-options><tcp.bind>8001</tcp.bind></accept-options>")]
    [InlineData("tcp://[::1]:1", "ws://lost.example/", "<connect-options><tcp.transport>tcp://[::1]:2</tcp.transport></connect-options>")]
    [InlineData("tcp://localhost:1", "tcp://localhost:2", "")]
    public async Task What_is_really_somewhere_else_or_needs_no_resolver_is_not_looked_up(string accept, string connect, string more)
    {
        ResolvedNames names = await HostNameCheck.RunAsync(
            Read(Proxy(accept, connect, more)), starting: true, (name, _) => throw new InvalidOperationException(name), CancellationToken.None);

        Assert.Empty(names.Addresses);
    }

    [Fact]
    public async Task A_name_server_that_does_not_answer_holds_nobody_up_and_is_mentioned()
    {
        GatewayConfiguration configuration = Read(string.Concat(Enumerable.Range(0, 200).Select(i => Service($"s{i}", $"slow{i}.example"))));

        ResolvedNames names = await RunAsync(configuration, starting: false).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(200, names.Warnings.Length);
        Assert.All(names.Warnings, warning => Assert.EndsWith(": no answer within 2 s.", warning.Problem, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_is_told_to_stop_does_not_wait_for_a_name_server()
    {
        using var stop = new CancellationTokenSource();
        Task<ResolvedNames> names = HostNameCheck.RunAsync(Read(Service("a", "slow.example")), starting: true, Resolve, stop.Token);

        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => names.WaitAsync(TimeSpan.FromSeconds(60)));
    }

    private static Task<ResolvedNames> RunAsync(GatewayConfiguration configuration, bool starting) =>
        HostNameCheck.RunAsync(configuration, starting, Resolve, CancellationToken.None);

    private static async Task<IPAddress[]> Resolve(string name, CancellationToken cancellation)
    {
        if (name.StartsWith("slow", StringComparison.Ordinal))
        {
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        }

        return name == "found.example" ? [IPAddress.Loopback] : throw new SocketException((int)SocketError.HostNotFound);
    }
}
