using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Listening;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Checking;

/// <summary>What the start would refuse for two services is found without binding anything, and in the words of the start.</summary>
public sealed class ClaimCheckTests
{
    /// <summary>The first accept and its options, the second and its own, and words of the error.</summary>
    public static TheoryData<string, string, string, string, string> Clashes => new()
    {
        { "ws://localhost:8000/a", "", "ws://127.0.0.1:8000/a", "", "is served already at 127.0.0.1:" },
        { "ws://localhost:8000/a", "", "ws://[::1]:8000/a", "", "is served already at [::1]:" },
        { "ws://localhost:0/a", "", "ws://127.0.0.1:0/a", "", "is served already at 127.0.0.1:" },
        { "http://127.0.0.1:8000/a", "", "http://localhost:8000/a/", "", "is served already at 127.0.0.1:" },
        { "ws://127.0.0.1:8000/a", "", "ws://*:8000/b", "", "and a port of all addresses is not bound again for one of them." },
        { "ws://*:8000/a", "", "ws://localhost:8000/b", "", "and a port of all addresses is not bound again for one of them." },
        { "ws://0.0.0.0:8000/a", "", "tcp://127.0.0.1:8000", "", "and a port of all addresses is not bound again for one of them." },
        { "ws://@lo:8000/a", "", "ws://*:8000/b", "", "and a port of all addresses is not bound again for one of them." },
        { "tcp://@lo:8000", "", "tcp://127.0.0.1:8000", "", "is taken already by tcp://@lo:" },
        { "tcp://127.0.0.1:8000", "", "ws://127.0.0.1:8000/a", "", "and a tcp accept can not share its port." },
        { "ws://127.0.0.1:8000/a", "", "tcp://localhost:8000", "", "and a tcp accept can not share its port." },
        { "tcp://gate.example:1", "<tcp.bind>127.0.0.1:8000</tcp.bind>", "tcp://other.example:1", "<tcp.bind>@lo:8000</tcp.bind>", "is taken already by tcp://gate.example:1" },
        { "ws://gate.example/a", "<tcp.bind>127.0.0.1:8000</tcp.bind>", "ws://gate.example/a", "<ws.bind>127.0.0.1:8000</ws.bind>", "is accepted twice" },
        { "ws://127.0.0.1:8000/a", "", "wss://127.0.0.1:8000/b", "<ssl.encryption>disabled</ssl.encryption>", "and only one of them speaks TLS." },
        { "ws://127.0.0.1:8000/a", "<http.http2>disabled</http.http2>", "ws://127.0.0.1:8000/b", "", "<http.http2> value for" },
        { "pipe://orders", "", "tcp://h:1", "<tcp.transport>pipe://orders</tcp.transport>", "pipe://orders is taken already by pipe://orders" },
        { "ws://inner.example/a", "<http.transport>pipe://p</http.transport>", "ws://inner.example/a", "<http.transport>pipe://P</http.transport>", "is accepted twice" },
        {
            "tcp://one.example:1", "<tcp.transport>ws://localhost:8000/t</tcp.transport>", "tcp://two.example:1", "<tcp.transport>ws://localhost:8000/t</tcp.transport>",
            "/t carries tcp://one.example:1 of service"
        },
    };

    public static TheoryData<string, string, string, string> Neighbours => new()
    {
        { "ws://localhost:8000/a", "", "ws://127.0.0.1:8000/b", "" },
        { "ws://localhost:8000/a", "", "http://127.0.0.1:8000/a", "" },
        { "ws://localhost:0/a", "", "tcp://localhost:0", "" },
        { "tcp://127.0.0.1:8000", "", "tcp://127.0.0.9:8000", "" },
        { "tcp://0.0.0.0:8000", "", "tcp://[::1]:8000", "" },
        { "ws://a.example/x", "<tcp.bind>127.0.0.1:8000</tcp.bind>", "ws://b.example/x", "<tcp.bind>127.0.0.1:8000</tcp.bind>" },
        { "ws://inner.example/a", "<http.transport>ws://localhost:8000/t</http.transport>", "ws://inner.example/b", "<http.transport>ws://localhost:8000/t</http.transport>" },
    };

    [Theory]
    [MemberData(nameof(Clashes))]
    public async Task Two_services_at_one_place_are_an_error_before_the_start_and_at_it(string first, string options, string second, string itsOptions, string words)
    {
        string file = Service("one", first, options) + Service("two", second, itsOptions);
        if (words == "is accepted twice")
        {
            // As it is written already.
            Assert.Contains(words, Assert.Single(ErrorsIn(file)), StringComparison.Ordinal);
            return;
        }

        GatewayConfiguration configuration = Read(file);

        ConfigurationError found = Assert.Single(ClaimCheck.Run(configuration, ImmutableDictionary<string, ImmutableArray<IPAddress>>.Empty));

        Assert.Equal(4, found.Position.Line);
        Assert.StartsWith("service \"two\": ", found.Problem, StringComparison.Ordinal);
        Assert.Contains(words, found.Problem, StringComparison.Ordinal);
        Assert.Matches(@"service ""one"" \(test\.xml:3:\d+\)|\(test\.xml:3:\d+\) would share|for <accept>", found.Problem);
        if (!file.Contains(":8000", StringComparison.Ordinal))
        {
            // Nothing depends on a port that somebody else may have.
            string refused = (await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(configuration))).Message;
            Assert.StartsWith($"{found.Position}: service \"two\": ", refused, StringComparison.Ordinal);
            Assert.Contains(words, refused, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Neighbours))]
    public void Services_that_can_be_told_apart_are_not(string first, string options, string second, string itsOptions) => Assert.Empty(ClaimCheck.Run(
        Read(Service("one", first, options) + Service("two", second, itsOptions)), ImmutableDictionary<string, ImmutableArray<IPAddress>>.Empty));

    [Fact]
    public void Names_are_compared_by_what_they_stand_for_or_else_by_what_they_are_called()
    {
        GatewayConfiguration configuration = Read(Service("one", "tcp://a.example:1", "") + Service("two", "tcp://b.example:1", "") + Service("three", "ws://a.example:1/", ""));
        var same = ImmutableDictionary<string, ImmutableArray<IPAddress>>.Empty.Add("a.example", [IPAddress.Loopback]).Add("b.example", [IPAddress.Loopback]);

        Assert.Equal([4, 5], ClaimCheck.Run(configuration, same).Select(error => error.Position.Line));
        Assert.Equal([5], ClaimCheck.Run(configuration, ImmutableDictionary<string, ImmutableArray<IPAddress>>.Empty).Select(error => error.Position.Line));
    }

    [Fact]
    public void Services_that_connect_to_themselves_are_found_too()
    {
        const string Ring = "<service><name>ring</name><accept>pipe://a</accept><connect>pipe://a</connect><type>proxy</type></service>";

        Assert.Contains(
            "It connects to itself through pipes",
            Assert.Single(ClaimCheck.Run(Read(Ring), ImmutableDictionary<string, ImmutableArray<IPAddress>>.Empty)).Problem, StringComparison.Ordinal);
    }

    private static string Service(string name, string accept, string options) =>
        $"\n<service><name>{name}</name><accept>{accept}</accept><type>{(accept.StartsWith("http:", StringComparison.Ordinal) ? "directory" : "echo")}</type>"
        + $"<accept-options>{options}</accept-options>{(accept.StartsWith("http:", StringComparison.Ordinal) ? "<properties><directory>.</directory></properties>" : "")}</service>";

    private static async Task StartAsync(GatewayConfiguration configuration)
    {
        await using GatewayServer server = await GatewayServer.StartAsync(
            configuration, new GatewayServerOptions { WebDirectory = Path.GetTempPath(), Loops = 1 }, NullLoggerFactory.Instance, CancellationToken.None);
    }
}
