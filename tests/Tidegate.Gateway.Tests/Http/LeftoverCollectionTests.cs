using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>What a flood of handshakes leaves behind is collected, once it has passed.</summary>
public sealed class LeftoverCollectionTests
{
    private readonly HandTime _time = new();
    private long _heap = 100;

    [Fact]
    public void It_waits_for_a_second_without_upgrades_and_does_not_bother_for_little()
    {
        using LeftoverCollection leftovers = Begin(TimeSpan.Zero);
        leftovers.Count();
        _heap += LeftoverCollection.WorthCollecting - 1;
        _time.Tick();
        _time.Tick();
        Assert.Equal(0, leftovers.Collections);

        _heap++;
        leftovers.Count();
        _time.Tick();
        leftovers.Count();
        _time.Tick();
        Assert.Equal(0, leftovers.Collections);

        _time.Tick();
        Assert.Equal(1, leftovers.Collections);

        _time.Tick();
        _time.Tick();
        Assert.Equal(1, leftovers.Collections);
    }

    [Fact]
    public void What_grows_without_upgrades_is_left_alone()
    {
        using LeftoverCollection leftovers = Begin(TimeSpan.Zero);
        _heap += 10 * LeftoverCollection.WorthCollecting;
        _time.Tick();
        _time.Tick();
        Assert.Equal(0, leftovers.Collections);
    }

    [Fact]
    public void What_stays_alive_is_not_collected_for_again()
    {
        using LeftoverCollection leftovers = Begin(TimeSpan.Zero, freed: 0);
        for (int i = 0; i < 5; i++)
        {
            leftovers.Count();
            _heap += LeftoverCollection.WorthCollecting / 4;
            _time.Tick();
            _time.Tick();
        }

        Assert.Equal(1, leftovers.Collections);
    }

    [Fact]
    public void Clients_that_shake_hands_without_end_do_not_make_it_collect_without_end()
    {
        TimeSpan pause = TimeSpan.FromMilliseconds(80);
        using LeftoverCollection leftovers = Begin(pause);
        for (int flood = 0; flood < 10; flood++)
        {
            leftovers.Count();
            _heap += LeftoverCollection.WorthCollecting;
            _time.Tick();
            _time.Tick();
        }

        Assert.Equal(1, leftovers.Collections);
        _time.Advance((LeftoverCollection.Rest * pause) - TimeSpan.FromMilliseconds(1));
        _time.Tick();
        Assert.Equal(1, leftovers.Collections);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _time.Tick();
        Assert.Equal(2, leftovers.Collections);
    }

    /// <summary>One whose collections take so long, and leave what the heap had at first.</summary>
    private LeftoverCollection Begin(TimeSpan pause, long freed = long.MaxValue)
    {
        long least = _heap;
        return new LeftoverCollection(
            _time, NullLogger.Instance,
            () =>
            {
                _heap = freed > _heap - least ? least : _heap - freed;
                return pause;
            },
            () => _heap);
    }

    /// <summary>Time that passes by hand, a tick of the one timer at a time.</summary>
    private sealed class HandTime : TimeProvider
    {
        private Action? _tick;
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _tick = () => callback(state);
            return new Timer(_ => { });
        }

        internal void Tick() => _tick!();

        internal void Advance(TimeSpan time) => _now += time.Ticks;
    }
}
