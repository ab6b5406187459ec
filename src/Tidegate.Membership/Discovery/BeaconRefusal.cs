namespace Tidegate.Membership.Discovery;

/// <summary>Why a beacon is not followed.</summary>
internal enum BeaconRefusal : byte
{
    None,
    TooLong,
    Unreadable,
    OtherVersion,
    NotSealed,
    SealedWithoutKey,
    NoKeyOpens,

    /// <summary>Clusters may share a group and port. Counted, not logged.</summary>
    OtherCluster,

    /// <summary>Our own, since multicast comes back. Counted, not logged.</summary>
    Own,

    /// <summary>Of a member that is known here. Counted, not logged.</summary>
    Known,

    /// <summary>Followed a moment ago. Counted, not logged.</summary>
    TooSoon,

    /// <summary>More addresses than are remembered, or joins under way than are allowed.</summary>
    TooMany,
}

/// <summary>The reasons in words.</summary>
internal static class BeaconRefusals
{
    /// <summary>True for what is no mistake of anybody.</summary>
    internal static bool IsNormal(BeaconRefusal refusal) =>
        refusal is BeaconRefusal.OtherCluster or BeaconRefusal.Own or BeaconRefusal.Known or BeaconRefusal.TooSoon;

    internal static string Describe(BeaconRefusal refusal) => refusal switch
    {
        BeaconRefusal.TooLong => $"it has more than {Beacon.MaximumLength} bytes",
        BeaconRefusal.Unreadable => "it cannot be read; something else may use this group and port",
        BeaconRefusal.OtherVersion => "it is of a version that is not understood here",
        BeaconRefusal.NotSealed => "it is not encrypted, and this cluster is; give the sender the key",
        BeaconRefusal.SealedWithoutKey => "it is encrypted, and this member has no key; give it the cluster's",
        BeaconRefusal.NoKeyOpens => "none of the keys opens it; it is of another cluster, or has another key",
        BeaconRefusal.OtherCluster => "it is of another cluster",
        BeaconRefusal.Own => "it is our own",
        BeaconRefusal.Known => "its member is known",
        BeaconRefusal.TooSoon => "it was followed a moment ago",
        BeaconRefusal.TooMany => $"more than {Sightings.Maximum} addresses have called, or {Sightings.MaximumJoins} joins are under way",
        _ => "of no known reason",
    };
}
