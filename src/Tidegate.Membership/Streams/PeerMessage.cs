using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Streams;

/// <summary>One message of a stream.</summary>
internal abstract record PeerMessage;

/// <summary>What one side of a push/pull sends.</summary>
/// <param name="Join">True where the dialling side joins; the answer repeats it.</param>
/// <param name="Nodes">Every member the sender knows.</param>
/// <param name="UserState">Bytes of the layer above.</param>
internal sealed record PushPullState(bool Join, IReadOnlyList<PushPullNode> Nodes, ReadOnlyMemory<byte> UserState) : PeerMessage;

/// <summary>A ping over TCP.</summary>
internal sealed record StreamPing(PingMessage Ping) : PeerMessage;

/// <summary>The answer to a ping over TCP.</summary>
internal sealed record StreamAck(AckMessage Ack) : PeerMessage;

/// <summary>A message for the layer above.</summary>
internal sealed record StreamUser(ReadOnlyMemory<byte> Body) : PeerMessage;

/// <summary>An error instead of an answer.</summary>
internal sealed record StreamError(string Error) : PeerMessage;
