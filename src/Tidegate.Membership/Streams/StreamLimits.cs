namespace Tidegate.Membership.Streams;

/// <summary>Bounds on streams (specification, section 7). In bytes where nothing else is said.</summary>
internal static class StreamLimits
{
    /// <summary>One message as it travels, compressed and sealed or not.</summary>
    internal const int Message = 20 << 20;

    /// <summary>What a compressed message may become.</summary>
    internal const int Inflated = 2 * Message;

    /// <summary>One header or entry, unknown fields included. The largest entry known has about 1,200 bytes.</summary>
    internal const int Item = 16 << 10;

    /// <summary>Push/pulls that others have begun, at a time.</summary>
    internal const int PushPulls = 128;

    /// <summary>Streams that others have opened, of any kind, those that have said nothing included.</summary>
    internal const int Streams = 256;

    /// <summary>
    /// What all streams together may hold in memory. Without it, what <see cref="PushPulls"/> allows times what
    /// <see cref="Message"/> allows would be more than most machines have.
    /// </summary>
    internal const long Held = 256L << 20;

    /// <summary>What an entry is reckoned to take in memory besides its bytes.</summary>
    internal const int EntryCost = 256;

    /// <summary>What is read and thrown away after an error was sent, so that the other side can read it.</summary>
    internal const int Drained = 256 << 10;

    /// <summary>How long a whole stream may take, on each side (annex A3).</summary>
    internal static TimeSpan Deadline { get; } = TimeSpan.FromSeconds(10);
}
