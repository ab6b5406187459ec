namespace Tidegate.Membership.Packets;

/// <summary>Bounds on packets, read and written (specification, sections 1 and 7). In bytes where nothing else is said.</summary>
internal static class PacketLimits
{
    /// <summary>The largest packet that is read: what UDP can carry.</summary>
    internal const int Read = 65_535;

    /// <summary>What a packet is filled up to with messages that could as well go in another.</summary>
    internal const int Fill = 1_400;

    /// <summary>The largest packet that is sent for the sake of one message: what UDP can carry over IPv4.</summary>
    internal const int Written = 65_507;

    /// <summary>What all compressed parts of one packet together may become.</summary>
    internal const int Inflated = 131_072;

    /// <summary>Compound and compressed messages inside each other. Peers nest two.</summary>
    internal const int Nesting = 8;

    /// <summary>Parts of one compound message; its count is one byte.</summary>
    internal const int Parts = 255;

    /// <summary>Messages in one packet, all its compound messages together.</summary>
    internal const int Messages = 1_024;
}
