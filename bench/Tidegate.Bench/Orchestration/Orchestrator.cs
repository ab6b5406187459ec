using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Tidegate.Bench.Orchestration;

/// <summary>Measures every server in every round, in an order that rotates, and reports.</summary>
internal static class Orchestrator
{
    internal static int Run(OrchestrationOptions options)
    {
        // However this ends, no server stays behind.
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            return Measure(options);
        }
        finally
        {
            ChildProcess.EndAll();
        }
    }

    private static void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        ChildProcess.EndAll();
        Environment.Exit(130);
    }

    private static int Measure(OrchestrationOptions options)
    {
        Peer[] missing = [.. options.Peers.Where(IsMissing)];
        Peer[] present = [.. options.Peers.Except(missing)];
        foreach (Peer peer in missing)
            Console.WriteLine($"{peer.Name} is missing; bench/run --install installs the package {peer.Package}.");
        var report = new Report(options, present, missing, Machine.Busy());
        Console.WriteLine(report.Introduction());

        for (int round = 0; round < options.Rounds && present.Length > 0; round++)
        {
            for (int i = 0; i < present.Length; i++)
            {
                Peer peer = present[(i + round) % present.Length];
                foreach (Measurement measurement in new Visit(peer, round + 1, options).Measure())
                {
                    report.Add(measurement);
                    Console.WriteLine(Line(measurement, options));
                }
            }
        }

        string markdown = report.Markdown();
        Console.WriteLine();
        Console.WriteLine(markdown);
        string directory = Path.Combine(options.Root, "bench", "results");
        Directory.CreateDirectory(directory);
        foreach (string name in new[] { DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture), "latest" })
        {
            File.WriteAllText(Path.Combine(directory, name + ".md"), markdown);
            File.WriteAllText(Path.Combine(directory, name + ".json"), report.Json());
        }
        Console.WriteLine("Written to bench/results/latest.md and latest.json.");
        return report.HasErrors ? 1 : 0;
    }

    private static bool IsMissing(Peer peer) => peer.Package is not null && PeerCatalog.Find(peer.Command) is null;

    private static string Line(Measurement measurement, OrchestrationOptions options)
    {
        Column column = options.Columns.First(c => c.Name == measurement.Column);
        string cpu = measurement.Load.CpuMicroseconds is double µs ? string.Create(CultureInfo.InvariantCulture, $"{µs,8:N2} µs CPU each") : "";
        string figure = measurement.Load.Error is null ? column.Format(column.Figure(measurement) ?? 0) : "ERROR";
        string disturbed = measurement.IsDisturbed ? string.Create(CultureInfo.InvariantCulture, $"  (disturbed: others used {measurement.Load.Elsewhere:P0} of a core)") : "";
        return $"round {measurement.Round}/{options.Rounds}  {measurement.Server,-12} {column.Title,-30} {figure,12} {cpu}{disturbed}";
    }

    /// <summary>The version of an installed Debian package, or null.</summary>
    internal static string? Version(Peer peer)
    {
        if (peer.Package is null || PeerCatalog.Find("dpkg-query") is not string query)
            return null;
        using var process = Process.Start(new ProcessStartInfo(query, ["-W", "-f", "${Version}", peer.Package]) { RedirectStandardOutput = true, RedirectStandardError = true });
        return process?.StandardOutput.ReadToEnd() is { Length: > 0 } version ? version : null;
    }
}
