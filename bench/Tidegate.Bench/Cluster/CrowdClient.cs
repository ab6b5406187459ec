using System.Globalization;
using System.Text.Json;

namespace Tidegate.Bench.Cluster;

/// <summary>A crowd in a process of its own, on a host of the laboratory.</summary>
internal sealed class CrowdClient : IDisposable
{
    private readonly LabProcess _process;

    internal CrowdClient(Laboratory lab, int host, params string[] options)
    {
        _process = lab.Start(host, [Environment.ProcessPath!, "crowd", .. options]);
        _process.Wait<long>(0, "the crowd", lines => lines.Any(line => line.Line == "ready") ? 0 : null);
    }

    internal void Say(string line) => _process.Say(line);

    internal CrowdReport Report()
    {
        int before = Reports(_process.Since(0)).Length;
        _process.Say("report");
        string text = "";
        _process.Wait<long>(0, "the crowd's report", lines => (text = Reports(lines).ElementAtOrDefault(before) ?? "").Length > 0 ? 0 : null);
        return JsonSerializer.Deserialize<CrowdReport>(text)!;
    }

    /// <summary>Waits until the crowd is so.</summary>
    internal CrowdReport Until(string what, Predicate<CrowdReport> isSo, int seconds = 60)
    {
        long until = CrowdLoop.Now + (seconds * 1000L);
        while (true)
        {
            CrowdReport report = Report();
            if (isSo(report))
                return report;
            if (CrowdLoop.Now > until)
                throw new IOException($"{what}: that did not come; {JsonSerializer.Serialize(report)}");
            Thread.Sleep(50);
        }
    }

    /// <summary>Has so many more come, so many a second, and waits until all are served.</summary>
    /// <returns>How many a second it became.</returns>
    internal double Fill(int count, int rate)
    {
        int before = Report().Visitors;
        long began = CrowdLoop.Now;
        Say(string.Create(CultureInfo.InvariantCulture, $"connect {count} {rate}"));
        CrowdReport there = Until("clients connect", report => report.Visitors == before + count, 300);
        double seconds = (CrowdLoop.Now - began) / 1000.0;
        if (there.Served < before + count)
            Until("clients are served", report => report.Served == before + count, 60);
        return count / seconds;
    }

    public void Dispose() => _process.Dispose();

    private static string[] Reports((long Time, string Line)[] lines) => [.. lines.Where(line => line.Line.StartsWith('{')).Select(line => line.Line)];
}
