using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>The order in which queued broadcasts of this layer are sent; all of it comes after membership (annex A6).</summary>
internal enum SerfTier
{
    Intents,
    Queries,
    Events,

    /// <summary>The registry's, to members tagged as gateways only: an agent would log a warning for each.</summary>
    Records,
}

/// <summary>
/// What Serf's layer needs of whoever runs it. All calls come from inside a call of the layer, so on the thread that the host
/// called it on; the host may call the layer again from within them only where it says so.
/// </summary>
internal interface ISerfHost
{
    /// <summary>Milliseconds on a clock that never goes back.</summary>
    long Now { get; }

    Random Random { get; }

    /// <summary>Everyone that the core has an entry for, oneself included.</summary>
    IReadOnlyCollection<SerfPeer> Peers { get; }

    /// <summary>The entry of that name, or null.</summary>
    SerfPeer? Find(string name);

    /// <summary>Gossips a message.</summary>
    /// <param name="tier">Earlier tiers go first.</param>
    /// <param name="about">A newer message of this tier about the same replaces this one; null where none does.</param>
    /// <param name="message">
    /// The message without the byte <c>08</c> in front, which the host adds. One that does not fit a packet must be dropped, or it would wait for ever.
    /// </param>
    /// <param name="sent">Called once, when the message has been sent as often as broadcasts are, or when it is dropped.</param>
    void QueueBroadcast(SerfTier tier, string? about, byte[] message, Action? sent);

    /// <summary>Sends a user message straight to an address, without the byte <c>08</c> in front, which the host adds.</summary>
    /// <param name="to">The address, which may be a stranger's.</param>
    /// <param name="message">Valid for the call.</param>
    /// <param name="stream">True where it goes by stream, because a packet could not hold it.</param>
    void SendUserMessage(MemberAddress to, ReadOnlySpan<byte> message, bool stream);

    /// <summary>Changes one's own metadata: an alive message with the incarnation raised by one.</summary>
    void SetMeta(RawBytes meta);

    /// <summary>The member was pruned: the core drops its entry too, where the member is down.</summary>
    void Forget(string name);

    /// <summary>The registry differs from that member's: do a push/pull with it soon.</summary>
    void RequestPushPull(string name);

    /// <summary>A member's status or tags changed. <see cref="SerfStatus.None"/> stands for a member that was not known, or is not any more.</summary>
    void StatusChanged(SerfMember member, SerfStatus before);

    /// <summary>A user event, each once. May fire events and ask queries.</summary>
    void EventReceived(SerfEvent received);

    /// <summary>A query that this layer does not answer itself, each once. May answer at once or later, and may ask queries.</summary>
    void QueryReceived(IncomingQuery query);

    /// <summary>This process must stop being a member; the message says why, for its log.</summary>
    void Stop(string message);

    /// <summary>Something that operators should know and that is nobody's fault here. The host limits how often it is logged.</summary>
    void Warn(string message);
}
