using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Registry;

/// <summary>
/// Records on the wire: an array of maps {o: owner, i: instance, v: version, p: payload}. It is the body of user message 200 and the bytes under
/// <c>Tg</c> in a push/pull's state.
/// </summary>
internal static class RecordList
{
    internal static bool TryRead(ReadOnlySpan<byte> bytes, out List<PublishedRecord> records)
    {
        records = [];
        MessagePackReader reader = new(bytes);
        for (int left = reader.ReadArrayHeader(RegistryLimits.Records); left > 0 && !reader.Failed; left--)
        {
            records.Add(ReadRecord(ref reader));
        }

        if (reader.Failed)
        {
            records = [];
        }

        return !reader.Failed;
    }

    internal static void Write(IBufferWriter<byte> output, IReadOnlyCollection<PublishedRecord> records)
    {
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(records.Count);
        foreach (PublishedRecord record in records)
        {
            writer.WriteMapHeader(4);
            writer.WriteRaw("i"u8);
            writer.WriteUnsigned(record.Instance);
            writer.WriteRaw("o"u8);
            writer.WriteText(record.Owner);
            writer.WriteRaw("p"u8);
            writer.WriteBytes(record.Payload);
            writer.WriteRaw("v"u8);
            writer.WriteUnsigned(record.Version);
        }
    }

    private static PublishedRecord ReadRecord(ref MessagePackReader reader)
    {
        string owner = "";
        ulong instance = 0;
        ulong version = 0;
        RawBytes payload = RawBytes.Nil;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("o"u8))
            {
                owner = reader.ReadName();
            }
            else if (key.SequenceEqual("i"u8))
            {
                instance = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("v"u8))
            {
                version = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("p"u8))
            {
                payload = reader.ReadBytes(RegistryLimits.Payload);
            }
            else
            {
                reader.Skip();
            }
        }

        if (owner.Length == 0)
        {
            reader.Fail(ReadFailure.OutOfRange);
        }

        return new PublishedRecord(owner, instance, version, payload);
    }
}
