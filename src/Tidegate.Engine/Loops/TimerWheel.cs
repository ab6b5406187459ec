namespace Tidegate.Engine.Loops;

/// <summary>
/// The timers of one loop: a ring of slots, each a list of what is due at its tick or at a whole number of rounds later.
/// Arming and cancelling take constant time; a timer is never early, and late by one tick at most (plus the turn).
/// </summary>
internal sealed class TimerWheel
{
    /// <summary>The resolution, in milliseconds.</summary>
    internal const int TickMilliseconds = 10;

    private const int SlotCount = 1024;
    private readonly LoopTimer?[] _slots = new LoopTimer?[SlotCount];
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly double _millisecondsPerUnit;
    private long _tick;
    private long _quietUntil;
    private int _count;

    internal TimerWheel(TimeProvider time)
    {
        _time = time;
        _start = time.GetTimestamp();
        _millisecondsPerUnit = 1000.0 / time.TimestampFrequency;
    }

    /// <summary>Milliseconds since the wheel was made, as of the last <see cref="ReadClock"/>.</summary>
    internal long Now { get; private set; }

    internal int Count => _count;

    internal void ReadClock() => Now = (long)((_time.GetTimestamp() - _start) * _millisecondsPerUnit);

    internal LoopTimer Schedule(TimeSpan delay, Action<object?> action, object? state)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(delay, TimeSpan.Zero);
        ReadClock();
        if (_count == 0)
        {
            // An empty wheel is not advanced: it starts over at the present.
            _tick = Math.Max(_tick, Now / TickMilliseconds);
        }

        long due = Now + (long)Math.Ceiling(Math.Min(delay.TotalMilliseconds, 1e12));
        long dueTick = Math.Max(_tick + 1, (due + TickMilliseconds - 1) / TickMilliseconds);
        var timer = new LoopTimer { Action = action, State = state, Wheel = this, DueTick = dueTick, Slot = (int)(dueTick % SlotCount) };
        timer.NextInSlot = _slots[timer.Slot];
        if (timer.NextInSlot is { } next)
        {
            next.Previous = timer;
        }

        _slots[timer.Slot] = timer;
        _quietUntil = Math.Min(_quietUntil, dueTick - 1);
        _count++;
        return timer;
    }

    internal void Remove(LoopTimer timer)
    {
        if (timer.Slot < 0)
        {
            return;
        }

        if (timer.Previous is { } previous)
        {
            previous.NextInSlot = timer.NextInSlot;
        }
        else
        {
            _slots[timer.Slot] = timer.NextInSlot;
        }

        if (timer.NextInSlot is { } next)
        {
            next.Previous = timer.Previous;
        }

        timer.Previous = timer.NextInSlot = null;
        timer.Slot = -1;
        timer.Action = null;
        timer.State = null;
        _count--;
    }

    /// <summary>Milliseconds until something may be due: -1 where nothing is armed, never more than a tenth of a round.</summary>
    internal int NextTimeout()
    {
        if (_count == 0)
        {
            return -1;
        }

        long limit = _tick + (SlotCount / 10);
        // What was found quiet before need not be searched again on every turn.
        for (long tick = Math.Max(_tick, _quietUntil) + 1; tick <= limit; tick++)
        {
            for (LoopTimer? timer = _slots[tick % SlotCount]; timer is not null; timer = timer.NextInSlot)
            {
                if (timer.DueTick <= tick)
                {
                    return (int)Math.Max(0, (tick * TickMilliseconds) - Now);
                }
            }

            _quietUntil = tick;
        }

        return (int)Math.Max(0, ((Math.Max(_quietUntil, _tick) + 1) * TickMilliseconds) - Now);
    }

    /// <summary>Fires what is due.</summary>
    internal void Advance(EventLoop loop)
    {
        ReadClock();
        long target = Now / TickMilliseconds;
        if (_count == 0 || target <= _tick)
        {
            return;
        }

        // After a long stall one round visits every slot; what is due in it has a tick at or before the target.
        long first = Math.Max(_tick + 1, target - SlotCount + 1);
        for (long tick = first; tick <= target; tick++)
        {
            _tick = tick;
            LoopTimer? timer = _slots[tick % SlotCount];
            while (timer is not null)
            {
                if (timer.DueTick > target)
                {
                    timer = timer.NextInSlot;
                    continue;
                }

                (Action<object?> action, object? state) = (timer.Action!, timer.State);
                Remove(timer);
                loop.Invoke(action, state);
                // The action may have armed or cancelled anything in this slot: start over.
                timer = _slots[tick % SlotCount];
            }
        }
    }
}
