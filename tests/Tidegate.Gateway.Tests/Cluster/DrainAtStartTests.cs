using System.Text.Json;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Control;
using Tidegate.Gateway.Tests.Configuration;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Gateways that are asked to end while they start.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class DrainAtStartTests
{
    [Fact]
    public async Task Whoever_asks_for_a_drain_before_the_start_is_over_gets_one()
    {
        using var directory = new ScratchDirectory();
        string file = Path.Combine(directory.Path, "gateway-config.xml");
        var lines = new List<JsonElement>();

        // All is open by then, and nothing has been said of it.
        using var log = new Log("Starting server", () => Assert.True(
            ControlClient.AskAsync(file, "drain", line => lines.Add(line.Clone()), CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(60)).GetAwaiter().GetResult()));
        await using GatewayServer server = await StartAsync(log, file, null, CancellationToken.None);

        await server.Ended.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Single(lines);
        Assert.Null(log.Failure);
        await server.DrainAsync(CancellationToken.None);
    }

    [Fact]
    public async Task A_start_that_is_called_off_when_the_others_know_the_member_is_finished_so_that_it_can_leave()
    {
        using var directory = new ScratchDirectory();
        await using ClusteredGateway other = await ClusteredGateway.StartAsync(ClusteredGateway.Echo());
        using var cancelled = new CancellationTokenSource();
        using var log = new Log("Cluster Member started: ", cancelled.Cancel);

        await using GatewayServer server = await StartAsync(log, Path.Combine(directory.Path, "gateway-config.xml"), other, cancelled.Token);

        Assert.True(cancelled.IsCancellationRequested);
        await server.DrainAsync(CancellationToken.None);
        Assert.Contains(log.Lines, line => line.StartsWith("Drained: ", StringComparison.Ordinal));
    }

    private static async Task<GatewayServer> StartAsync(Log log, string file, ClusteredGateway? seed, CancellationToken cancellation)
    {
        GatewayConfiguration configuration = ConfigurationText.Read(ClusteredGateway.Echo()) with
        {
            Cluster = new ClusterConfiguration
            {
                Name = "c",
                Accepts = [new ClusterAddress("tcp", "127.0.0.1", 0, "")],
                Connects = seed is null ? [] : [new ClusterAddress("tcp", "127.0.0.1", seed.Server.ClusterEndPoint!.Port, "")],
                Position = new SourcePosition("test.xml", 2, 1),
            },
        };
        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging.AddProvider(log));
        var options = new GatewayServerOptions { WebDirectory = Path.GetTempPath(), Loops = 2, Grace = TimeSpan.Zero, ConfigurationFile = file };
        return await GatewayServer.StartAsync(configuration, options, loggers, cancellation);
    }

    /// <summary>Does something when a line of the log begins so.</summary>
    private sealed class Log(string beginning, Action act) : ILoggerProvider, ILogger
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

        internal IEnumerable<string> Lines => _lines;

        internal Exception? Failure { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        void ILogger.Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string line = formatter(state, exception);
            _lines.Enqueue(line);
            if (line.StartsWith(beginning, StringComparison.Ordinal))
            {
                Failure = Record.Exception(act);
            }
        }

        public void Dispose()
        {
        }
    }
}
