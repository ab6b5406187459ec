using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>A member's own record, as it tells it and as others repeat it.</summary>
/// <param name="Incarnation">The member's count of its own records; higher is newer, and the first is 1 or more.</param>
/// <param name="Node">The member's name.</param>
/// <param name="Address">4 or 16 bytes, exactly as the member gave them.</param>
/// <param name="Port">The port for packets and streams.</param>
/// <param name="Meta">At most 512 bytes that the layer above explains.</param>
/// <param name="Versions">Protocol min, max, current, then the delegate's; 6 bytes, or none.</param>
internal readonly record struct AliveMessage(uint Incarnation, string Node, RawBytes Address, ushort Port, RawBytes Meta, RawBytes Versions) : IMessage<AliveMessage>
{
    public static MessageType Type => MessageType.Alive;

    public static bool TryRead(ref MessagePackReader reader, out AliveMessage message)
    {
        uint incarnation = 0;
        string node = "";
        RawBytes address = RawBytes.Nil;
        ushort port = 0;
        RawBytes meta = RawBytes.Nil;
        RawBytes versions = RawBytes.Nil;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Incarnation"u8))
            {
                incarnation = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("Node"u8))
            {
                node = reader.ReadName();
            }
            else if (key.SequenceEqual("Addr"u8))
            {
                address = reader.ReadAddress();
            }
            else if (key.SequenceEqual("Port"u8))
            {
                port = reader.ReadUInt16();
            }
            else if (key.SequenceEqual("Meta"u8))
            {
                meta = reader.ReadBytes(WireLimits.Meta);
            }
            else if (key.SequenceEqual("Vsn"u8))
            {
                versions = reader.ReadVersions();
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new AliveMessage(incarnation, node, address, port, meta, versions);
        return !reader.Failed;
    }

    /// <exception cref="InvalidOperationException">The metadata or the versions have a length that peers do not survive (annex A2).</exception>
    public void Write(IBufferWriter<byte> output)
    {
        ThrowIfPeersWouldRefuse();
        MessagePackWriter writer = MessageFields.Begin(output, Type, fields: 6);
        writer.WriteRaw("Addr"u8);
        writer.WriteBytes(Address);
        writer.WriteRaw("Incarnation"u8);
        writer.WriteUnsigned(Incarnation);
        writer.WriteRaw("Meta"u8);
        writer.WriteBytes(Meta);
        writer.WriteRaw("Node"u8);
        writer.WriteText(Node);
        writer.WriteRaw("Port"u8);
        writer.WriteUnsigned(Port);
        writer.WriteRaw("Vsn"u8);
        writer.WriteBytes(Versions);
    }

    private void ThrowIfPeersWouldRefuse()
    {
        if (Meta.Length > WireLimits.Meta || Versions.Length is not (0 or WireLimits.Versions))
        {
            throw new InvalidOperationException(
                $"An alive message may have {WireLimits.Meta} bytes of metadata and 0 or {WireLimits.Versions} of versions, not {Meta.Length} and {Versions.Length}.");
        }
    }
}
