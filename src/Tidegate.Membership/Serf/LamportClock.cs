namespace Tidegate.Membership.Serf;

/// <summary>A clock that counts what is known to have happened (annex A6). At its end it stands still and does not turn over.</summary>
internal sealed class LamportClock
{
    /// <summary>The time that the next thing gets.</summary>
    internal ulong Time { get; private set; } = 1;

    /// <summary>Takes the time for something that happens now.</summary>
    internal ulong Take()
    {
        ulong time = Time;
        Witness(time);
        return time;
    }

    /// <summary>Something happened at that time, so what comes next is later.</summary>
    internal void Witness(ulong time)
    {
        if (time >= Time)
        {
            Time = time == ulong.MaxValue ? time : time + 1;
        }
    }

    /// <summary>Sets the clock to one that a push/pull brought. 0 is a clock that was not given.</summary>
    internal void WitnessClock(ulong clock)
    {
        if (clock > 0)
        {
            Witness(clock - 1);
        }
    }
}
