using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>A question to all members, or to those that its filters match.</summary>
internal sealed record QueryMessage : ISerfMessage<QueryMessage>
{
    /// <summary>The asker wants to know who has received the query.</summary>
    internal const uint AckFlag = 1;

    /// <summary>Whoever receives the query is not to pass it on.</summary>
    internal const uint NoPassingOnFlag = 2;

    public static SerfMessageType Type => SerfMessageType.Query;

    /// <summary>By the clock of queries.</summary>
    internal ulong Time { get; init; }

    /// <summary>Tells the queries of one time apart.</summary>
    internal uint Id { get; init; }

    /// <summary>Where acks and answers are wanted.</summary>
    internal MemberAddress Asker { get; init; }

    /// <summary>The name of the member that asks; old peers leave it out.</summary>
    internal string SourceNode { get; init; } = "";

    /// <summary>Each in the form that <see cref="QueryFilter"/> reads; all must match. Nil or empty: everyone is meant.</summary>
    internal IReadOnlyList<RawBytes>? Filters { get; init; }

    internal uint Flags { get; init; }

    /// <summary>By how many members answers are relayed, besides the direct way.</summary>
    internal byte RelayFactor { get; init; }

    /// <summary>How long the asker waits, in nanoseconds.</summary>
    internal long TimeoutNanoseconds { get; init; }

    internal string Name { get; init; } = "";

    internal RawBytes Payload { get; init; }

    internal bool WantsAck => (Flags & AckFlag) != 0;

    public static bool TryRead(ref MessagePackReader reader, out QueryMessage message)
    {
        ulong time = 0;
        uint id = 0;
        RawBytes address = RawBytes.Nil;
        ushort port = 0;
        string source = "";
        List<RawBytes>? filters = null;
        uint flags = 0;
        byte relayFactor = 0;
        long timeout = 0;
        string name = "";
        RawBytes payload = RawBytes.Nil;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("LTime"u8))
            {
                time = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("ID"u8))
            {
                id = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("Addr"u8))
            {
                address = reader.ReadAddress();
            }
            else if (key.SequenceEqual("Port"u8))
            {
                port = reader.ReadUInt16();
            }
            else if (key.SequenceEqual("SourceNode"u8))
            {
                source = reader.ReadName();
            }
            else if (key.SequenceEqual("Filters"u8))
            {
                filters = reader.TryReadNil() ? null : ReadFilters(ref reader);
            }
            else if (key.SequenceEqual("Flags"u8))
            {
                flags = reader.ReadUInt32();
            }
            else if (key.SequenceEqual("RelayFactor"u8))
            {
                relayFactor = reader.ReadByte();
            }
            else if (key.SequenceEqual("Timeout"u8))
            {
                timeout = reader.ReadInt64();
            }
            else if (key.SequenceEqual("Name"u8))
            {
                name = reader.ReadText(SerfLimits.Message);
            }
            else if (key.SequenceEqual("Payload"u8))
            {
                payload = reader.ReadBytes(SerfLimits.Message);
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? new() : new()
        {
            Time = time,
            Id = id,
            Asker = MemberAddress.From(address, port),
            SourceNode = source,
            Filters = filters,
            Flags = flags,
            RelayFactor = relayFactor,
            TimeoutNanoseconds = timeout,
            Name = name,
            Payload = payload,
        };
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = SerfFields.Begin(output, Type, fields: 11);
        writer.WriteRaw("Addr"u8);
        writer.WriteRaw(Asker.Bytes);
        writer.WriteRaw("Filters"u8);
        WriteFilters(writer);
        writer.WriteRaw("Flags"u8);
        writer.WriteUnsigned(Flags);
        writer.WriteRaw("ID"u8);
        writer.WriteUnsigned(Id);
        writer.WriteRaw("LTime"u8);
        writer.WriteUnsigned(Time);
        writer.WriteRaw("Name"u8);
        writer.WriteText(Name);
        writer.WriteRaw("Payload"u8);
        writer.WriteBytes(Payload);
        writer.WriteRaw("Port"u8);
        writer.WriteUnsigned(Asker.Port);
        writer.WriteRaw("RelayFactor"u8);
        writer.WriteUnsigned(RelayFactor);
        writer.WriteRaw("SourceNode"u8);
        writer.WriteText(SourceNode);
        writer.WriteRaw("Timeout"u8);
        writer.WriteSigned(TimeoutNanoseconds);
    }

    private static List<RawBytes> ReadFilters(ref MessagePackReader reader)
    {
        List<RawBytes> filters = [];
        for (int left = reader.ReadArrayHeader(SerfLimits.Filters); left > 0 && !reader.Failed; left--)
        {
            filters.Add(reader.ReadBytes(SerfLimits.Message));
        }

        return filters;
    }

    private void WriteFilters(MessagePackWriter writer)
    {
        if (Filters is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(Filters.Count);
        foreach (RawBytes filter in Filters)
        {
            writer.WriteBytes(filter);
        }
    }
}
