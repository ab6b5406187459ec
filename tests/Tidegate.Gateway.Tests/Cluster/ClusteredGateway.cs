using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Tests.Configuration;
using Tidegate.Gateway.Tests.Tls;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>A gateway in this process, in a cluster on free ports of the loopback address or alone.</summary>
internal sealed class ClusteredGateway : IAsyncDisposable
{
    /// <summary>What clients call the balancer in these tests; it is bound elsewhere.</summary>
    internal const string Balance = "<balance>ws://balancer.example/echo</balance>";

    private readonly ILoggerFactory _loggers;

    private ClusteredGateway(GatewayServer server, LogLines log, ILoggerFactory loggers)
    {
        Server = server;
        Log = log;
        _loggers = loggers;
    }

    internal GatewayServer Server { get; }

    internal LogLines Log { get; }

    /// <summary>What the others call it in their logs.</summary>
    internal string Id => $"/{Server.ClusterEndPoint}";

    internal static string Echo(string more = Balance, string accept = "ws://127.0.0.1:0/echo") =>
        $"<service><name>echo</name><accept>{accept}</accept>{more}<type>echo</type></service>";

    internal static string Balancer(string properties = "", string accept = "ws://balancer.example/echo", string more = "") =>
        $"<service><name>balancer</name><accept>{accept}</accept><type>balancer</type><properties>{properties}</properties>"
        + $"<accept-options><tcp.bind>127.0.0.1:0</tcp.bind></accept-options>{more}</service>";

    internal static Task<ClusteredGateway> StartAloneAsync(string services) => StartAsync(ConfigurationText.Read(services), null);

    /// <summary>Starts a member, the first of a cluster or one more.</summary>
    /// <param name="services">Its services.</param>
    /// <param name="seed">A member to join, or null.</param>
    /// <param name="name">The cluster's name.</param>
    /// <param name="key">The cluster's key, or null.</param>
    /// <param name="keyFile">The file that holds it, or null.</param>
    /// <param name="change">Changes what the gateway is told besides.</param>
    internal static Task<ClusteredGateway> StartAsync(
        string services, ClusteredGateway? seed = null, string name = "c", string? key = null, string? keyFile = null,
        Func<GatewayServerOptions, GatewayServerOptions>? change = null)
    {
        GatewayConfiguration read = ConfigurationText.Read(services);
        return StartAsync(
            read with
            {
                Cluster = new ClusterConfiguration
                {
                    Name = name,
                    // A file can not say 0; here it means any free port.
                    Accepts = [new ClusterAddress("tcp", "127.0.0.1", 0, "")],
                    Connects = seed is null ? [] : [new ClusterAddress("tcp", "127.0.0.1", seed.Server.ClusterEndPoint!.Port, "")],
                    KeyFile = keyFile,
                    Position = new SourcePosition("test.xml", 2, 1),
                },
            },
            key,
            change);
    }

    internal static async Task<ClusteredGateway> StartAsync(
        GatewayConfiguration configuration, string? key, Func<GatewayServerOptions, GatewayServerOptions>? change = null)
    {
        var log = new LogLines();
        ILoggerFactory loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(log));
        var options = new GatewayServerOptions { WebDirectory = Path.GetTempPath(), Loops = 2, ClusterKey = key };
        GatewayServer server = await GatewayServer.StartAsync(configuration, change?.Invoke(options) ?? options, loggers, CancellationToken.None);
        return new ClusteredGateway(server, log, loggers);
    }

    /// <summary>Where the first accept of this scheme and path really is.</summary>
    internal IPEndPoint At(string scheme, string path)
    {
        ServedAddress served = Server.Served.First(one => one.Uri.Scheme.Name == scheme && one.Uri.Path == path);
        return new IPEndPoint(IPAddress.Loopback, served.BoundTo.IsEmpty ? served.Port : served.BoundTo[0].Port);
    }

    /// <summary>How many lines of the log end so. A machine that stands still may make a member go and come again.</summary>
    internal int Count(string end) => Log.All.Count(line => line.EndsWith(end, StringComparison.Ordinal));

    /// <summary>Waits for a line of the log.</summary>
    internal async Task SaysAsync(string line)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!Log.All.Contains(line))
        {
            Assert.False(patience.IsCancellationRequested, $"\"{line}\" did not come:\n{string.Join('\n', Log.All)}");
            await Task.Delay(20, CancellationToken.None);
        }
    }

    /// <summary>Waits until the last balance map in the log leads to these targets, in this order; none where there are none.</summary>
    internal Task LeadsToAsync(params string[] targets) => LeadsToAsync("ws://balancer.example:80/echo", targets);

    /// <summary>The same for another balancer.</summary>
    internal async Task LeadsToAsync(string balance, string[] targets)
    {
        string wanted = targets.Length == 0 ? "" : $"     balance URI: {balance}    target list: [{string.Join(", ", targets)}]";
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (LastMap() != wanted)
        {
            Assert.False(patience.IsCancellationRequested, $"\"{wanted}\" did not come:\n{string.Join('\n', Log.All)}");
            await Task.Delay(20, CancellationToken.None);
        }

        string LastMap()
        {
            string[] lines = [.. Log.All];
            int last = Array.LastIndexOf(lines, "Information Current shared balancer map:");

            // What another part of the gateway says may stand between the lines of the map.
            return last < 0 ? "" : lines[last..].FirstOrDefault(line => line.Contains("     balance URI: ", StringComparison.Ordinal))?["Information ".Length..] ?? "";
        }
    }

    /// <summary>The answer to a WebSocket handshake with the balancer, and the connection.</summary>
    internal async Task<(string Head, RawClient Client)> HandshakeAsync(string query = "", string more = "")
    {
        RawClient client = await RawClient.ConnectAsync(At("ws", "/echo"));
        await client.SendAsync(RawClient.Handshake(80, $"/echo{query}", more).Replace("127.0.0.1:80", "balancer.example", StringComparison.Ordinal));
        return (await client.ReadHeadAsync(), client);
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        _loggers.Dispose();
    }
}
