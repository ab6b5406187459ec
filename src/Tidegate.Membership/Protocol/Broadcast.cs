namespace Tidegate.Membership.Protocol;

/// <summary>What goes into a packet first.</summary>
internal enum BroadcastTier
{
    Membership,
    SerfIntent,
    SerfQuery,
    SerfEvent,
    Registry,
}

/// <summary>How a message's time in the gossip queue ended.</summary>
internal enum BroadcastEnd
{
    /// <summary>It was sent as often as the rules want.</summary>
    Sent,

    /// <summary>A newer one took its place.</summary>
    Replaced,

    /// <summary>The queue was full.</summary>
    Dropped,
}

/// <summary>A message on its way to everyone.</summary>
/// <param name="key">What it is about: a newer message about the same replaces it. Null where it replaces nothing.</param>
/// <param name="message">The message with its type byte.</param>
/// <param name="order">Higher is newer.</param>
/// <param name="ended">Told how it ended, or null.</param>
/// <param name="extra">How many times more than the queue's limit it is sent.</param>
internal sealed class Broadcast(string? key, byte[] message, long order, Action<BroadcastEnd>? ended, int extra)
{
    internal string? Key { get; } = key;

    internal byte[] Message { get; } = message;

    internal long Order { get; } = order;

    internal Action<BroadcastEnd>? Ended { get; } = ended;

    internal int Extra { get; } = extra;

    internal int Transmits { get; set; }
}
