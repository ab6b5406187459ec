using System.Buffers;

namespace Tidegate.Membership.Wire;

/// <summary>What the messages' fields have in common: their bounds, and how a message begins.</summary>
internal static class MessageFields
{
    /// <summary>Writes the type byte and the header of a map of that many fields.</summary>
    internal static MessagePackWriter Begin(IBufferWriter<byte> output, MessageType type, int fields)
    {
        output.GetSpan(1)[0] = (byte)type;
        output.Advance(1);
        MessagePackWriter writer = new(output);
        writer.WriteMapHeader(fields);
        return writer;
    }

    internal static int ReadFieldCount(this ref MessagePackReader reader) => reader.ReadMapHeader(WireLimits.Fields);

    internal static ReadOnlySpan<byte> ReadKey(this ref MessagePackReader reader) => reader.ReadRaw(WireLimits.Key);

    internal static string ReadName(this ref MessagePackReader reader) => reader.ReadText(WireLimits.Name);

    /// <summary>A Go int that counts something: never negative.</summary>
    internal static int ReadCount(this ref MessagePackReader reader, int maximum)
    {
        int count = reader.ReadInt32();
        if (count < 0 || count > maximum)
        {
            reader.Fail(ReadFailure.OutOfRange);
            return 0;
        }

        return count;
    }

    /// <summary>An address: 4 or 16 bytes, or none. Kept as it came, not turned into one form (annex A1).</summary>
    internal static RawBytes ReadAddress(this ref MessagePackReader reader)
    {
        RawBytes address = reader.ReadBytes(WireLimits.Address6);
        if (address.Length is not (0 or WireLimits.Address4 or WireLimits.Address6))
        {
            reader.Fail(ReadFailure.OutOfRange);
        }

        return address;
    }

    /// <summary>The six version bytes, or none. Anything between would be passed on to peers that index past its end (annex A2).</summary>
    internal static RawBytes ReadVersions(this ref MessagePackReader reader)
    {
        RawBytes versions = reader.ReadBytes(WireLimits.Versions);
        if (versions.Length is not (0 or WireLimits.Versions))
        {
            reader.Fail(ReadFailure.OutOfRange);
        }

        return versions;
    }
}
