using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Tidegate.Bench.Load;

namespace Tidegate.Bench.Orchestration;

/// <summary>Measures all servers, started anew a few times, and reports.</summary>
internal static class Orchestrator
{
    private static volatile bool s_interrupted;

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
        // What has been measured so far is still reported.
        context.Cancel = true;
        s_interrupted = true;
        ChildProcess.EndAll();
    }

    private static int Measure(OrchestrationOptions options)
    {
        Peer[] missing = [.. options.Peers.Where(IsMissing)];
        Peer[] present = [.. options.Peers.Except(missing)];
        foreach (Peer peer in missing)
            Console.WriteLine($"{peer.Name} is missing; bench/run --install installs the package {peer.Package}.");
        var report = new Report(options, present, missing, Machine.Busy());
        Console.WriteLine(report.Introduction());

        try
        {
            for (int start = 1; start <= options.Starts && present.Length > 0 && !s_interrupted; start++)
                MeasureOnce(new Start(present, start, options), report, options);
        }
        catch (Exception) when (s_interrupted)
        {
            // The servers are gone, which is no finding.
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
        return s_interrupted ? 130 : report.HasErrors ? 1 : 0;
    }

    private static void MeasureOnce(Start start, Report report, OrchestrationOptions options)
    {
        foreach (Measurement measurement in start.Measure())
        {
            if (s_interrupted)
                return;
            report.Add(measurement);
            Console.WriteLine(Line(measurement, options));
        }
    }

    private static bool IsMissing(Peer peer) => peer.Package is not null && PeerCatalog.Find(peer.Command) is null;

    private static string Line(Measurement measurement, OrchestrationOptions options)
    {
        Column column = options.Columns.First(c => c.Name == measurement.Column);
        string cpu = measurement.Load.CpuMicroseconds is double µs ? string.Create(CultureInfo.InvariantCulture, $"{µs,8:N2} µs CPU each") : "";
        string figure = measurement.Load.Error is null ? column.Format(column.Figure(measurement) ?? 0) : "ERROR";
        string disturbed = measurement.IsDisturbed ? string.Create(CultureInfo.InvariantCulture, $"  (disturbed: others used {measurement.Load.Elsewhere:P0} of a core)") : "";
        int rounds = options.Starts * (column.Kind == LoadKind.Idle ? 1 : options.Rounds);
        return $"round {measurement.Round}/{rounds}  {measurement.Server,-12} {column.Title,-30} {figure,12} {cpu}{disturbed}";
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
