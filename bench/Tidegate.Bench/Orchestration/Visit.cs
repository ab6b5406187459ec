using System.Globalization;
using System.Text.Json;
using Tidegate.Bench.Load;

namespace Tidegate.Bench.Orchestration;

/// <summary>One server in one round: started, warmed, measured column by column, ended.</summary>
internal sealed class Visit(Peer peer, int round, OrchestrationOptions options)
{
    /// <summary>What a measurement may take beyond its own time, in seconds.</summary>
    private const double Patience = 60;

    internal IEnumerable<Measurement> Measure()
    {
        Column[] busy = [.. options.Columns.Where(c => c.Kind != LoadKind.Idle)];
        if (busy.Length > 0)
        {
            foreach (Measurement measurement in Guarded(busy, MeasureBusy))
                yield return measurement;
        }
        // In a process of its own: what earlier load left behind would make idle connections look cheap. Without a
        // back-end there are no pairs.
        foreach (Column column in options.Columns.Where(c => c.Kind == LoadKind.Idle && peer.Backend != Backend.None))
        {
            foreach (Measurement measurement in Guarded([column], MeasureIdle))
                yield return measurement;
        }
    }

    private IEnumerable<Measurement> Guarded(Column[] columns, Func<RunningServer, Column, Measurement> measure)
    {
        RunningServer? server = null;
        string error = "";
        try
        {
            server = RunningServer.Start(peer, options);
            Warm(server, columns);
        }
        catch (ServerException e)
        {
            error = e.Message;
            server?.Dispose();
            server = null;
        }
        using RunningServer? ended = server;
        foreach (Column column in columns)
            yield return server is null ? Failed(column, error) : measure(server, column);
    }

    private Measurement Failed(Column column, string error) => new(peer.Name, column.Name, round, new LoadResult { Error = error });

    /// <summary>Exercises every path that will be measured, so that a JIT compiler has seen them all.</summary>
    private void Warm(RunningServer server, Column[] columns)
    {
        double total = options.Quick ? Math.Min(peer.WarmSeconds, 4) : peer.WarmSeconds;
        foreach (Column column in columns)
        {
            // What a flood of connections leaves behind would make idle ones look cheap: those warm by themselves.
            if (column.Kind != LoadKind.Idle)
                Load(server, column, 0, Math.Max(0.1, total / columns.Length));
        }
    }

    /// <summary>Measures anew, a few times, when others used the machine meanwhile, and keeps the least disturbed.</summary>
    private Measurement MeasureBusy(RunningServer server, Column column)
    {
        Measurement? best = null;
        for (int tries = options.Quick ? 1 : 3; tries > 0 && best is not { IsDisturbed: false }; tries--)
        {
            var measurement = new Measurement(peer.Name, column.Name, round, Load(server, column, options.WarmSeconds, options.Seconds));
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
    private Measurement MeasureIdle(RunningServer server, Column column)
    {
        int pairs = Math.Min(options.IdlePairs, peer.MostIdlePairs);
        int few = Math.Max(1, pairs / 9);
        using ChildProcess first = StartLoad(server, column with { Connections = few }, 0, 1);
        using var firstLimit = new Timer(_ => first.Dispose(), null, TimeSpan.FromSeconds(Patience * 4), Timeout.InfiniteTimeSpan);
        if (Ready(first, column) is { } failure)
            return failure;
        long before = ProcessTree.ResidentKilobytes(server.ProcessId);
        using ChildProcess rest = StartLoad(server, column with { Connections = pairs - few }, 0, 1);
        using var restLimit = new Timer(_ => rest.Dispose(), null, TimeSpan.FromSeconds(Patience * 4), Timeout.InfiniteTimeSpan);
        if (Ready(rest, column) is { } restFailure)
            return restFailure;
        double each = (ProcessTree.ResidentKilobytes(server.ProcessId) - before) / (double)(pairs - few);
        rest.Input.WriteLine();
        LoadResult result = Result(rest.Output.ReadLine());
        first.Input.WriteLine();
        LoadResult firstResult = Result(first.Output.ReadLine());
        result = result.Error is null ? firstResult : result;
        return new(peer.Name, column.Name, round, result, result.Error is null ? each : null);
    }

    /// <summary>Waits until the connections are open and have rested; gives what went wrong, or null.</summary>
    private Measurement? Ready(ChildProcess load, Column column)
    {
        string line = load.Output.ReadLine() ?? "";
        Settle();
        return line == "ready" ? null : new(peer.Name, column.Name, round, Result(line));
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
        Environment.ProcessPath!, "load", "--kind", $"{column.Kind}", "--port", $"{server.Port}", "--path", peer.Path,
        "--size", $"{column.Size}", "--window", $"{column.Window}", "--connections", $"{column.Connections}", "--rate", $"{Column.Rate}",
        "--warm", warm.ToString(CultureInfo.InvariantCulture), "--seconds", seconds.ToString(CultureInfo.InvariantCulture),
        "--server", $"{server.ProcessId}", "--family", $"{Environment.ProcessId}",
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
