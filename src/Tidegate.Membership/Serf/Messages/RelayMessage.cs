using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>
/// The head of a message that someone is to hand on to another member. The message itself follows it, and the relay does not
/// read it.
/// </summary>
/// <param name="Destination">Where what follows is to go.</param>
/// <param name="Name">The name of the member there.</param>
internal readonly record struct RelayMessage(MemberAddress Destination, string Name) : ISerfMessage<RelayMessage>
{
    /// <summary>The name of a network interface, for link-local addresses. It means something on one machine only, so it is not used.</summary>
    private const int ZoneLength = 255;

    public static SerfMessageType Type => SerfMessageType.Relay;

    public static bool TryRead(ref MessagePackReader reader, out RelayMessage message)
    {
        MemberAddress destination = default;
        string name = "";
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("DestAddr"u8))
            {
                destination = ReadDestination(ref reader);
            }
            else if (key.SequenceEqual("DestName"u8))
            {
                name = reader.ReadName();
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? default : new RelayMessage(destination, name);
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = SerfFields.Begin(output, Type, fields: 2);
        writer.WriteRaw("DestAddr"u8);
        writer.WriteMapHeader(3);
        writer.WriteRaw("IP"u8);
        writer.WriteRaw(Destination.Bytes);
        writer.WriteRaw("Port"u8);
        writer.WriteUnsigned(Destination.Port);
        writer.WriteRaw("Zone"u8);
        writer.WriteText("");
        writer.WriteRaw("DestName"u8);
        writer.WriteText(Name);
    }

    private static MemberAddress ReadDestination(ref MessagePackReader reader)
    {
        RawBytes address = RawBytes.Nil;
        ushort port = 0;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("IP"u8))
            {
                address = reader.ReadAddress();
            }
            else if (key.SequenceEqual("Port"u8))
            {
                port = reader.ReadUInt16();
            }
            else if (key.SequenceEqual("Zone"u8))
            {
                reader.ReadText(ZoneLength);
            }
            else
            {
                reader.Skip();
            }
        }

        return MemberAddress.From(address, port);
    }
}
