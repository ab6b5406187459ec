using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>How something dated by a clock stands to what a ring remembers.</summary>
internal enum RingResult
{
    New,
    Known,

    /// <summary>Further behind the clock than the ring reaches, so nobody can tell whether it is known.</summary>
    TooOld,

    /// <summary>There is no room to remember it.</summary>
    NoRoom,
}

/// <summary>The last events, for telling new ones from known ones and for members that were away (annex A6).</summary>
internal sealed class EventRing
{
    private readonly Slot?[] _slots = new Slot?[SerfLimits.RingSlots];
    private int _bytes;

    /// <summary>Remembers an event if it is new.</summary>
    /// <param name="clock">The clock of events, which has witnessed the event's time.</param>
    /// <param name="message">The event.</param>
    internal RingResult TryAdd(ulong clock, in UserEventMessage message)
    {
        if (clock > SerfLimits.RingSlots && message.Time < clock - SerfLimits.RingSlots)
        {
            return RingResult.TooOld;
        }

        // A slot of another time is an older one: a newer one would be out of this one's reach.
        ref Slot? slot = ref _slots[message.Time % SerfLimits.RingSlots];
        if (slot is not null && slot.Time != message.Time)
        {
            _bytes -= slot.Bytes;
            slot = null;
        }

        foreach ((string name, RawBytes payload) in slot?.Events ?? [])
        {
            if (name == message.Name && payload == message.Payload)
            {
                return RingResult.Known;
            }
        }

        int bytes = (message.Name.Length * sizeof(char)) + message.Payload.Length;
        if (slot?.Events.Count >= SerfLimits.EventsOfOneTime || _bytes + bytes > SerfLimits.RememberedEventBytes)
        {
            return RingResult.NoRoom;
        }

        slot ??= new Slot(message.Time);
        slot.Events.Add((message.Name, message.Payload));
        slot.Bytes += bytes;
        _bytes += bytes;
        return RingResult.New;
    }

    /// <summary>What is remembered, for a push/pull. Slots that were never used are left out: no reader counts them.</summary>
    internal List<EventsOfOneTime?> ToList()
    {
        List<EventsOfOneTime?> list = [];
        foreach (Slot? slot in _slots)
        {
            if (slot is not null)
            {
                list.Add(new EventsOfOneTime(slot.Time, slot.Events));
            }
        }

        return list;
    }

    private sealed class Slot(ulong time)
    {
        internal ulong Time { get; } = time;

        internal List<(string Name, RawBytes Payload)> Events { get; } = [];

        internal int Bytes { get; set; }
    }
}
