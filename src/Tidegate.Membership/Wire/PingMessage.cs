using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>Asks for an ack with the same number.</summary>
/// <param name="SeqNo">The prober's number for this probe.</param>
/// <param name="Node">The name of the member meant; another that hears it is to be silent.</param>
/// <param name="Source">Where the ack is wanted.</param>
internal readonly record struct PingMessage(uint SeqNo, string Node, MessageSource Source) : IMessage<PingMessage>
{
    public static MessageType Type => MessageType.Ping;

    public static bool TryRead(ref MessagePackReader reader, out PingMessage message)
    {
        uint seqNo = 0;
        string node = "";
        MessageSource source = MessageSource.None;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("SeqNo"u8))
            {
                seqNo = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("Node"u8))
            {
                node = reader.ReadName();
            }
            else if (!MessageSource.TryReadField(key, ref reader, ref source))
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new PingMessage(seqNo, node, source);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = MessageFields.Begin(output, Type, 2 + Source.FieldCount);
        writer.WriteRaw("Node"u8);
        writer.WriteText(Node);
        writer.WriteRaw("SeqNo"u8);
        writer.WriteUnsigned(SeqNo);
        Source.Write(writer);
    }
}
