using System.Diagnostics;

namespace Tidegate.Bench.Load;

/// <summary>
/// The measured part of a run: how long it really was, how much was done in it, the CPU time the server spent, and how
/// much was spent by processes that have nothing to do with it.
/// </summary>
internal sealed class Stopclock
{
    private readonly LoadOptions _options;
    private long _started;
    private long _count;
    private double _machine;
    private CpuTime _server = CpuTime.None;
    private CpuTime _family = CpuTime.None;

    /// <summary>Reads everything once, so that what reads it is compiled before time counts.</summary>
    internal Stopclock(LoadOptions options)
    {
        _options = options;
        Start(-1);
        Stop(0);
    }

    internal void Start(long count)
    {
        _family = CpuTime.Of(_options.Family);
        _server = CpuTime.Of(_options.Server);
        _machine = CpuTime.SecondsOfMachine();
        _count = count;
        _started = Stopwatch.GetTimestamp();
    }

    internal LoadResult Stop(long count)
    {
        double seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds;
        double machine = CpuTime.SecondsOfMachine() - _machine;
        double? server = CpuTime.Of(_options.Server).SecondsSince(_server);
        double? family = CpuTime.Of(_options.Family).SecondsSince(_family);
        long done = count - _count;
        if (done == 0)
            throw new LoadException("nothing came back in the measured time");
        return new LoadResult
        {
            PerSecond = done / seconds,
            CpuMicroseconds = server * 1e6 / done,
            Elsewhere = Math.Max(0, machine - family ?? 0) / seconds,
        };
    }
}
