namespace Tidegate.Membership.Discovery;

/// <summary>
/// When each seed is tried: at once, and then for ever, with a back-off while nobody answers. A seed whose members are all
/// known is only looked at now and then, since its name may stand for others tomorrow. Told the time by its caller, who serialises.
/// </summary>
internal sealed class SeedSchedule
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WhenKnown = TimeSpan.FromSeconds(5);

    private readonly Random _random;
    private readonly Entry[] _entries;

    internal SeedSchedule(IEnumerable<DiscoveryTarget> seeds, Random random, TimeSpan now)
    {
        _random = random;
        _entries = [.. seeds.Select(seed => new Entry(seed) { Due = now })];
    }

    /// <summary>When the next seed is due; <see cref="TimeSpan.MaxValue"/> where none is.</summary>
    internal TimeSpan Due => _entries.Select(entry => entry.Due).DefaultIfEmpty(TimeSpan.MaxValue).Min();

    /// <summary>The seeds to try now. Each is left alone until <see cref="Ended"/>.</summary>
    internal IReadOnlyList<DiscoveryTarget> Begin(TimeSpan now)
    {
        List<DiscoveryTarget> due = [];
        foreach (Entry entry in _entries)
        {
            if (entry.Due <= now)
            {
                entry.Due = TimeSpan.MaxValue;
                due.Add(entry.Seed);
            }
        }

        return due;
    }

    /// <summary>Notes how a try ended: true where somebody there was joined, or all who are there are known.</summary>
    internal void Ended(DiscoveryTarget seed, bool reached, TimeSpan now)
    {
        Entry entry = _entries.First(entry => ReferenceEquals(entry.Seed, seed));
        if (reached)
        {
            entry.BackOff.Reset();
            entry.Due = now + WhenKnown;
        }
        else
        {
            entry.Due = now + entry.BackOff.Next(_random);
        }
    }

    private sealed class Entry(DiscoveryTarget seed)
    {
        internal BackOff BackOff = new(LongestWait);

        internal DiscoveryTarget Seed { get; } = seed;

        internal TimeSpan Due { get; set; }
    }
}
