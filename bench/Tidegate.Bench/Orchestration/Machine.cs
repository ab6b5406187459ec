using System.Globalization;
using System.Runtime.InteropServices;

namespace Tidegate.Bench.Orchestration;

/// <summary>The machine in words, and how busy it is with other things.</summary>
internal static class Machine
{
    internal static string Describe()
    {
        string processor = Field("/proc/cpuinfo", "model name") ?? $"{RuntimeInformation.ProcessArchitecture}";
        long kilobytes = long.Parse((Field("/proc/meminfo", "MemTotal") ?? "0 kB").Split(' ')[0], CultureInfo.InvariantCulture);
        string kernel = (ProcessTree.Read("/proc/sys/kernel/osrelease") ?? "").Split('-')[0].Trim();
        string system = Field("/etc/os-release", "PRETTY_NAME", '=')?.Trim('"') ?? "Linux";
        return string.Create(CultureInfo.InvariantCulture,
            $"{Environment.ProcessorCount} cores of {processor}, {kilobytes / 1048576.0:N0} GB, Linux {kernel}, {system}, .NET {Environment.Version}");
    }

    /// <summary>The share of all cores, 0 to 1, that something used in a second in which nothing was measured.</summary>
    internal static double Busy()
    {
        (long busyBefore, long allBefore) = Ticks();
        Thread.Sleep(1000);
        (long busy, long all) = Ticks();
        return (busy - busyBefore) / (double)Math.Max(1, all - allBefore);
    }

    private static (long Busy, long All) Ticks()
    {
        long[] ticks = [.. ProcessTree.Read("/proc/stat")!.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
        long all = ticks.Take(8).Sum();
        // The fourth and fifth are idle, and idle waiting for a disk.
        return (all - ticks[3] - ticks[4], all);
    }

    private static string? Field(string path, string name, char separator = ':') => ProcessTree.Read(path)?.Split('\n')
        .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(separator, 2)[1].Trim();
}
