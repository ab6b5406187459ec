using System.Globalization;
using System.Text.Json;
using Tidegate.Bench.Load;

namespace Tidegate.Bench.Orchestration;

/// <summary>
/// All servers, started anew and warmed, and then measured column by column in many short rounds, in an order that rotates:
/// what a shared machine does to one of them for a second it does to its neighbours in the same round as well.
/// </summary>
internal sealed class Start(Peer[] peers, int number, OrchestrationOptions options)
{
    /// <summary>What a measurement may take beyond its own time, in seconds.</summary>
    private const double Patience = 60;

    internal IEnumerable<Measurement> Measure()
    {
        Column[] busy = [.. options.Columns.Where(c => c.Kind != LoadKind.Idle)];
        if (busy.Length > 0)
        {
            foreach (Measurement measurement in MeasureTogether(busy))
                yield return measurement;
        }

        // Each in a process of its own, alone: what earlier load left behind would make idle connections look cheap. Without
        // a back-end there are no pairs.
        foreach (Column column in options.Columns.Where(c => c.Kind == LoadKind.Idle))
        {
            foreach (Peer peer in peers.Where(p => p.Backend != Backend.None))
                yield return MeasureIdle(peer, column);
        }
    }

    private IEnumerable<Measurement> MeasureTogether(Column[] columns)
    {
        var servers = new List<(Peer Peer, RunningServer? Server, string Error)>();
        try
        {
            foreach (Peer peer in peers)
                servers.Add(Begin(peer, columns));
            foreach (Column column in columns)
            {
                for (int round = 0; round < options.Rounds; round++)
                {
                    for (int i = 0; i < servers.Count; i++)
                    {
                        (Peer peer, RunningServer? server, string error) = servers[(i + round + number) % servers.Count];
                        int row = ((number - 1) * options.Rounds) + round + 1;
                        yield return server is null
                            ? new(peer.Name, column.Name, row, new LoadResult { Error = error })
                            : MeasureBusy(server, column, row);
                    }
                }
            }
        }
        finally
        {
            foreach ((_, RunningServer? server, _) in servers)
                server?.Dispose();
        }
    }

    private (Peer Peer, RunningServer? Server, string Error) Begin(Peer peer, Column[] columns)
    {
        RunningServer? server = null;
        try
        {
            server = RunningServer.Start(peer, options, separateBackend: false);
            Warm(server, columns);
            return (peer, server, "");
        }
        catch (ServerException e)
        {
            server?.Dispose();
            return (peer, null, e.Message);
        }
    }

    /// <summary>Exercises every path that will be measured, so that a JIT compiler has seen them all.</summary>
    private void Warm(RunningServer server, Column[] columns)
    {
        double total = options.Quick ? Math.Min(server.Peer.WarmSeconds, 4) : server.Peer.WarmSeconds;
        foreach (Column column in columns)
            Load(server, column, 0, Math.Max(0.1, total / columns.Length));
    }

    /// <summary>Measures anew, a few times, when others used the machine meanwhile, and keeps the least disturbed.</summary>
    private Measurement MeasureBusy(RunningServer server, Column column, int row)
    {
        Measurement? best = null;
        for (int tries = options.Quick ? 1 : 3; tries > 0 && best is not { IsDisturbed: false }; tries--)
        {
            var measurement = new Measurement(server.Peer.Name, column.Name, row, Load(server, column, options.WarmSeconds, options.Seconds));
            if (measurement.Load.Error is not null)
                return measurement;
            if (best is null || measurement.Load.Elsewhere < best.Load.Elsewhere)
                best = measurement;
        }
        return best!;
    }

    /// <summary>
    /// What one more pair costs: the first ninth of them is open already, and with it all that a server makes once.
    /// </summary>
    private Measurement MeasureIdle(Peer peer, Column column)
    {
        try
        {
            using var server = RunningServer.Start(peer, options, separateBackend: true);
            return MeasureIdle(server, column);
        }
        catch (ServerException e)
        {
            return Idle(peer, column, new LoadResult { Error = e.Message });
        }
    }

    private Measurement MeasureIdle(RunningServer server, Column column)
    {
        Peer peer = server.Peer;
        int pairs = Math.Min(options.IdlePairs, peer.MostIdlePairs);
        int few = Math.Max(1, pairs / 9);
        using ChildProcess first = StartLoad(server, column with { Connections = few }, 0, 1);
        using var firstLimit = new Timer(_ => first.Dispose(), null, TimeSpan.FromSeconds(Patience * 4), Timeout.InfiniteTimeSpan);
        if (Ready(first, peer, column) is { } failure)
            return failure;
        long before = ProcessTree.ResidentKilobytes(server.ProcessId);
        using ChildProcess rest = StartLoad(server, column with { Connections = pairs - few }, 0, 1);
        using var restLimit = new Timer(_ => rest.Dispose(), null, TimeSpan.FromSeconds(Patience * 4), Timeout.InfiniteTimeSpan);
        if (Ready(rest, peer, column) is { } restFailure)
            return restFailure;
        double each = (ProcessTree.ResidentKilobytes(server.ProcessId) - before) / (double)(pairs - few);
        rest.Input.WriteLine();
        LoadResult result = Result(rest.Output.ReadLine());
        first.Input.WriteLine();
        LoadResult firstResult = Result(first.Output.ReadLine());
        result = result.Error is null ? firstResult : result;
        return Idle(peer, column, result, result.Error is null ? each : null);
    }

    private Measurement Idle(Peer peer, Column column, LoadResult result, double? each = null) =>
        new(peer.Name, column.Name, number, result, each);

    /// <summary>Waits until the connections are open and have rested; gives what went wrong, or null.</summary>
    private Measurement? Ready(ChildProcess load, Peer peer, Column column)
    {
        string line = load.Output.ReadLine() ?? "";
        Settle();
        return line == "ready" ? null : Idle(peer, column, Result(line));
    }

    private void Settle() => Thread.Sleep(TimeSpan.FromSeconds(options.SettleSeconds));

    private LoadResult Load(RunningServer server, Column column, double warm, double seconds)
    {
        using ChildProcess load = StartLoad(server, column, warm, seconds);
        using var limit = new Timer(_ => load.Dispose(), null, TimeSpan.FromSeconds(warm + seconds + Patience), Timeout.InfiniteTimeSpan);
        return Result(load.Output.ReadLine());
    }

    private ChildProcess StartLoad(RunningServer server, Column column, double warm, double seconds) => ChildProcess.StartTalking(options.LoadCore,
    [
        Environment.ProcessPath!, "load", "--kind", $"{column.Kind}", "--port", $"{server.Port}", "--path", server.Peer.Path,
        "--size", $"{column.Size}", "--window", $"{column.Window}", "--connections", $"{column.Connections}", "--rate", $"{Column.Rate}",
        "--warm", warm.ToString(CultureInfo.InvariantCulture), "--seconds", seconds.ToString(CultureInfo.InvariantCulture),
        "--server", $"{server.ProcessId}", "--family", $"{Environment.ProcessId}",
        .. server.Backend == 0 ? Array.Empty<string>() : ["--backend-port", $"{server.Backend}"],
        .. server.Backend != 0 && server.Peer.Backend == Backend.WebSocket ? ["--backend-ws"] : Array.Empty<string>(),
        .. server.Certificate.Length == 0 ? Array.Empty<string>() : ["--tls", server.Certificate],
    ]);

    private static LoadResult Result(string? line)
    {
        try
        {
            return JsonSerializer.Deserialize<LoadResult>(line ?? "", LoadCommand.Json)!;
        }
        catch (JsonException)
        {
            return new LoadResult { Error = "the load ended without a result" };
        }
    }
}
