using Tidegate.Membership.Serf.Messages;

namespace Tidegate.Membership.Serf;

/// <summary>The last queries, by time and number, for telling new ones from known ones (annex A7).</summary>
internal sealed class QueryRing
{
    private readonly (ulong Time, List<uint>? Ids)[] _slots = new (ulong, List<uint>?)[SerfLimits.RingSlots];

    /// <param name="clock">The clock of queries, which has witnessed the query's time.</param>
    /// <param name="time">The query's time.</param>
    /// <param name="id">The query's number.</param>
    internal RingResult TryAdd(ulong clock, ulong time, uint id)
    {
        if (clock > SerfLimits.RingSlots && time < clock - SerfLimits.RingSlots)
        {
            return RingResult.TooOld;
        }

        ref (ulong Time, List<uint>? Ids) slot = ref _slots[time % SerfLimits.RingSlots];
        if (slot.Ids is null || slot.Time != time)
        {
            slot = (time, []);
        }

        if (slot.Ids.Contains(id))
        {
            return RingResult.Known;
        }

        if (slot.Ids.Count >= SerfLimits.QueriesOfOneTime)
        {
            return RingResult.NoRoom;
        }

        slot.Ids.Add(id);
        return RingResult.New;
    }
}
