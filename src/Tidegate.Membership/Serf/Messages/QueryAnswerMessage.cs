using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>One member's ack of a query, or its answer.</summary>
/// <param name="Time">The query's time.</param>
/// <param name="Id">The query's number.</param>
/// <param name="From">The member that answers.</param>
/// <param name="Flags">1 where this is the ack.</param>
/// <param name="Payload">What it answers.</param>
internal readonly record struct QueryAnswerMessage(ulong Time, uint Id, string From, uint Flags, RawBytes Payload) : ISerfMessage<QueryAnswerMessage>
{
    internal const uint AckFlag = 1;

    internal bool IsAck => (Flags & AckFlag) != 0;

    public static SerfMessageType Type => SerfMessageType.QueryAnswer;

    public static bool TryRead(ref MessagePackReader reader, out QueryAnswerMessage message)
    {
        ulong time = 0;
        uint id = 0;
        string from = "";
        uint flags = 0;
        RawBytes payload = RawBytes.Nil;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("LTime"u8))
            {
                time = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("ID"u8))
            {
                id = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("From"u8))
            {
                from = reader.ReadName();
            }
            else if (key.SequenceEqual("Flags"u8))
            {
                flags = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("Payload"u8))
            {
                payload = reader.ReadBytes(SerfLimits.Message);
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new QueryAnswerMessage(time, id, from, flags, payload);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = SerfFields.Begin(output, Type, fields: 5);
        writer.WriteRaw("Flags"u8);
        writer.WriteUnsigned(Flags);
        writer.WriteRaw("From"u8);
        writer.WriteText(From);
        writer.WriteRaw("ID"u8);
        writer.WriteUnsigned(Id);
        writer.WriteRaw("LTime"u8);
        writer.WriteUnsigned(Time);
        writer.WriteRaw("Payload"u8);
        writer.WriteBytes(Payload);
    }
}
