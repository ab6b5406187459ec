using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>Answers a ping.</summary>
/// <param name="SeqNo">The number of the ping.</param>
/// <param name="Payload">Bytes for the pinger's delegate, or nil.</param>
internal readonly record struct AckMessage(uint SeqNo, RawBytes Payload) : IMessage<AckMessage>
{
    public static MessageType Type => MessageType.Ack;

    public static bool TryRead(ref MessagePackReader reader, out AckMessage message)
    {
        uint seqNo = 0;
        RawBytes payload = RawBytes.Nil;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("SeqNo"u8))
            {
                seqNo = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("Payload"u8))
            {
                payload = reader.ReadBytes(WireLimits.Payload);
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new AckMessage(seqNo, payload);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = MessageFields.Begin(output, Type, fields: 2);
        writer.WriteRaw("Payload"u8);
        writer.WriteBytes(Payload);
        writer.WriteRaw("SeqNo"u8);
        writer.WriteUnsigned(SeqNo);
    }
}
