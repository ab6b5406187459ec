using System.Globalization;

namespace Tidegate.Bench;

/// <summary>The CPU time that a process, its threads and its descendants have used, to the nanosecond.</summary>
/// <remarks>
/// The scheduler's own account (<c>schedstat</c>) is kept for each thread. Threads that end between two readings are lost,
/// which a server under steady load has none of.
/// </remarks>
internal sealed class CpuTime
{
    internal static readonly CpuTime None = new([]);
    private readonly Dictionary<int, long> _nanoseconds;

    private CpuTime(Dictionary<int, long> nanoseconds) => _nanoseconds = nanoseconds;

    internal static CpuTime Of(int root)
    {
        if (root == 0)
            return None;
        var threads = new Dictionary<int, long>();
        foreach (int process in ProcessTree.Of(root))
        {
            foreach (int thread in ProcessTree.Threads(process))
            {
                if (ProcessTree.Read($"/proc/{process}/task/{thread}/schedstat") is string line)
                    threads[thread] = long.Parse(line.AsSpan(0, line.IndexOf(' ')), CultureInfo.InvariantCulture);
            }
        }
        return new CpuTime(threads);
    }

    /// <summary>Seconds that all cores together have worked since the machine started, to 10 ms; for other guests too, where it is a virtual one.</summary>
    internal static double SecondsOfMachine()
    {
        long[] ticks = [.. ProcessTree.Read("/proc/stat")!.Split('\n')[0].Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
        // All but idle (fourth) and idle waiting for a disk (fifth). Interrupts count, as they do in schedstat, where the
        // kernel does not account for them apart (CONFIG_IRQ_TIME_ACCOUNTING).
        return (ticks.Take(8).Sum() - ticks[3] - ticks[4]) / 100.0;
    }

    /// <summary>Seconds of CPU since an earlier reading, or null when nothing was read.</summary>
    internal double? SecondsSince(CpuTime earlier) => _nanoseconds.Count == 0
        ? null
        : _nanoseconds.Sum(thread => thread.Value - earlier._nanoseconds.GetValueOrDefault(thread.Key)) / 1e9;
}
