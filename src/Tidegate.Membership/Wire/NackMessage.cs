using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>A helper's word that it is there, but that the member it was asked to ping has not answered.</summary>
/// <param name="SeqNo">The number of the indirect ping.</param>
internal readonly record struct NackMessage(uint SeqNo) : IMessage<NackMessage>
{
    public static MessageType Type => MessageType.Nack;

    public static bool TryRead(ref MessagePackReader reader, out NackMessage message)
    {
        uint seqNo = 0;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("SeqNo"u8))
            {
                seqNo = reader.ReadUInt32();
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new NackMessage(seqNo);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = MessageFields.Begin(output, Type, fields: 1);
        writer.WriteRaw("SeqNo"u8);
        writer.WriteUnsigned(SeqNo);
    }
}
