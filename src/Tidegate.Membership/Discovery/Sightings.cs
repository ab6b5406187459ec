namespace Tidegate.Membership.Discovery;

/// <summary>
/// Which addresses have called of late, so that a beacon leads to a join now and then and not each time: a replayed or
/// forged one costs a connection that fails, ever more rarely. Told the time by its caller; the caller serialises.
/// </summary>
internal sealed class Sightings(Random random)
{
    /// <summary>Addresses that are remembered.</summary>
    internal const int Maximum = 256;

    /// <summary>Joins under way at a time.</summary>
    internal const int MaximumJoins = 8;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Forgotten = TimeSpan.FromSeconds(60);

    private readonly Dictionary<MemberAddress, Sighting> _sightings = [];
    private int _joins;

    /// <summary>Addresses that are remembered now.</summary>
    internal int Count => _sightings.Count;

    /// <summary>
    /// <see cref="BeaconRefusal.None"/> where this address is to be joined now; then <see cref="Ended"/> must follow.
    /// </summary>
    internal BeaconRefusal TryBegin(MemberAddress address, TimeSpan now)
    {
        if (!_sightings.TryGetValue(address, out Sighting? sighting))
        {
            if (_sightings.Count == Maximum)
            {
                Forget(now);
            }

            if (_sightings.Count == Maximum)
            {
                return BeaconRefusal.TooMany;
            }

            sighting = new Sighting();
            _sightings.Add(address, sighting);
        }

        sighting.LastSeen = now;
        if (sighting.IsUnderWay || now < sighting.NotBefore)
        {
            return BeaconRefusal.TooSoon;
        }

        if (_joins == MaximumJoins)
        {
            return BeaconRefusal.TooMany;
        }

        _joins++;
        sighting.IsUnderWay = true;
        return BeaconRefusal.None;
    }

    /// <summary>
    /// Notes how a join ended. After one that succeeded the member is known, or else it is tried again no sooner than in a
    /// second: whoever answers must not be able to have it done without end.
    /// </summary>
    internal void Ended(MemberAddress address, bool joined, TimeSpan now)
    {
        _joins--;
        Sighting sighting = _sightings[address];
        sighting.IsUnderWay = false;
        if (joined)
        {
            sighting.BackOff.Reset();
        }

        sighting.NotBefore = now + sighting.BackOff.Next(random);
    }

    private void Forget(TimeSpan now)
    {
        foreach ((MemberAddress address, Sighting sighting) in _sightings)
        {
            if (!sighting.IsUnderWay && now - sighting.LastSeen >= Forgotten)
            {
                _sightings.Remove(address);
            }
        }
    }

    private sealed class Sighting
    {
        internal BackOff BackOff = new(LongestWait);

        internal TimeSpan NotBefore { get; set; }

        internal TimeSpan LastSeen { get; set; }

        internal bool IsUnderWay { get; set; }
    }
}
