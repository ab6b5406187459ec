using Tidegate.Membership.Transport;

namespace Tidegate.Membership.Hosting;

/// <summary>The thread that receives packets does what is due, too.</summary>
internal sealed partial class MemberEngine : ILoopTimers
{
    /// <summary>How often timers give way to packets that wait, each time by a millisecond.</summary>
    private const int PacketsFirst = 20;

    /// <summary>
    /// Until when the receiving thread sleeps where no packet wakes it; <see cref="long.MinValue"/> while it is awake, since it will look
    /// before it sleeps again, and <see cref="long.MaxValue"/> where the time is not the system's.
    /// </summary>
    private long _loopWakes = long.MaxValue;

    int ILoopTimers.Sleep()
    {
        if (_time != TimeProvider.System)
        {
            return int.MaxValue;
        }

        lock (_gate)
        {
            if (!_running)
            {
                return int.MaxValue;
            }

            long due = Math.Min(_core.NextCall, _serfDue);
            Volatile.Write(ref _loopWakes, due);
            return (int)Math.Clamp(due - Now, int.MinValue, int.MaxValue);
        }
    }

    void ILoopTimers.Wake()
    {
        if (_time == TimeProvider.System)
        {
            Volatile.Write(ref _loopWakes, long.MinValue);
        }
    }

    void ILoopTimers.Fire()
    {
        lock (_gate)
        {
            Guarded(_doWhatIsDue);
        }
    }

    private void Arm(long due)
    {
        _armed = due;
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(due - Now, 0, 60_000)), Timeout.InfiniteTimeSpan);
    }

    private void OnTimer()
    {
        // Packets that wait are older than the timers: an answer among them must be read before its time-out fires.
        bool waiting = _transport.HasQueuedPackets;
        lock (_gate)
        {
            if (!_running)
            {
                return;
            }

            _armed = long.MaxValue;
            if (waiting && _givenWay < PacketsFirst)
            {
                _givenWay++;
                Arm(Now + 1);
                return;
            }

            _givenWay = 0;
            Guarded(_doWhatIsDue);
        }
    }

    private void DoWhatIsDue()
    {
        long now = Now;
        if (_serf is not null && now >= _serfDue)
        {
            _serfLast = now;
            _serfDue = long.MaxValue;
            _serf.Tick();
        }

        _core.Advance(now);
    }
}
