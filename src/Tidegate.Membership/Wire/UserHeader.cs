using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>What stands in front of a user message on a stream. In packets a user message has no header.</summary>
/// <param name="Length">Bytes that follow; at most <see cref="WireLimits.UserState"/>.</param>
internal readonly record struct UserHeader(int Length) : IMessage<UserHeader>
{
    public static MessageType Type => MessageType.User;

    public static bool TryRead(ref MessagePackReader reader, out UserHeader message)
    {
        int length = 0;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("UserMsgLen"u8))
            {
                length = reader.ReadCount(WireLimits.UserState);
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new UserHeader(length);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = MessageFields.Begin(output, Type, fields: 1);
        writer.WriteRaw("UserMsgLen"u8);
        writer.WriteSigned(Length);
    }
}
