namespace Tidegate.Membership.Protocol;

/// <summary>
/// The protocol's time in milliseconds: the host's, less the time in which this process did not run. Whoever wakes late would
/// otherwise find that everybody has failed to answer, although the answers wait in the socket. After a stall, timers also
/// wait a moment, so that these answers are read before them.
/// </summary>
internal sealed class StallClock(bool enabled)
{
    /// <summary>A wake-up later than this is a stall.</summary>
    internal const int Tolerance = 20;

    /// <summary>How long after a stall no timer fires.</summary>
    internal const int Grace = 10;

    private long _host = MemberRecord.Never;
    private bool _waiting;

    internal long Now { get; private set; } = MemberRecord.Never;

    /// <summary>All time that was not counted.</summary>
    internal long Stalled { get; private set; }

    /// <summary>The protocol's time at the last stall. What was found out before it says little about what is so after it.</summary>
    internal long LastStall { get; private set; } = MemberRecord.Never;

    /// <summary>Takes note of the host's time. A host's clock that goes back stands still here.</summary>
    /// <param name="host">The host's time.</param>
    /// <param name="due">The protocol's time at which the next timer fires, <see cref="long.MaxValue"/> for none.</param>
    internal void Observe(long host, long due)
    {
        _host = Math.Max(_host, host);
        long now = _host - Stalled;
        if (enabled && due != long.MaxValue && now - due > Tolerance && Now >= 0)
        {
            // Only one moment of grace for one timer, or a process that is always late would never come to it.
            long resumed = _waiting ? due : due - Grace;
            _waiting = !_waiting;
            resumed = Math.Max(Now, resumed);
            Stalled += now - resumed;
            now = resumed;
            LastStall = now;
        }
        else if (now >= due)
        {
            _waiting = false;
        }

        Now = Math.Max(Now, now);
    }

    /// <summary>The host's time at that time of the protocol.</summary>
    internal long ToHost(long time) => time == long.MaxValue ? time : time + Stalled;
}
