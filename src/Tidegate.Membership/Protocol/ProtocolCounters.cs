namespace Tidegate.Membership.Protocol;

/// <summary>What happened so far, in numbers.</summary>
internal sealed class ProtocolCounters
{
    /// <summary>Messages that did not decode or hold impossible values.</summary>
    internal long BadMessages { get; set; }

    /// <summary>Members of other clusters, or otherwise not let in.</summary>
    internal long RefusedMembers { get; set; }

    /// <summary>Alive messages beyond the table's bound.</summary>
    internal long MembersBeyondBound { get; set; }

    /// <summary>Indirect pings beyond the bound of those under way.</summary>
    internal long RelaysBeyondBound { get; set; }

    /// <summary>Messages that were pushed out of a full gossip queue, or never fit a packet.</summary>
    internal long BroadcastsDropped { get; set; }

    /// <summary>Old messages about members that are gone.</summary>
    internal long Replays { get; set; }

    /// <summary>Names that were heard of and that nobody answered to at the address that was told.</summary>
    internal long Unmet { get; set; }

    /// <summary>Names that were not tried because too many were being tried.</summary>
    internal long IntroductionsBeyondBound { get; set; }

    internal long NameConflicts { get; set; }

    internal long ProbesFailed { get; set; }

    internal long Probes { get; set; }

    internal long Refutations { get; set; }

    /// <summary>Members that answered when they were about to be buried.</summary>
    internal long Rescued { get; set; }

    /// <summary>Push/pulls that were not started because too many were under way.</summary>
    internal long ExchangesBeyondBound { get; set; }

    internal long PushPullsRefused { get; set; }
}
