using System.Globalization;

namespace Tidegate.Bench.Cluster;

/// <summary>How figures are written into tables.</summary>
internal static class Figures
{
    /// <summary>Median and maximum of some times in milliseconds, in seconds; a dash where there is none.</summary>
    internal static string MedianAndMost(IEnumerable<long> milliseconds)
    {
        long[] sorted = [.. milliseconds.Where(one => one >= 0).Order()];
        if (sorted.Length == 0)
            return "–";
        double median = sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[(sorted.Length / 2) - 1] + sorted[sorted.Length / 2]) / 2.0;
        return string.Create(CultureInfo.InvariantCulture, $"{median / 1000:0.00} s, {sorted[^1] / 1000.0:0.00} s");
    }

    internal static void Head(params string[] columns)
    {
        Console.WriteLine();
        Row(columns);
        Row([.. columns.Select((_, place) => place == 0 ? "---" : "---:")]);
    }

    internal static void Row(params string[] cells) => Console.WriteLine($"| {string.Join(" | ", cells)} |");

    internal static string Text(double number) => number.ToString("#,0.##", CultureInfo.InvariantCulture);
}
