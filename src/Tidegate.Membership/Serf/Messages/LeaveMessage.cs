using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>The intent that a member leaves: its own word, or that of someone who declares a failed member gone for good.</summary>
/// <param name="Time">By the clock of members.</param>
/// <param name="Node">The member that leaves.</param>
/// <param name="Prune">True where the member is to be forgotten altogether.</param>
internal readonly record struct LeaveMessage(ulong Time, string Node, bool Prune) : ISerfMessage<LeaveMessage>
{
    public static SerfMessageType Type => SerfMessageType.Leave;

    public static bool TryRead(ref MessagePackReader reader, out LeaveMessage message)
    {
        ulong time = 0;
        string node = "";
        bool prune = false;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("LTime"u8))
            {
                time = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("Node"u8))
            {
                node = reader.ReadName();
            }
            else if (key.SequenceEqual("Prune"u8))
            {
                prune = reader.ReadBoolean();
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new LeaveMessage(time, node, prune);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = SerfFields.Begin(output, Type, fields: 3);
        writer.WriteRaw("LTime"u8);
        writer.WriteUnsigned(Time);
        writer.WriteRaw("Node"u8);
        writer.WriteText(Node);
        writer.WriteRaw("Prune"u8);
        writer.WriteBoolean(Prune);
    }
}
