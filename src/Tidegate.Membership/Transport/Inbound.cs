using Microsoft.Extensions.Logging;
using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Transport;

/// <summary>Is handed the messages of packets. Must not throw for anything that a peer sends.</summary>
internal interface IMessageHandler
{
    /// <summary>A message that is not read yet, without its type byte; valid during the call. One at a time, in their order.</summary>
    void OnMessage(MessageType type, ReadOnlySpan<byte> body, MemberAddress from);
}

/// <summary>
/// What arrives at a <see cref="MemberTransport"/>, taken apart: messages go to their handler, streams to a
/// <see cref="StreamServer"/>, and what is refused is counted and logged.
/// </summary>
internal sealed class Inbound : ITransportHandler, IPacketVisitor
{
    private readonly PacketReader _reader;
    private readonly IMessageHandler _handler;
    private readonly StreamServer _streams;
    private MemberAddress _from;

    internal Inbound(Envelope envelope, IMessageHandler handler, StreamServer streams, ILogger logger, TimeProvider time)
    {
        _reader = new PacketReader(envelope);
        _handler = handler;
        _streams = streams;
        Refusals = new RefusalLog<PacketRefusal>(logger, time, "a packet", PacketRefusals.Describe);
    }

    /// <summary>
    /// What was refused, by its reason. Who reads messages adds <see cref="PacketRefusal.Unreadable"/>, and who knows names
    /// <see cref="PacketRefusal.OtherCluster"/>.
    /// </summary>
    internal RefusalLog<PacketRefusal> Refusals { get; }

    public void OnPacket(ReadOnlySpan<byte> packet, MemberAddress from)
    {
        _from = from;
        Inbound self = this;
        _reader.Read(packet, ref self);
    }

    public Task OnStreamAsync(MemberStream stream, MemberAddress from, CancellationToken cancellationToken) =>
        _streams.ServeAsync(stream, from, cancellationToken);

    public void OnMessage(MessageType type, ReadOnlySpan<byte> body) => _handler.OnMessage(type, body, _from);

    public void OnRefused(PacketRefusal reason) => Refusals.Note(reason, _from);
}
