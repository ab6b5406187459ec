namespace Tidegate.Membership.Protocol;

/// <summary>Whom to probe next: everyone once a round, in an order that is new each round (specification, section 2).</summary>
internal sealed class ProbeRing(MemberTable table, Random random)
{
    private readonly List<MemberRecord> _ring = [];
    private int _next;

    /// <summary>A joiner gets a random place in the round that is under way.</summary>
    internal void Add(MemberRecord record)
    {
        int at = random.Next(_ring.Count + 1);
        _ring.Insert(at, record);
        if (at < _next)
        {
            _next++;
        }
    }

    /// <summary>The next living member; null where there is none.</summary>
    internal MemberRecord? Next()
    {
        for (int round = 0; round < 2; round++)
        {
            while (_next < _ring.Count)
            {
                MemberRecord record = _ring[_next++];
                if (record.IsAlive && record.Index >= 0)
                {
                    return record;
                }
            }

            Shuffle();
        }

        return null;
    }

    private void Shuffle()
    {
        _ring.Clear();
        _next = 0;
        for (int i = 0; i < table.Count; i++)
        {
            MemberRecord record = table[i];
            if (record.IsAlive && !record.IsSelf)
            {
                _ring.Add(record);
            }
        }

        random.Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ring));
    }
}
