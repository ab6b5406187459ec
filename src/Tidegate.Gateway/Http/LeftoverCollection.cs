using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Http;

/// <summary>
/// Collects what the HTTP server leaves behind when many connections were upgraded. The engine makes no garbage, so after
/// a flood of handshakes nothing else would, and several kilobytes for each would stay.
/// </summary>
/// <remarks>Only once a second has passed without an upgrade, and where the heap has grown by <see cref="WorthCollecting"/> since it was
/// last collected here: a collection stops every loop for some milliseconds, and for more where much is alive. So that clients can not
/// bring it about again and again, the time from one to the next is at least <see cref="Rest"/> times what the last one took.</remarks>
internal sealed partial class LeftoverCollection : IDisposable
{
    /// <summary>
    /// Bytes of growth that are worth a collection, which can give back no more than that. An idle gateway holds some 80 MB; a tenth of
    /// it more or less is within what it varies by anyway, and nobody would miss it.
    /// </summary>
    internal const long WorthCollecting = 8 * 1024 * 1024;

    /// <summary>How many times as long as it took the next one is not made: everything stands still for a hundredth of all time at most.</summary>
    internal const int Rest = 100;

    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private readonly TimeProvider _time;
    private readonly Func<TimeSpan> _collect;
    private readonly Func<long> _heap;
    private long _heapAfter;
    private long _collected;
    private TimeSpan _rest;
    private int _upgrades;
    private int _seen;

    /// <param name="time">Says when a second has passed.</param>
    /// <param name="logger">Gets a line for each collection.</param>
    /// <param name="collect">Collects, and says for how long everything stood still; null for the real thing.</param>
    /// <param name="heap">Says how many bytes the heap has, dead or alive; null for the real thing.</param>
    internal LeftoverCollection(TimeProvider time, ILogger logger, Func<TimeSpan>? collect = null, Func<long>? heap = null)
    {
        _logger = logger;
        _time = time;
        _collect = collect ?? Collect;
        _heap = heap ?? (static () => GC.GetTotalMemory(forceFullCollection: false));
        _heapAfter = _heap();
        _timer = time.CreateTimer(static self => ((LeftoverCollection)self!).Look(), this, s_interval, s_interval);
    }

    /// <summary>Number of collections so far.</summary>
    internal int Collections { get; private set; }

    /// <summary>A connection was upgraded. Callable from any thread.</summary>
    internal void Count() => Interlocked.Increment(ref _upgrades);

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        int upgrades = Volatile.Read(ref _upgrades);
        bool quiet = upgrades == _seen;
        _seen = upgrades;
        if (!quiet || upgrades == 0 || (Collections > 0 && _time.GetElapsedTime(_collected) < _rest))
        {
            return;
        }

        long before = _heap();
        if (before - _heapAfter < WorthCollecting)
        {
            // It may have been collected by itself meanwhile.
            _heapAfter = Math.Min(_heapAfter, before);
            return;
        }

        Interlocked.Add(ref _upgrades, -upgrades);
        _seen -= upgrades;
        TimeSpan pause = _collect();
        _heapAfter = _heap();
        Collections++;
        _collected = _time.GetTimestamp();
        _rest = pause * Rest;
        LogCollected(upgrades, (before - _heapAfter) / 1024, pause.TotalMilliseconds);
    }

    private static TimeSpan Collect()
    {
        TimeSpan before = GC.GetTotalPauseDuration();
        // Aggressive: gives the memory back to the system, which is the point.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return GC.GetTotalPauseDuration() - before;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Collected what {Upgrades} handshakes had left behind, {Kibibytes} KiB; everything stood still for {Milliseconds:F1} ms")]
    private partial void LogCollected(int upgrades, long kibibytes, double milliseconds);
}
