namespace Tidegate.Membership.Protocol;

/// <summary>
/// One tier of the gossip queue. The least often sent goes first; among those the largest that fits, then the newest
/// (annex A2).
/// </summary>
internal sealed class BroadcastQueue(int capacity)
{
    // By how often sent; in each, the largest and then the newest first.
    private readonly List<List<Broadcast>> _bySent = [[]];
    private readonly Dictionary<string, Broadcast> _byKey = [];
    private long _order;

    internal int Count { get; private set; }

    /// <summary>Messages that nobody has been sent yet.</summary>
    internal int Unsent => _bySent[0].Count;

    /// <param name="key">What it is about, or null.</param>
    /// <param name="message">The message with its type byte.</param>
    /// <param name="ended">Told how it ended, or null.</param>
    /// <param name="extra">How many times more than the limit it is sent.</param>
    /// <returns>How many were pushed out by the bound.</returns>
    internal int Add(string? key, byte[] message, Action<BroadcastEnd>? ended, int extra = 0)
    {
        if (key is not null)
        {
            Remove(key);
        }

        Broadcast broadcast = new(key, message, _order++, ended, extra);
        if (key is not null)
        {
            _byKey.Add(key, broadcast);
        }

        Place(broadcast);
        int dropped = 0;
        while (Count > capacity)
        {
            Broadcast oldest = MostSent();
            Take(oldest);
            oldest.Ended?.Invoke(BroadcastEnd.Dropped);
            dropped++;
        }

        return dropped;
    }

    /// <summary>Takes back the message about that.</summary>
    internal void Remove(string key)
    {
        if (_byKey.TryGetValue(key, out Broadcast? broadcast))
        {
            Take(broadcast);
            broadcast.Ended?.Invoke(BroadcastEnd.Replaced);
        }
    }

    internal bool Holds(string key, byte[] message) => _byKey.TryGetValue(key, out Broadcast? held) && held.Message == message;

    /// <summary>Moves messages into a packet, until none fits any more or all are in.</summary>
    /// <param name="packet">Gets the messages.</param>
    /// <param name="parts">How many the packet may have in all.</param>
    /// <param name="room">Bytes left; each message takes its length and two.</param>
    /// <param name="limit">Transmissions of each message, its extra ones aside, after which it is done.</param>
    /// <returns>The room left.</returns>
    internal int Fill(List<byte[]> packet, int parts, int room, int limit)
    {
        List<Broadcast>? taken = null;
        for (int sent = 0; sent < _bySent.Count && packet.Count < parts; sent++)
        {
            List<Broadcast> bucket = _bySent[sent];
            int at = FirstThatFits(bucket, room - 2);
            while (at < bucket.Count && packet.Count < parts)
            {
                Broadcast broadcast = bucket[at];
                bucket.RemoveAt(at);
                packet.Add(broadcast.Message);
                room -= broadcast.Message.Length + 2;
                (taken ??= []).Add(broadcast);
                at = FirstThatFits(bucket, room - 2);
            }
        }

        if (taken is not null)
        {
            Count -= taken.Count;
            foreach (Broadcast broadcast in taken)
            {
                Sent(broadcast, limit);
            }
        }

        return room;
    }

    private void Sent(Broadcast broadcast, int limit)
    {
        broadcast.Transmits++;
        if (broadcast.Transmits < limit + broadcast.Extra)
        {
            Place(broadcast);
            return;
        }

        if (broadcast.Key is not null)
        {
            _byKey.Remove(broadcast.Key);
        }

        broadcast.Ended?.Invoke(BroadcastEnd.Sent);
    }

    private void Place(Broadcast broadcast)
    {
        while (_bySent.Count <= broadcast.Transmits)
        {
            _bySent.Add([]);
        }

        List<Broadcast> bucket = _bySent[broadcast.Transmits];
        int low = 0;
        int high = bucket.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Precedes(bucket[middle], broadcast))
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        bucket.Insert(low, broadcast);
        Count++;
    }

    private void Take(Broadcast broadcast)
    {
        _bySent[broadcast.Transmits].Remove(broadcast);
        Count--;
        if (broadcast.Key is not null)
        {
            _byKey.Remove(broadcast.Key);
        }
    }

    private Broadcast MostSent()
    {
        for (int sent = _bySent.Count - 1; ; sent--)
        {
            if (_bySent[sent].Count > 0)
            {
                return _bySent[sent].MinBy(static broadcast => broadcast.Order)!;
            }
        }
    }

    private static bool Precedes(Broadcast left, Broadcast right) =>
        left.Message.Length > right.Message.Length || (left.Message.Length == right.Message.Length && left.Order > right.Order);

    // The bucket goes from long to short.
    private static int FirstThatFits(List<Broadcast> bucket, int room)
    {
        int low = 0;
        int high = bucket.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (bucket[middle].Message.Length > room)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
