using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf.Messages;

/// <summary>The events of one time, as the ring of events keeps them.</summary>
/// <param name="Time">By the clock of events.</param>
/// <param name="Events">Name and payload of each.</param>
internal sealed record EventsOfOneTime(ulong Time, IReadOnlyList<(string Name, RawBytes Payload)> Events);

/// <summary>What Serf's layers tell each other in a push/pull: its user state.</summary>
internal sealed class SerfState : ISerfMessage<SerfState>
{
    /// <summary>Slots of the ring of a peer, which may have been configured to have more than the usual 512.</summary>
    private const int MaximumSlots = 4096;

    public static SerfMessageType Type => SerfMessageType.State;

    /// <summary>The clock of members.</summary>
    internal ulong Time { get; init; }

    /// <summary>When the status of each member last changed, those in <see cref="LeftMembers"/> included.</summary>
    internal IReadOnlyDictionary<string, ulong> StatusTimes { get; init; } = new Dictionary<string, ulong>();

    /// <summary>The members that have left.</summary>
    internal IReadOnlyList<string> LeftMembers { get; init; } = [];

    /// <summary>The clock of events.</summary>
    internal ulong EventTime { get; init; }

    /// <summary>The ring of events in its order; unused slots are null.</summary>
    internal IReadOnlyList<EventsOfOneTime?> Events { get; init; } = [];

    /// <summary>The clock of queries.</summary>
    internal ulong QueryTime { get; init; }

    /// <summary>The registry's records, which only Tidegate reads (section 4). Nil: the field is left out.</summary>
    internal RawBytes Records { get; init; }

    public static bool TryRead(ref MessagePackReader reader, out SerfState message)
    {
        ulong time = 0;
        Dictionary<string, ulong> statusTimes = [];
        string[] leftMembers = [];
        ulong eventTime = 0;
        List<EventsOfOneTime?> events = [];
        ulong queryTime = 0;
        RawBytes records = RawBytes.Nil;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("LTime"u8))
            {
                time = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("StatusLTimes"u8))
            {
                statusTimes = ReadStatusTimes(ref reader);
            }
            else if (key.SequenceEqual("LeftMembers"u8))
            {
                leftMembers = reader.ReadTexts(SerfLimits.StateNames, WireLimits.Name);
            }
            else if (key.SequenceEqual("EventLTime"u8))
            {
                eventTime = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("Events"u8))
            {
                events = ReadEvents(ref reader);
            }
            else if (key.SequenceEqual("QueryLTime"u8))
            {
                queryTime = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("Tg"u8))
            {
                records = reader.ReadBytes(SerfLimits.State);
            }
            else
            {
                reader.Skip();
            }
        }

        message = reader.Failed ? new() : new()
        {
            Time = time,
            StatusTimes = statusTimes,
            LeftMembers = leftMembers,
            EventTime = eventTime,
            Events = events,
            QueryTime = queryTime,
            Records = records,
        };
        return !reader.Failed;
    }

    public void Write(IBufferWriter<byte> output)
    {
        MessagePackWriter writer = SerfFields.Begin(output, Type, Records.IsNil ? 6 : 7);
        writer.WriteRaw("EventLTime"u8);
        writer.WriteUnsigned(EventTime);
        writer.WriteRaw("Events"u8);
        WriteEvents(writer);
        writer.WriteRaw("LTime"u8);
        writer.WriteUnsigned(Time);
        writer.WriteRaw("LeftMembers"u8);
        writer.WriteArrayHeader(LeftMembers.Count);
        foreach (string name in LeftMembers)
        {
            writer.WriteText(name);
        }

        writer.WriteRaw("QueryLTime"u8);
        writer.WriteUnsigned(QueryTime);
        writer.WriteRaw("StatusLTimes"u8);
        writer.WriteMapHeader(StatusTimes.Count);
        foreach ((string name, ulong statusTime) in StatusTimes)
        {
            writer.WriteText(name);
            writer.WriteUnsigned(statusTime);
        }

        if (!Records.IsNil)
        {
            writer.WriteRaw("Tg"u8);
            writer.WriteBytes(Records);
        }
    }

    private void WriteEvents(MessagePackWriter writer)
    {
        writer.WriteArrayHeader(Events.Count);
        foreach (EventsOfOneTime? slot in Events)
        {
            if (slot is null)
            {
                writer.WriteNil();
                continue;
            }

            writer.WriteMapHeader(2);
            writer.WriteRaw("Events"u8);
            writer.WriteArrayHeader(slot.Events.Count);
            foreach ((string name, RawBytes payload) in slot.Events)
            {
                writer.WriteMapHeader(2);
                writer.WriteRaw("Name"u8);
                writer.WriteText(name);
                writer.WriteRaw("Payload"u8);
                writer.WriteBytes(payload);
            }

            writer.WriteRaw("LTime"u8);
            writer.WriteUnsigned(slot.Time);
        }
    }

    private static Dictionary<string, ulong> ReadStatusTimes(ref MessagePackReader reader)
    {
        Dictionary<string, ulong> times = [];
        for (int left = reader.ReadMapHeader(SerfLimits.StateNames); left > 0 && !reader.Failed; left--)
        {
            string name = reader.ReadName();
            ulong time = reader.ReadUInt64();
            times[name] = time;
        }

        return times;
    }

    private static List<EventsOfOneTime?> ReadEvents(ref MessagePackReader reader)
    {
        List<EventsOfOneTime?> slots = [];
        for (int left = reader.ReadArrayHeader(MaximumSlots); left > 0 && !reader.Failed; left--)
        {
            slots.Add(reader.TryReadNil() ? null : ReadSlot(ref reader));
        }

        return slots;
    }

    private static EventsOfOneTime ReadSlot(ref MessagePackReader reader)
    {
        ulong time = 0;
        List<(string, RawBytes)> events = [];
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("LTime"u8))
            {
                time = reader.ReadUInt64();
            }
            else if (key.SequenceEqual("Events"u8))
            {
                for (int items = reader.ReadArrayHeader(SerfLimits.EventsOfOneTime); items > 0 && !reader.Failed; items--)
                {
                    events.Add(ReadEvent(ref reader));
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return new EventsOfOneTime(time, events);
    }

    private static (string Name, RawBytes Payload) ReadEvent(ref MessagePackReader reader)
    {
        string name = "";
        RawBytes payload = RawBytes.Nil;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Name"u8))
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

        return (name, payload);
    }
}
