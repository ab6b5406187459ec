using Tidegate.Membership.Serf.Messages;

namespace Tidegate.Membership.Serf;

/// <summary>Settings of Serf's layer.</summary>
internal sealed record SerfOptions
{
    /// <summary>One's own name.</summary>
    internal required string Name { get; init; }

    /// <summary>The cluster's name, which travels as the tag <c>cn</c>; null where it has none, and then members of every name are let in.</summary>
    internal string? ClusterName { get; init; }

    /// <summary>How often the host gossips. Queries wait for sixteen times as long, or a multiple of that in large clusters.</summary>
    internal TimeSpan GossipInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long leaving waits for the word to spread.</summary>
    internal TimeSpan LeaveTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long events that allow it wait for newer ones of their name; zero delivers each at once.</summary>
    internal TimeSpan CoalescePeriod { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>A time without events after which those that wait are delivered before the period ends.</summary>
    internal TimeSpan CoalesceQuiet { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long an intent about an unknown member is kept.</summary>
    internal TimeSpan IntentAge { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Bytes of an encoded event that one may fire, from 1 to 9,216. More than some 1,300 does not fit a packet.</summary>
    internal int EventLength { get; init; } = SerfLimits.Event;

    /// <summary>True where one wants to know the events that were fired before one joined.</summary>
    internal bool ReplayEvents { get; init; }
}
