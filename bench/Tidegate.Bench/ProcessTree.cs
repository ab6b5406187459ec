using System.Globalization;

namespace Tidegate.Bench;

/// <summary>What Linux tells in /proc about a process and those it started. Processes that end while it is read are left out.</summary>
internal static class ProcessTree
{
    /// <summary>The process and all its descendants.</summary>
    internal static List<int> Of(int root)
    {
        List<int> found = [root];
        for (int i = 0; i < found.Count; i++)
        {
            foreach (int thread in Threads(found[i]))
            {
                if (Read($"/proc/{found[i]}/task/{thread}/children") is string line)
                    found.AddRange(line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(ParseNumber));
            }
        }
        return found;
    }

    internal static IEnumerable<int> Threads(int process)
    {
        try
        {
            return Directory.GetDirectories($"/proc/{process}/task").Select(path => ParseNumber(Path.GetFileName(path)));
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>
    /// Resident memory of a process and its descendants in KB. It is the proportional set size: a page that several
    /// processes share is counted once, which matters for servers that fork for each connection.
    /// </summary>
    internal static long ResidentKilobytes(int root) => Of(root).Sum(process =>
    {
        string? line = Read($"/proc/{process}/smaps_rollup")?.Split('\n').FirstOrDefault(l => l.StartsWith("Pss:", StringComparison.Ordinal));
        return line is null ? 0L : long.Parse(line.AsSpan(4, line.Length - 6).Trim(), CultureInfo.InvariantCulture);
    });

    internal static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static int ParseNumber(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
