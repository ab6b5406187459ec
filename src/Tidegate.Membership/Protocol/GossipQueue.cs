namespace Tidegate.Membership.Protocol;

/// <summary>Everything that waits to be gossiped: membership first, then Serf's tiers, then the registry.</summary>
internal sealed class GossipQueue(int capacity)
{
    /// <summary>A compound's count is one byte (annex A2).</summary>
    internal const int Parts = 255;

    private readonly BroadcastQueue[] _tiers = [new(capacity), new(capacity), new(capacity), new(capacity), new(capacity)];

    internal int Count
    {
        get
        {
            int count = 0;
            foreach (BroadcastQueue tier in _tiers)
            {
                count += tier.Count;
            }

            return count;
        }
    }

    internal bool HasUnsent
    {
        get
        {
            foreach (BroadcastQueue tier in _tiers)
            {
                if (tier.Unsent > 0)
                {
                    return true;
                }
            }

            return false;
        }
    }

    internal BroadcastQueue this[BroadcastTier tier] => _tiers[(int)tier];

    /// <summary>Fills what room a packet has.</summary>
    /// <param name="packet">The messages that are in it already, and then those added.</param>
    /// <param name="to">The receiver where it is known; Serf's messages and the registry's go only to those that understand them.</param>
    /// <param name="room">Bytes left.</param>
    /// <param name="limit">Transmissions of each message after which it is done.</param>
    internal void Fill(List<byte[]> packet, MemberRecord? to, int room, int limit)
    {
        for (int i = 0; i < _tiers.Length; i++)
        {
            bool understood = (BroadcastTier)i switch
            {
                BroadcastTier.Membership => true,
                BroadcastTier.Registry => to is { IsGateway: true },
                _ => to is { SpeaksSerf: true },
            };
            if (understood && _tiers[i].Count > 0)
            {
                room = _tiers[i].Fill(packet, Parts, room, limit);
            }
        }
    }
}
