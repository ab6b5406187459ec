using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>Says that a member does not answer. The member refutes it with an alive of a higher incarnation.</summary>
/// <param name="Incarnation">The incarnation of the member that is meant.</param>
/// <param name="Node">The member meant.</param>
/// <param name="From">The member that says so.</param>
internal readonly record struct SuspectMessage(uint Incarnation, string Node, string From) : IMessage<SuspectMessage>
{
    public static MessageType Type => MessageType.Suspect;

    public static bool TryRead(ref MessagePackReader reader, out SuspectMessage message)
    {
        uint incarnation = 0;
        string node = "";
        string from = "";
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Incarnation"u8))
            {
                incarnation = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("Node"u8))
            {
                node = reader.ReadName();
            }
            else if (key.SequenceEqual("From"u8))
            {
                from = reader.ReadName();
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new SuspectMessage(incarnation, node, from);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = MessageFields.Begin(output, Type, fields: 3);
        writer.WriteRaw("From"u8);
        writer.WriteText(From);
        writer.WriteRaw("Incarnation"u8);
        writer.WriteUnsigned(Incarnation);
        writer.WriteRaw("Node"u8);
        writer.WriteText(Node);
    }
}
