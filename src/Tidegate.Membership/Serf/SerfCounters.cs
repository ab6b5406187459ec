namespace Tidegate.Membership.Serf;

/// <summary>What this layer has dropped, since it began.</summary>
internal sealed class SerfCounters
{
    /// <summary>Messages and states that could not be read, or were longer than allowed.</summary>
    internal long Unreadable { get; set; }

    /// <summary>Messages of a type that is not known, or that belongs elsewhere.</summary>
    internal long UnknownType { get; set; }

    /// <summary>Events and queries older than the ring.</summary>
    internal long TooOld { get; set; }

    /// <summary>Events, queries and intents for which there was no room.</summary>
    internal long NoRoom { get; set; }

    /// <summary>Messages that should have been relayed to an address that no member has.</summary>
    internal long RelaysRefused { get; set; }

    /// <summary>Acks and answers that nobody waits for.</summary>
    internal long UnexpectedAnswers { get; set; }

    /// <summary>Members of other clusters that were refused, each as often as it was met.</summary>
    internal long OtherClusters { get; set; }

    /// <summary>Members whose metadata could not be read as tags.</summary>
    internal long UnreadableTags { get; set; }
}
