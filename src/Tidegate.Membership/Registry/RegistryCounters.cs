namespace Tidegate.Membership.Registry;

/// <summary>What the registry has refused, since it began.</summary>
internal sealed class RegistryCounters
{
    /// <summary>Messages that could not be read, or held a payload beyond its bound.</summary>
    internal long Unreadable { get; set; }

    /// <summary>Records of owners that are no members here.</summary>
    internal long UnknownOwner { get; set; }

    /// <summary>Records whose instance is further in the future than any clock can be wrong.</summary>
    internal long Ahead { get; set; }

    /// <summary>Records for which there was no room.</summary>
    internal long NoRoom { get; set; }

    /// <summary>Records in one's own name that one has not written; each is answered with a newer one.</summary>
    internal long Foreign { get; set; }

    /// <summary>Times that a push/pull was asked for because of a difference.</summary>
    internal long Repairs { get; set; }
}
