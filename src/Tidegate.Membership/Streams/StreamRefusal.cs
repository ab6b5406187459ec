using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Streams;

/// <summary>Why a stream was ended before its purpose was reached. Each is counted, and logged at most once a second.</summary>
internal enum StreamRefusal : byte
{
    None,

    /// <summary>Ended before the first byte. Not worth a line in the log.</summary>
    Closed,

    /// <summary>Ended inside a message.</summary>
    CutOff,

    /// <summary>Reset, or another failure of the connection.</summary>
    Broken,

    /// <summary>Not done within <see cref="StreamLimits.Deadline"/>.</summary>
    TimedOut,

    WrongLabel,

    /// <summary>Plain, where encryption is on.</summary>
    NotSealed,

    /// <summary>Sealed, where there is no key.</summary>
    SealedWithoutKey,

    NoKeyOpens,

    BadPadding,

    /// <summary>More than <see cref="StreamLimits.Message"/>, or an item of more than <see cref="StreamLimits.Item"/>.</summary>
    TooLarge,

    BadCompression,

    /// <summary>More than <see cref="StreamLimits.Inflated"/>.</summary>
    InflatesTooMuch,

    /// <summary>A message that cannot be read.</summary>
    Unreadable,

    /// <summary>More than <see cref="WireLimits.Depth"/> containers inside each other.</summary>
    TooDeep,

    /// <summary>A type that is unknown, or not expected here.</summary>
    UnknownType,

    /// <summary>A ping for another name, or an ack with another number.</summary>
    OtherMember,

    /// <summary><see cref="StreamLimits.Streams"/> are open.</summary>
    TooManyStreams,

    /// <summary><see cref="StreamLimits.PushPulls"/> are under way.</summary>
    TooManyPushPulls,

    /// <summary>All streams together would hold more than <see cref="StreamLimits.Held"/>.</summary>
    TooMuchHeld,

    /// <summary>The other side answered with an error.</summary>
    RemoteError,

    /// <summary>The protocol here refused the other side's state, and said so to it.</summary>
    Declined,
}

/// <summary>The reasons in words.</summary>
internal static class StreamRefusals
{
    /// <summary>True where the other side is told by an error message (annex A3); in all other cases the stream just ends.</summary>
    internal static bool IsAnswered(StreamRefusal refusal) => refusal is StreamRefusal.NotSealed or StreamRefusal.SealedWithoutKey
        or StreamRefusal.NoKeyOpens or StreamRefusal.BadPadding or StreamRefusal.TooLarge or StreamRefusal.BadCompression
        or StreamRefusal.InflatesTooMuch or StreamRefusal.Unreadable or StreamRefusal.TooDeep or StreamRefusal.TooManyPushPulls or StreamRefusal.TooMuchHeld;

    internal static string Describe(StreamRefusal refusal) => refusal switch
    {
        StreamRefusal.Closed => "it was closed before it said anything",
        StreamRefusal.CutOff => "it ended inside a message",
        StreamRefusal.Broken => "the connection broke",
        StreamRefusal.TimedOut => "it was not done in time",
        StreamRefusal.WrongLabel => "its label is not this cluster's; all members must have the same label",
        StreamRefusal.NotSealed => "it is not encrypted, and this cluster is; give the sender the key",
        StreamRefusal.SealedWithoutKey => "it is encrypted, and this member has no key; give it the cluster's",
        StreamRefusal.NoKeyOpens => "none of the keys opens it; give the sender one of them, or install its key here",
        StreamRefusal.BadPadding => "its padding is wrong",
        StreamRefusal.TooLarge => $"it is larger than {StreamLimits.Message >> 20} MiB, or one entry than {StreamLimits.Item >> 10} KiB",
        StreamRefusal.BadCompression => "what it has compressed cannot be read",
        StreamRefusal.InflatesTooMuch => $"what it has compressed is more than {StreamLimits.Inflated >> 20} MiB",
        StreamRefusal.Unreadable => "it cannot be read",
        StreamRefusal.TooDeep => $"it has more than {WireLimits.Depth} maps and lists inside each other",
        StreamRefusal.UnknownType => "it is of a type that is not expected here",
        StreamRefusal.OtherMember => "it is meant for another member",
        StreamRefusal.TooManyStreams => $"{StreamLimits.Streams} streams are open, which is the most",
        StreamRefusal.TooManyPushPulls => $"{StreamLimits.PushPulls} push/pulls are under way, which is the most",
        StreamRefusal.TooMuchHeld => $"all streams together would hold more than {StreamLimits.Held >> 20} MiB",
        StreamRefusal.RemoteError => "the other side answered with an error",
        StreamRefusal.Declined => "its state was not accepted",
        _ => "of no known reason",
    };
}
