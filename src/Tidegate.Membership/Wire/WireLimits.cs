namespace Tidegate.Membership.Wire;

/// <summary>Bounds on what is accepted from peers (specification, section 7). Lengths are in bytes.</summary>
internal static class WireLimits
{
    /// <summary>Containers inside each other; the outermost counts as one.</summary>
    internal const int Depth = 16;

    /// <summary>Entries of a structure's map, unknown ones included. The largest structure known has 15.</summary>
    internal const int Fields = 64;

    /// <summary>The name of a field.</summary>
    internal const int Key = 255;

    /// <summary>A member's name. It must fit a packet of 1,400 together with the rest of its alive message.</summary>
    internal const int Name = 512;

    /// <summary>An ack's payload: whatever the largest packet that is read can hold.</summary>
    internal const int Payload = 65_535;

    /// <summary>A member's metadata.</summary>
    internal const int Meta = 512;

    /// <summary>The protocol versions: protocol min, max, current, then the delegate's min, max, current.</summary>
    internal const int Versions = 6;

    /// <summary>Entries of a push/pull.</summary>
    internal const int Nodes = 1 << 20;

    /// <summary>The user state of a push/pull, and a user message on a stream.</summary>
    internal const int UserState = 20 << 20;

    /// <summary>The text of an error.</summary>
    internal const int Error = 4_096;

    internal const int Address4 = 4;

    internal const int Address6 = 16;
}
