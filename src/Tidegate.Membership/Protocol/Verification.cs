namespace Tidegate.Membership.Protocol;

/// <summary>Why a member is tried once more.</summary>
internal enum VerifyReason
{
    /// <summary>Its suspicion is about to expire.</summary>
    Expiry,

    /// <summary>Another says that it is dead.</summary>
    Hearsay,

    /// <summary>Another holds it for dead in its state.</summary>
    State,
}

/// <summary>One's own attempt to reach a member before it is believed to be gone.</summary>
internal sealed class Verification(VerifyReason reason, uint incarnation, string from, long start)
{
    internal VerifyReason Reason { get; } = reason;

    internal uint Incarnation { get; } = incarnation;

    internal string From { get; } = from;

    internal long Start { get; } = start;

    /// <summary>The message that said it, which is taken back if the member answers.</summary>
    internal byte[]? Message { get; init; }
}
