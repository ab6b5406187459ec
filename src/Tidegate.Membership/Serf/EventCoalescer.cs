using Tidegate.Membership.Serf.Messages;

namespace Tidegate.Membership.Serf;

/// <summary>Keeps events that allow it for a moment, so that of several with one name only the newest is delivered.</summary>
internal sealed class EventCoalescer
{
    private readonly Dictionary<string, SerfEvent> _waiting = [];
    private readonly long _period;
    private readonly long _quiet;
    private long _first;
    private long _last;

    /// <param name="period">Milliseconds from the first event to the delivery, at most; 0 holds nothing back.</param>
    /// <param name="quiet">Milliseconds without an event after which there is no point in waiting on.</param>
    internal EventCoalescer(long period, long quiet)
    {
        _period = period;
        _quiet = quiet;
    }

    /// <summary>Events that wait.</summary>
    internal int Count => _waiting.Count;

    /// <summary>Takes an event to be delivered later; false where it is to be delivered at once.</summary>
    internal bool TryHold(SerfEvent received, long now)
    {
        if (!received.Coalesce || _period <= 0)
        {
            return false;
        }

        if (_waiting.TryGetValue(received.Name, out SerfEvent? waiting))
        {
            if (received.Time >= waiting.Time)
            {
                _waiting[received.Name] = received;
            }
        }
        else if (_waiting.Count < SerfLimits.CoalescedNames)
        {
            _first = _waiting.Count == 0 ? now : _first;
            _waiting.Add(received.Name, received);
        }
        else
        {
            return false;
        }

        _last = now;
        return true;
    }

    /// <summary>What has waited long enough, oldest first.</summary>
    internal IReadOnlyList<SerfEvent> TakeDue(long now)
    {
        if (_waiting.Count == 0 || (now - _first < _period && now - _last < _quiet))
        {
            return [];
        }

        List<SerfEvent> due = [.. _waiting.Values.OrderBy(held => held.Time)];
        _waiting.Clear();
        return due;
    }
}
