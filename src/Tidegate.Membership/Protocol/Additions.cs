namespace Tidegate.Membership.Protocol;

/// <summary>
/// What Tidegate adds to the protocol (specification, section 5). All are on; tests and the simulator switch one off to show
/// what it is there for.
/// </summary>
[Flags]
internal enum Additions
{
    None = 0,

    /// <summary>A refused stream ping and nacks from all helpers make a member dead at once.</summary>
    Refused = 1,

    /// <summary>Nobody is buried before one's own attempt to reach it has failed.</summary>
    Verify = 2,

    /// <summary>A member that reaches few others keeps its verdicts to itself.</summary>
    Isolation = 4,

    /// <summary>Time in which this process did not run does not age what it waits for.</summary>
    StallClock = 8,

    /// <summary>The answer to a push/pull already contains what the request brought.</summary>
    MergeFirst = 16,

    /// <summary>Seeds and failed members are tried again every second.</summary>
    Reconnect = 32,

    /// <summary>A member that goes up and down is reported up later each time.</summary>
    FlapDamping = 64,

    /// <summary>Recorded messages do not bring back who is gone; incarnations begin at the time of day.</summary>
    Replay = 128,

    /// <summary>Who is only heard of is asked before it is believed to be there.</summary>
    Introduction = 256,

    All = 511,
}
