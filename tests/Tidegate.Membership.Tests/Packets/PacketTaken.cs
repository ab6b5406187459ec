using Tidegate.Membership.Packets;
using Tidegate.Membership.Security;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Packets;

/// <summary>Keeps what a packet held, in its order: messages with their type bytes, and refusals.</summary>
internal sealed class PacketTaken : IPacketVisitor
{
    internal List<byte[]> Messages { get; } = [];

    internal List<PacketRefusal> Refusals { get; } = [];

    public void OnMessage(MessageType type, ReadOnlySpan<byte> body) => Messages.Add([(byte)type, .. body]);

    public void OnRefused(PacketRefusal reason) => Refusals.Add(reason);

    internal static PacketTaken From(byte[] packet, Envelope? envelope = null)
    {
        PacketTaken taken = new();
        new PacketReader(envelope ?? Envelope.Plain).Read(packet, ref taken);
        return taken;
    }
}
