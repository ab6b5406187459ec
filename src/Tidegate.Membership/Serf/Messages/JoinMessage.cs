using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>The intent that a member is here to stay. It overrules an older intent to leave.</summary>
/// <param name="Time">By the clock of members.</param>
/// <param name="Node">The member that joins.</param>
internal readonly record struct JoinMessage(ulong Time, string Node) : ISerfMessage<JoinMessage>
{
    public static SerfMessageType Type => SerfMessageType.Join;

    public static bool TryRead(ref MessagePackReader reader, out JoinMessage message)
    {
        ulong time = 0;
        string node = "";
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
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new JoinMessage(time, node);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = SerfFields.Begin(output, Type, fields: 2);
        writer.WriteRaw("LTime"u8);
        writer.WriteUnsigned(Time);
        writer.WriteRaw("Node"u8);
        writer.WriteText(Node);
    }
}
