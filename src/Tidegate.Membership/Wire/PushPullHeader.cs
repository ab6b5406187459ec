using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>What a push/pull begins with. The nodes follow, then the user state.</summary>
/// <param name="Nodes">How many entries follow; at most <see cref="WireLimits.Nodes"/>.</param>
/// <param name="UserStateLength">Bytes of user state after them; at most <see cref="WireLimits.UserState"/>.</param>
/// <param name="Join">True where the dialling side joins.</param>
internal readonly record struct PushPullHeader(int Nodes, int UserStateLength, bool Join) : IMessage<PushPullHeader>
{
    public static MessageType Type => MessageType.PushPull;

    public static bool TryRead(ref MessagePackReader reader, out PushPullHeader message)
    {
        int nodes = 0;
        int length = 0;
        bool join = false;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Nodes"u8))
            {
                nodes = reader.ReadCount(WireLimits.Nodes);
            }
            else if (key.SequenceEqual("UserStateLen"u8))
            {
                length = reader.ReadCount(WireLimits.UserState);
            }
            else if (key.SequenceEqual("Join"u8))
            {
                join = reader.ReadBoolean();
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new PushPullHeader(nodes, length, join);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = MessageFields.Begin(output, Type, fields: 3);
        writer.WriteRaw("Join"u8);
        writer.WriteBoolean(Join);
        writer.WriteRaw("Nodes"u8);
        writer.WriteSigned(Nodes);
        writer.WriteRaw("UserStateLen"u8);
        writer.WriteSigned(UserStateLength);
    }
}
