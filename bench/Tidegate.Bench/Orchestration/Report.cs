using System.Globalization;
using System.Text;
using System.Text.Json;
using Tidegate.Bench.Load;

namespace Tidegate.Bench.Orchestration;

/// <summary>All measurements of a run, and the tables made of them.</summary>
internal sealed class Report(OrchestrationOptions options, Peer[] present, Peer[] missing, double busyBefore)
{
    private static readonly JsonSerializerOptions Indented = new(LoadCommand.Json) { WriteIndented = true };
    private readonly List<Measurement> _measurements = [];

    internal bool HasErrors => _measurements.Exists(m => m.Load.Error is not null);

    internal void Add(Measurement measurement) => _measurements.Add(measurement);

    internal string Introduction() => string.Create(CultureInfo.InvariantCulture, $"""
        Machine: {Machine.Describe()}.
        The server on core {options.ServerCore}, load and back-end on core {options.LoadCore}, over loopback. {options.Starts} times started anew, {options.Rounds} rounds each, {options.Seconds} s each measurement, medians.
        {(options.Tls ? "Clients speak TLS 1.3 with AES-128-GCM and a P-256 certificate; the back-ends are plain. A handshake is a full one." : "No TLS.")}
        Before the run {busyBefore:P0} of the cores were busy with something else.

        """);

    internal string Markdown()
    {
        var text = new StringBuilder(Introduction());
        text.AppendLine();
        Column[] columns = options.Columns;
        WriteTable(text, ["server", .. columns.Select(c => c.Title)], present, peer => columns.Select(c => Cell(peer, c)));
        text.AppendLine();
        text.AppendLine("×: how many times as good as the best nginx of this run, so more than 1 is better, in the columns where less is better too.");

        Column[] timed = [.. columns.Where(c => c.Kind != LoadKind.Idle)];
        if (timed.Length > 0)
        {
            text.AppendLine().AppendLine("CPU time of the server for each message or handshake, µs:").AppendLine();
            WriteTable(text, ["server", .. timed.Select(c => c.Kind == LoadKind.Latency ? "at 10,000 a second" : c.Title.Replace(", per s", "", StringComparison.Ordinal).Replace(" per s", "", StringComparison.Ordinal))],
                present, peer => timed.Select(c => Median(peer, c, m => m.Load.CpuMicroseconds) is double µs ? µs.ToString("N2", CultureInfo.InvariantCulture) : "–"));
        }

        int disturbed = _measurements.Count(m => m.IsDisturbed);
        text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"{disturbed} of {_measurements.Count} measurements were disturbed: other processes used more than 5 % of a core.").AppendLine();
        foreach (Peer peer in present)
            text.AppendLine(CultureInfo.InvariantCulture, $"- {peer.Name}: {peer.Description}{(Orchestrator.Version(peer) is string v ? $" ({v})" : "")}");
        foreach (Peer peer in missing)
            text.AppendLine(CultureInfo.InvariantCulture, $"- {peer.Name}: missing on this machine");
        foreach (IGrouping<(string Server, string? Error), Measurement> same in _measurements.Where(m => m.Load.Error is not null).GroupBy(m => (m.Server, m.Load.Error)))
            text.AppendLine(CultureInfo.InvariantCulture, $"- ERROR {same.Key.Server} ({string.Join(", ", same.Select(m => $"{m.Column} in round {m.Round}"))}): {same.Key.Error}");
        return text.ToString();
    }

    internal string Json() => JsonSerializer.Serialize(
        new
        {
            Machine = Machine.Describe(),
            Utc = DateTime.UtcNow,
            options.Starts,
            options.Rounds,
            options.Seconds,
            options.IdlePairs,
            BusyBefore = busyBefore,
            Servers = present.Select(p => new { p.Name, p.Description, Version = Orchestrator.Version(p) }),
            Missing = missing.Select(p => p.Name),
            Medians = present.SelectMany(p => options.Columns.Select(c => new
            {
                Server = p.Name,
                Column = c.Name,
                Figure = Median(p, c, c.Figure),
                TimesTheBestNginx = Ratio(p, c),
                P50 = Median(p, c, m => m.Load.P50),
                CpuMicroseconds = Median(p, c, m => m.Load.CpuMicroseconds),
            })),
            Measurements = _measurements,
        },
        Indented);

    private string Cell(Peer peer, Column column)
    {
        if (Of(peer, column).Any(m => m.Load.Error is not null))
            return "ERROR";
        if (Median(peer, column, column.Figure) is not double figure)
            return "–";
        string cell = column.Format(figure);
        if (Median(peer, column, m => m.Load.P50) is double p50)
            cell += string.Create(CultureInfo.InvariantCulture, $" ({p50:N0})");
        if (Ratio(peer, column) is double ratio)
            cell += string.Create(CultureInfo.InvariantCulture, $" ×{ratio:N2}");
        return cell;
    }

    private double? Ratio(Peer peer, Column column)
    {
        double[] nginx = [.. present.Where(p => p.IsYardstick).Select(p => Median(p, column, column.Figure)).OfType<double>()];
        if (nginx.Length == 0 || Median(peer, column, column.Figure) is not double figure || figure <= 0)
            return null;
        return column.MoreIsBetter ? figure / nginx.Max() : nginx.Min() / figure;
    }

    private IEnumerable<Measurement> Of(Peer peer, Column column) =>
        _measurements.Where(m => m.Server == peer.Name && m.Column == column.Name);

    /// <summary>The median over all rounds; a single failed round leaves none.</summary>
    private double? Median(Peer peer, Column column, Func<Measurement, double?> figure)
    {
        Measurement[] all = [.. Of(peer, column)];
        double[] figures = [.. all.Where(m => m.Load.Error is null).Select(figure).OfType<double>().Order()];
        if (figures.Length == 0 || figures.Length < all.Length)
            return null;
        int half = figures.Length / 2;
        return figures.Length % 2 == 1 ? figures[half] : (figures[half - 1] + figures[half]) / 2;
    }

    private static void WriteTable(StringBuilder text, string[] titles, Peer[] peers, Func<Peer, IEnumerable<string>> cells)
    {
        string[][] rows = [titles, .. peers.Select(p => (string[])[p.Name, .. cells(p)])];
        int[] widths = [.. titles.Select((_, i) => rows.Max(row => row[i].Length))];
        for (int r = 0; r < rows.Length; r++)
        {
            text.AppendLine("| " + string.Join(" | ", rows[r].Select((cell, i) => i == 0 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))) + " |");
            if (r == 0)
                text.AppendLine("|" + string.Join("|", widths.Select((w, i) => i == 0 ? new string('-', w + 2) : new string('-', w + 1) + ":")) + "|");
        }
    }
}
