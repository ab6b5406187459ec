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
        double before = CpuTime.SecondsOfMachine();
        Thread.Sleep(1000);
        return (CpuTime.SecondsOfMachine() - before) / Environment.ProcessorCount;
    }

    private static string? Field(string path, string name, char separator = ':') => ProcessTree.Read(path)?.Split('\n')
        .FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(separator, 2)[1].Trim();
}
