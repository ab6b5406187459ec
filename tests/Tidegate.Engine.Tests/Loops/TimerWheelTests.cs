using Tidegate.Engine.Loops;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Loops;

/// <summary>The wheel on a clock that the test moves. It needs a loop only to report exceptions to.</summary>
public sealed class TimerWheelTests() : EngineTest(EventSource.Portable)
{
    private readonly ManualTime _time = new();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(11)]
    [InlineData(10_230)]
    [InlineData(10_240)]
    [InlineData(10_250)]
    [InlineData(123_456)]
    public void A_timer_fires_at_its_time_and_at_most_a_tick_late(int delay)
    {
        for (int phase = 0; phase < 30; phase += 3)
        {
            var wheel = new TimerWheel(_time);
            _time.Advance(TimeSpan.FromMilliseconds(phase));
            int fired = -1, now = 0;
            wheel.Schedule(TimeSpan.FromMilliseconds(delay), _ => fired = now, null);
            for (; fired < 0; now++, _time.Advance(TimeSpan.FromMilliseconds(1)))
            {
                Assert.InRange(now, 0, delay + (2 * TimerWheel.TickMilliseconds));
                wheel.Advance(Loop);
            }

            Assert.InRange(fired, delay, delay + (2 * TimerWheel.TickMilliseconds));
        }
    }

    [Fact]
    public void The_time_to_wait_never_passes_what_is_due()
    {
        var random = new Random(1);
        var wheel = new TimerWheel(_time);
        Assert.Equal(-1, wheel.NextTimeout());
        for (int round = 0; round < 2000; round++)
        {
            int delay = random.Next(30_000);
            bool fired = false;
            wheel.Schedule(TimeSpan.FromMilliseconds(delay), _ => fired = true, null);
            int waited = 0, turns = 0;
            while (!fired)
            {
                int wait = wheel.NextTimeout();
                Assert.InRange(wait, 0, 1100);
                waited += wait;
                turns++;
                _time.Advance(TimeSpan.FromMilliseconds(wait));
                wheel.Advance(Loop);
            }

            Assert.InRange(waited, delay, delay + 20);
            Assert.InRange(turns, 1, (delay / 1000) + 3);
        }
    }

    [Fact]
    public void Thousands_of_timers_agree_with_a_simple_list()
    {
        var random = new Random(2);
        var wheel = new TimerWheel(_time);
        var pending = new Dictionary<int, (LoopTimer Timer, long Due)>();
        long now = 0;
        int next = 0;
        for (int round = 0; round < 3000; round++)
        {
            for (int i = random.Next(20); i > 0; i--)
            {
                int id = next++;
                int delay = random.Next(4) == 0 ? random.Next(40_000) : random.Next(500);
                pending[id] = (wheel.Schedule(TimeSpan.FromMilliseconds(delay), _ =>
                {
                    Assert.True(pending.Remove(id, out var fired));
                    Assert.True(fired.Due <= now, $"{fired.Due - now} ms early");
                }, null), now + delay);
            }

            foreach (int id in pending.Keys.Where(_ => random.Next(30) == 0).ToList())
            {
                Assert.True(pending[id].Timer.IsPending);
                pending[id].Timer.Cancel();
                pending[id].Timer.Cancel();
                Assert.False(pending[id].Timer.IsPending);
                pending.Remove(id);
            }

            // Now and then a stall longer than a whole round of the wheel.
            int step = random.Next(200) == 0 ? random.Next(50_000) : random.Next(60);
            now += step;
            _time.Advance(TimeSpan.FromMilliseconds(step));
            wheel.Advance(Loop);
            Assert.Equal(pending.Count, wheel.Count);
            Assert.DoesNotContain(pending.Values, item => item.Due <= now - (2 * TimerWheel.TickMilliseconds));
        }
    }

    [Fact]
    public void A_timer_may_arm_and_cancel_others()
    {
        var wheel = new TimerWheel(_time);
        var fired = new List<string>();
        LoopTimer[] cancelled = new LoopTimer[3];
        for (int i = 0; i < cancelled.Length; i++)
        {
            cancelled[i] = wheel.Schedule(TimeSpan.FromMilliseconds(5), _ => fired.Add("other"), null);
        }

        wheel.Schedule(TimeSpan.FromMilliseconds(5), _ =>
        {
            fired.Add("first");
            Array.ForEach(cancelled, timer => timer.Cancel());
            wheel.Schedule(TimeSpan.Zero, _ => fired.Add("second"), null);
        }, null);
        for (int i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromMilliseconds(10));
            wheel.Advance(Loop);
        }

        Assert.Equal(["first", "second"], fired);
        Assert.Equal(0, wheel.Count);
    }

    [Fact]
    public void Negative_delays_are_refused_and_endless_ones_are_not_due()
    {
        var wheel = new TimerWheel(_time);
        Assert.Throws<ArgumentOutOfRangeException>(() => wheel.Schedule(TimeSpan.FromMilliseconds(-1), _ => { }, null));
        LoopTimer timer = wheel.Schedule(TimeSpan.MaxValue, _ => Assert.Fail("not in a thousand years"), null);
        _time.Advance(TimeSpan.FromDays(3650));
        wheel.Advance(Loop);
        Assert.True(timer.IsPending);
    }
}
