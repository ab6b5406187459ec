using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>Asks a helper to ping a member that did not answer.</summary>
/// <param name="SeqNo">The asker's number: the helper's ack or nack carries it.</param>
/// <param name="Target">The address to ping, 4 or 16 bytes.</param>
/// <param name="Port">The port to ping; 0 is the helper's own.</param>
/// <param name="Node">The name of the member to ping.</param>
/// <param name="Nack">True where the helper is to send a nack if it gets no answer.</param>
/// <param name="Source">Where the answer is wanted.</param>
internal readonly record struct IndirectPingMessage(uint SeqNo, RawBytes Target, ushort Port, string Node, bool Nack, MessageSource Source) : IMessage<IndirectPingMessage>
{
    public static MessageType Type => MessageType.IndirectPing;

    public static bool TryRead(ref MessagePackReader reader, out IndirectPingMessage message)
    {
        uint seqNo = 0;
        RawBytes target = RawBytes.Nil;
        ushort port = 0;
        string node = "";
        bool nack = false;
        MessageSource source = MessageSource.None;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("SeqNo"u8))
            {
                seqNo = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("Target"u8))
            {
                target = reader.ReadAddress();
            }
            else if (key.SequenceEqual("Port"u8))
            {
                port = reader.ReadUInt16();
            }
            else if (key.SequenceEqual("Node"u8))
            {
                node = reader.ReadName();
            }
            else if (key.SequenceEqual("Nack"u8))
            {
                nack = reader.ReadBoolean();
            }
            else if (!MessageSource.TryReadField(key, ref reader, ref source))
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new IndirectPingMessage(seqNo, target, port, node, nack, source);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = MessageFields.Begin(output, Type, 5 + Source.FieldCount);
        writer.WriteRaw("Nack"u8);
        writer.WriteBoolean(Nack);
        writer.WriteRaw("Node"u8);
        writer.WriteText(Node);
        writer.WriteRaw("Port"u8);
        writer.WriteUnsigned(Port);
        writer.WriteRaw("SeqNo"u8);
        writer.WriteUnsigned(SeqNo);
        Source.Write(writer);
        writer.WriteRaw("Target"u8);
        writer.WriteBytes(Target);
    }
}
