using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>What a flood of handshakes leaves behind is collected, once it has passed.</summary>
public sealed class LeftoverCollectionTests
{
    [Fact]
    public void It_waits_for_a_second_without_upgrades_and_does_not_bother_for_a_few()
    {
        var time = new HandTime();
        using var leftovers = new LeftoverCollection(time, NullLogger.Instance);
        Count(leftovers, LeftoverCollection.WorthCollecting - 1);
        time.Tick();
        time.Tick();
        Assert.Equal(0, leftovers.Collections);

        Count(leftovers, 1);
        time.Tick();
        Count(leftovers, 1);
        time.Tick();
        Assert.Equal(0, leftovers.Collections);

        time.Tick();
        Assert.Equal(1, leftovers.Collections);

        time.Tick();
        time.Tick();
        Assert.Equal(1, leftovers.Collections);
    }

    [Fact]
    public void Clients_that_shake_hands_without_end_do_not_make_it_collect_without_end()
    {
        var time = new HandTime();
        TimeSpan pause = TimeSpan.FromMilliseconds(80);
        using var leftovers = new LeftoverCollection(time, NullLogger.Instance, () => pause);
        for (int flood = 0; flood < 10; flood++)
        {
            Count(leftovers, LeftoverCollection.WorthCollecting);
            time.Tick();
            time.Tick();
        }

        Assert.Equal(1, leftovers.Collections);
        time.Advance((LeftoverCollection.Rest * pause) - TimeSpan.FromMilliseconds(1));
        time.Tick();
        Assert.Equal(1, leftovers.Collections);
        time.Advance(TimeSpan.FromMilliseconds(1));
        time.Tick();
        Assert.Equal(2, leftovers.Collections);
    }

    private static void Count(LeftoverCollection leftovers, int upgrades)
    {
        for (int i = 0; i < upgrades; i++)
        {
            leftovers.Count();
        }
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
