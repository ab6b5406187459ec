using System.Diagnostics;

namespace Tidegate.Bench.Load;

/// <summary>The measured part of a run: how long it really was, how much was done in it, and the CPU time the server spent.</summary>
internal sealed class Stopclock(int server)
{
    private long _started;
    private long _count;

    // Read once at the start, so that what reads it is compiled before time counts.
    private CpuTime _cpu = CpuTime.Of(server);

    internal void Start(long count)
    {
        _cpu = CpuTime.Of(server);
        _count = count;
        _started = Stopwatch.GetTimestamp();
    }

    internal LoadResult Stop(long count)
    {
        double seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds;
        double? cpu = CpuTime.Of(server).SecondsSince(_cpu);
        long done = count - _count;
        if (done == 0)
            throw new LoadException("nothing came back in the measured time");
        return new LoadResult { PerSecond = done / seconds, CpuMicroseconds = cpu * 1e6 / done };
    }
}
