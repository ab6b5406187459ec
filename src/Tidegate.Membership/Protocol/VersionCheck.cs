using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>
/// Whether one protocol is left that everybody speaks: over the living, the largest minimum and the smallest maximum; what each
/// speaks, the dead included, must lie between them (specification, section 1).
/// </summary>
internal static class VersionCheck
{
    /// <returns>Why the two states cannot be one cluster, or null.</returns>
    internal static string? Refuse(IReadOnlyList<StateEntry> remote, MemberTable local)
    {
        Range protocol = Range.All;
        Range serf = Range.All;
        foreach (StateEntry entry in remote)
        {
            if (entry.Status == MemberStatus.Alive)
            {
                Narrow(entry.Versions, ref protocol, ref serf);
            }
        }

        for (int i = 0; i < local.Count; i++)
        {
            if (local[i].Status == MemberStatus.Alive)
            {
                Narrow(local[i].Versions, ref protocol, ref serf);
            }
        }

        foreach (StateEntry entry in remote)
        {
            if (Judge(entry.Name, entry.Versions, protocol, serf) is { } reason)
            {
                return reason;
            }
        }

        for (int i = 0; i < local.Count; i++)
        {
            if (Judge(local[i].Name, local[i].Versions, protocol, serf) is { } reason)
            {
                return reason;
            }
        }

        return null;
    }

    private static void Narrow(RawBytes versions, ref Range protocol, ref Range serf)
    {
        if (versions.Length == WireLimits.Versions)
        {
            ReadOnlySpan<byte> bytes = versions.Span;
            protocol = new Range(Math.Max(protocol.Minimum, bytes[0]), Math.Min(protocol.Maximum, bytes[1]));
            serf = new Range(Math.Max(serf.Minimum, bytes[3]), Math.Min(serf.Maximum, bytes[4]));
        }
    }

    private static string? Judge(string name, RawBytes versions, Range protocol, Range serf)
    {
        if (versions.Length != WireLimits.Versions)
        {
            return null;
        }

        if (!protocol.Contains(versions.Span[2]))
        {
            return $"the member '{name}' speaks version {versions.Span[2]} of memberlist's protocol, and the living members {protocol} in common";
        }

        return serf.Contains(versions.Span[5])
            ? null
            : $"the member '{name}' speaks version {versions.Span[5]} of Serf's protocol, and the living members {serf} in common; a cluster is with Serf or without it";
    }

    private readonly record struct Range(byte Minimum, byte Maximum)
    {
        internal static Range All => new(0, byte.MaxValue);

        internal bool Contains(byte version) => version >= Minimum && version <= Maximum;

        /// <inheritdoc/>
        public override string ToString() => Minimum > Maximum ? "none" : $"{Minimum} to {Maximum}";
    }
}
