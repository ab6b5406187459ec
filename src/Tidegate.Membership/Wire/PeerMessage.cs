namespace Tidegate.Membership.Wire;

/// <summary>One message of a stream.</summary>
internal abstract record PeerMessage;

/// <summary>A ping over TCP.</summary>
internal sealed record StreamPing(PingMessage Ping) : PeerMessage;

/// <summary>The answer to a ping over TCP.</summary>
internal sealed record StreamAck(AckMessage Ack) : PeerMessage;

/// <summary>A message for the layer above.</summary>
internal sealed record StreamUser(ReadOnlyMemory<byte> Body) : PeerMessage;

/// <summary>An error instead of an answer.</summary>
internal sealed record StreamError(string Error) : PeerMessage;
