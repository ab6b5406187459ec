namespace Tidegate.Membership;

/// <summary>How leaving went.</summary>
public enum LeaveResult
{
    /// <summary>The others have been told as often as makes sure of it.</summary>
    Announced,

    /// <summary>Nobody else was there.</summary>
    Alone,

    /// <summary>The time for it was over; some may take this member for failed.</summary>
    TimedOut,
}
