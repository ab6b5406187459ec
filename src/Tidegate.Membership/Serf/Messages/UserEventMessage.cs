using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>An event that someone has fired for all members.</summary>
/// <param name="Time">By the clock of events.</param>
/// <param name="Name">What kind of event it is.</param>
/// <param name="Payload">What the event says; nobody on the way looks into it.</param>
/// <param name="Coalesce">True where a newer event of this name makes an older one superfluous.</param>
internal readonly record struct UserEventMessage(ulong Time, string Name, RawBytes Payload, bool Coalesce) : ISerfMessage<UserEventMessage>
{
    public static SerfMessageType Type => SerfMessageType.UserEvent;

    public static bool TryRead(ref MessagePackReader reader, out UserEventMessage message)
    {
        ulong time = 0;
        string name = "";
        RawBytes payload = RawBytes.Nil;
        bool coalesce = false;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("LTime"u8))
            {
                time = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("Name"u8))
            {
                name = reader.ReadText(SerfLimits.Message);
            }
            else if (key.SequenceEqual("Payload"u8))
            {
                payload = reader.ReadBytes(SerfLimits.Message);
            }
            else if (key.SequenceEqual("CC"u8))
            {
                coalesce = reader.ReadBoolean();
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new UserEventMessage(time, name, payload, coalesce);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = SerfFields.Begin(output, Type, fields: 4);
        writer.WriteRaw("CC"u8);
        writer.WriteBoolean(Coalesce);
        writer.WriteRaw("LTime"u8);
        writer.WriteUnsigned(Time);
        writer.WriteRaw("Name"u8);
        writer.WriteText(Name);
        writer.WriteRaw("Payload"u8);
        writer.WriteBytes(Payload);
    }
}
