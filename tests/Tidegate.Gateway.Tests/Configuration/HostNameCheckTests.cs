using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class HostNameCheckTests
{
    private static string Service(string name, string host, string more = "") =>
        $"<service><name>{name}</name>\n<accept>ws://{host}:8000/{name}</accept><type>echo</type>{more}</service>";

    [Fact]
    public async Task A_name_that_does_not_resolve_is_a_warning_once()
    {
        GatewayConfiguration configuration = Read(Service("a", "lost.example") + Service("b", "lost.example") + Service("c", "found.example") + Service("d", "[::1]"));

        Assert.Equal(
            "test.xml:3:9: Unable to resolve DNS name: lost.example. Where the gateway runs it must resolve, or it will not start; a bind "
            + "option such as tcp.bind makes the name one for clients only.",
            Assert.Single(await HostNameCheck.RunAsync(configuration, Resolve)).ToString());
    }

    [Fact]
    public async Task A_name_beside_a_bind_option_is_one_for_clients_only() =>
        Assert.Empty(await HostNameCheck.RunAsync(
            Read(Service("a", "lost.example", "<accept-options><tcp.bind>8001</tcp.bind></accept-options>")), Resolve));

    [Fact]
    public async Task A_name_server_that_does_not_answer_holds_nobody_up() =>
        Assert.Empty(await HostNameCheck.RunAsync(Read(Service("a", "slow.example")), Resolve).WaitAsync(TimeSpan.FromSeconds(60)));

    private static async Task<IPAddress[]> Resolve(string name, CancellationToken cancellation)
    {
        if (name == "slow.example")
        {
            await Task.Delay(Timeout.Infinite, CancellationToken.None);
        }

        return name == "found.example" ? [IPAddress.Loopback] : throw new SocketException((int)SocketError.HostNotFound);
    }
}
