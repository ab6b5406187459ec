using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>What happened to a member, as users of the library see it.</summary>
internal enum MemberChange
{
    /// <summary>It is there, for the first time or again.</summary>
    Up,

    /// <summary>Its metadata, versions, address or incarnation are new.</summary>
    Updated,

    /// <summary>It does not answer somebody. It is still up, and often is heard of again at once, as <see cref="Updated"/>.</summary>
    Suspected,

    /// <summary>It failed.</summary>
    Down,

    /// <summary>It left by its own word.</summary>
    Left,

    /// <summary>It has been gone for so long that it is forgotten.</summary>
    Forgotten,
}

/// <summary>
/// What the protocol needs from whoever runs it. It is called on the thread that called <see cref="ProtocolCore"/>. From within
/// <see cref="OnMemberChanged"/>, <see cref="OnUserMessage"/>, <see cref="MergeUserState"/> and the ends of broadcasts it may call
/// back to broadcast, to send a user message, to change the metadata, to forget a member, to ask for a push/pull and to leave;
/// from within the others it may not call back.
/// </summary>
internal interface IProtocolHost
{
    /// <summary>Sends encoded messages in one packet, a compound if there are several. The arrays are not changed afterwards.</summary>
    /// <param name="to">The receiver.</param>
    /// <param name="messages">One or more messages, each with its type byte.</param>
    /// <param name="checksum">True where the receiver is known to understand CRC.</param>
    void SendPacket(in MemberAddress to, byte[][] messages, bool checksum);

    /// <summary>
    /// Starts a push/pull. Once connected the host asks <see cref="ProtocolCore.LocalState"/> for what to send, and tells the
    /// end with <see cref="ProtocolCore.OnPushPullAnswer"/> or <see cref="ProtocolCore.OnPushPullFailed"/>, always, and later.
    /// </summary>
    void StartPushPull(int exchange, in MemberAddress to, bool join);

    /// <summary>
    /// Starts a ping over a stream, bounded by <paramref name="timeout"/> milliseconds, and tells its end with
    /// <see cref="ProtocolCore.OnStreamPing"/>, always, and later.
    /// </summary>
    void StartStreamPing(uint seqNo, in MemberAddress to, string node, int timeout);

    /// <summary>Something that users of the library want to know. Never about this member itself.</summary>
    void OnMemberChanged(MemberRecord member, MemberChange change);

    /// <summary>This member reaches few others, or reaches them again. What it says of others is then its own opinion only.</summary>
    void OnIsolationChanged(bool isolated);

    /// <summary>A name is claimed at two addresses. Serf's vote is asked where it is our own.</summary>
    void OnNameConflict(MemberRecord holder, in MemberAddress claimant);

    /// <summary>A push/pull was refused by the other side or by us; the text says why and names both sides.</summary>
    void OnPushPullRefused(string reason);

    /// <summary>Leaving is announced: as often as the rules want, or not in time, or there was nobody to tell.</summary>
    void OnLeaveAnnounced(LeaveOutcome outcome);

    /// <summary>Why this member may not take part, for instance the name of another cluster; null where it may.</summary>
    string? Refuse(string name, in MemberAddress address, RawBytes meta);

    /// <summary>True where the metadata are a gateway's: it helps first, and gets registry messages and digests.</summary>
    bool IsGateway(RawBytes meta);

    /// <summary>Bytes for an ack to a gateway; nil for none.</summary>
    RawBytes AckPayload();

    /// <summary>What a gateway's ack carried. Never called for Serf agents.</summary>
    void OnAckPayload(MemberRecord from, ReadOnlySpan<byte> payload);

    /// <summary>A user message without its type byte.</summary>
    void OnUserMessage(in MemberAddress from, ReadOnlySpan<byte> message);

    /// <summary>The layer above's part of a push/pull.</summary>
    ReadOnlyMemory<byte> UserState(bool join);

    /// <summary>The other side's part.</summary>
    void MergeUserState(ReadOnlyMemory<byte> state, bool join);
}

/// <summary>How the announcement of leaving went.</summary>
internal enum LeaveOutcome
{
    Announced,
    TimedOut,
    Alone,
}

/// <summary>How a ping over a stream ended.</summary>
internal enum StreamPingResult
{
    Answered,

    /// <summary>The host is there and nothing listens on the port.</summary>
    Refused,

    /// <summary>Not in time, or broken.</summary>
    Failed,
}
