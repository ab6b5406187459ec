using Tidegate.Engine.Loops;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>
/// Knows whether the back-ends of a service can be reached: from the connections that clients need while there are any,
/// and from connections of its own otherwise. The pauses between those are 0, 1, 2, 4, … s, up to a maximum.
/// </summary>
internal sealed class BackEndWatch(EventLoop loop, TimeSpan maximumPause, Action<EventLoop, Action<bool>> probe, Action<bool> changed)
{
    private int _open;
    private TimeSpan _pause = TimeSpan.Zero;
    private bool _probing;
    private volatile bool _reachable = true;
    private volatile bool _stopped;

    internal bool IsReachable => _reachable;

    /// <summary>
    /// Connections that are open show that the back-end is there, as long as new ones succeed. When one has failed, only another can
    /// tell: those that are open may stay for days, and nobody new would be let in.
    /// </summary>
    private bool IsProbeNeeded => !_reachable || Volatile.Read(ref _open) == 0;

    internal void Start() => loop.Post(ScheduleProbe);

    internal void Stop() => _stopped = true;

    /// <summary>A connection was opened. Callable on any loop.</summary>
    internal void OnConnected()
    {
        Interlocked.Increment(ref _open);
        loop.Post(() => Set(true));
    }

    /// <summary>A connection ended. Callable on any loop.</summary>
    internal void OnDisconnected()
    {
        if (Interlocked.Decrement(ref _open) == 0)
        {
            loop.Post(ScheduleProbe);
        }
    }

    /// <summary>None of the back-ends could be reached. Callable on any loop.</summary>
    internal void OnConnectFailed() => loop.Post(() =>
    {
        Set(false);
        ScheduleProbe();
    });

    private void Set(bool reachable)
    {
        if (_reachable != reachable && !_stopped)
        {
            _pause = TimeSpan.Zero;
            _reachable = reachable;
            changed(reachable);
        }
    }

    private void ScheduleProbe()
    {
        if (_stopped || _probing || !IsProbeNeeded)
        {
            return;
        }

        _probing = true;
        loop.Schedule(_pause, _ =>
        {
            if (_stopped || !IsProbeNeeded)
            {
                _probing = false;
                return;
            }

            probe(loop, reached =>
            {
                _probing = false;
                _pause = NextPause();
                ScheduleProbe();
            });
        }, null);
    }

    private TimeSpan NextPause()
    {
        TimeSpan next = _pause == TimeSpan.Zero ? TimeSpan.FromSeconds(1) : _pause * 2;
        return next < maximumPause ? next : maximumPause;
    }
}
