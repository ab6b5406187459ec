using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>The payload of answers to the query which address a name has: the member as the answerer knows it, or nil.</summary>
internal sealed record ConflictAnswerMessage : ISerfMessage<ConflictAnswerMessage>
{
    private static readonly ConflictAnswerMessage Nobody = new();

    public static SerfMessageType Type => SerfMessageType.ConflictAnswer;

    /// <summary>False where the answerer knows no such member; the rest is empty then.</summary>
    internal bool Known { get; init; }

    internal string Name { get; init; } = "";

    internal MemberAddress Address { get; init; }

    internal IReadOnlyDictionary<string, string> Tags { get; init; } = Serf.Tags.None;

    internal SerfStatus Status { get; init; }

    /// <summary>As in an alive message: protocol min, max, current, then the delegate's; 6 bytes or none.</summary>
    internal RawBytes Versions { get; init; }

    internal static ConflictAnswerMessage Unknown => Nobody;

    public static bool TryRead(ref MessagePackReader reader, out ConflictAnswerMessage message)
    {
        message = Nobody;
        if (reader.TryReadNil())
        {
            return true;
        }

        string name = "";
        RawBytes address = RawBytes.Nil;
        ushort port = 0;
        IReadOnlyDictionary<string, string> tags = Serf.Tags.None;
        byte status = 0;
        byte[] versions = new byte[WireLimits.Versions];
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Name"u8))
            {
                name = reader.ReadName();
            }
            else if (key.SequenceEqual("Addr"u8))
            {
                address = reader.ReadAddress();
            }
            else if (key.SequenceEqual("Port"u8))
            {
                port = reader.ReadUInt16();
            }
            else if (key.SequenceEqual("Tags"u8))
            {
                tags = Serf.Tags.ReadMap(ref reader);
            }
            else if (key.SequenceEqual("Status"u8))
            {
                status = reader.ReadByte();
            }
            else if (VersionIndex(key) is int index and >= 0)
            {
                versions[index] = reader.ReadByte();
            }
            else
            {
                reader.Skip();
            }
        }

        if (reader.Failed)
        {
            return false;
        }

        message = new()
        {
            Known = true,
            Name = name,
            Address = MemberAddress.From(address, port),
            Tags = tags,
            Status = (SerfStatus)status,
            Versions = RawBytes.CopyOf(versions),
        };
        return true;
    }

    public void Write(IBufferWriter<byte> output)
    {
        if (!Known)
        {
            output.Write([(byte)Type, MessagePackCode.Nil]);
            return;
        }

        MessagePackWriter writer = SerfFields.Begin(output, Type, fields: 11);
        writer.WriteRaw("Addr"u8);
        writer.WriteRaw(Address.Bytes);
        writer.WriteRaw("DelegateCur"u8);
        writer.WriteUnsigned(Version(5));
        writer.WriteRaw("DelegateMax"u8);
        writer.WriteUnsigned(Version(4));
        writer.WriteRaw("DelegateMin"u8);
        writer.WriteUnsigned(Version(3));
        writer.WriteRaw("Name"u8);
        writer.WriteText(Name);
        writer.WriteRaw("Port"u8);
        writer.WriteUnsigned(Address.Port);
        writer.WriteRaw("ProtocolCur"u8);
        writer.WriteUnsigned(Version(2));
        writer.WriteRaw("ProtocolMax"u8);
        writer.WriteUnsigned(Version(1));
        writer.WriteRaw("ProtocolMin"u8);
        writer.WriteUnsigned(Version(0));
        writer.WriteRaw("Status"u8);
        writer.WriteUnsigned((byte)Status);
        writer.WriteRaw("Tags"u8);
        Serf.Tags.WriteMap(writer, Tags);
    }

    private byte Version(int index) => index < Versions.Length ? Versions.Span[index] : (byte)0;

    private static int VersionIndex(ReadOnlySpan<byte> key)
    {
        int group = key.StartsWith("Protocol"u8) ? 0 : key.StartsWith("Delegate"u8) ? 3 : -1;
        if (group < 0)
        {
            return -1;
        }

        ReadOnlySpan<byte> end = key["Protocol".Length..];
        return end.SequenceEqual("Min"u8) ? group : end.SequenceEqual("Max"u8) ? group + 1 : end.SequenceEqual("Cur"u8) ? group + 2 : -1;
    }
}
