namespace Tidegate.Membership.Registry;

/// <summary>Bounds on the registry. Lengths are in bytes.</summary>
internal static class RegistryLimits
{
    /// <summary>The payload of one record.</summary>
    internal const int Payload = 64 * 1024;

    /// <summary>Records kept. There is never more than one for each member.</summary>
    internal const int Records = 16_384;

    /// <summary>
    /// Owners and payloads of all records together. With events and names they must fit the 20 MiB of a push/pull's state.
    /// </summary>
    internal const int TotalBytes = 12 * 1024 * 1024;

    /// <summary>
    /// How far the instance of a record may be ahead of one's own time, in milliseconds: a hundred years, so that hardly any clock is too wrong. What
    /// matters is that the bound moves: whatever somebody has forged, the owner outbids by one, and a millisecond later that is within the bound.
    /// </summary>
    internal const ulong Ahead = 100UL * 365 * 24 * 60 * 60 * 1_000;

    /// <summary>The earliest that it can be, in milliseconds since 1970, for machines without a clock: the beginning of 2026.</summary>
    internal const ulong Earliest = 1_767_225_600_000;

    /// <summary>A message with a record that goes in a packet; peers fill packets up to 1,400, and sealing and labels take their part.</summary>
    internal const int Packet = 1_200;
}
