namespace Tidegate.Membership.Wire;

/// <summary>
/// Where the answer to a ping is wanted: the three Source fields of ping and indirect ping. Each is left out of the
/// message when it is empty; no other field ever is (annex A1).
/// </summary>
internal readonly record struct MessageSource(RawBytes Address, ushort Port, string Node)
{
    /// <summary>No source given: the answer goes to where the packet came from.</summary>
    internal static MessageSource None => new(RawBytes.Nil, 0, "");

    /// <summary>How many of the fields are written.</summary>
    internal int FieldCount => (Address.Length > 0 ? 1 : 0) + (Port != 0 ? 1 : 0) + (Node.Length > 0 ? 1 : 0);

    /// <summary>Reads the value of a key if it is one of the three.</summary>
    internal static bool TryReadField(scoped ReadOnlySpan<byte> key, ref MessagePackReader reader, ref MessageSource source)
    {
        if (key.SequenceEqual("SourceAddr"u8))
        {
            source = source with { Address = reader.ReadAddress() };
        }
        else if (key.SequenceEqual("SourcePort"u8))
        {
            source = source with { Port = reader.ReadUInt16() };
        }
        else if (key.SequenceEqual("SourceNode"u8))
        {
            source = source with { Node = reader.ReadName() };
        }
        else
        {
            return false;
        }

        return true;
    }

    internal void Write(MessagePackWriter writer)
    {
        if (Address.Length > 0)
        {
            writer.WriteRaw("SourceAddr"u8);
            writer.WriteBytes(Address);
        }

        if (Node.Length > 0)
        {
            writer.WriteRaw("SourceNode"u8);
            writer.WriteText(Node);
        }

        if (Port != 0)
        {
            writer.WriteRaw("SourcePort"u8);
            writer.WriteUnsigned(Port);
        }
    }
}
