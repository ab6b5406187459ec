namespace Tidegate.Membership.Protocol;

/// <summary>Pings whose answers still mean something. An answer that comes late is an answer too.</summary>
/// <param name="lifetime">How long, in milliseconds.</param>
internal sealed class PendingPings(int lifetime)
{
    private readonly Dictionary<uint, MemberRecord> _pings = [];
    private readonly Queue<(uint SeqNo, long Until)> _order = new();

    internal int Count => _pings.Count;

    internal void Add(uint seqNo, MemberRecord record, long now)
    {
        while (_order.TryPeek(out (uint SeqNo, long Until) oldest) && oldest.Until <= now)
        {
            _pings.Remove(_order.Dequeue().SeqNo);
        }

        _pings[seqNo] = record;
        _order.Enqueue((seqNo, now + lifetime));
    }

    /// <summary>Who was asked; null where nobody was, or too long ago.</summary>
    internal MemberRecord? Find(uint seqNo) => _pings.GetValueOrDefault(seqNo);
}
