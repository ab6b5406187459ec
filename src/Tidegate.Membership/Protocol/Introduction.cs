using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Protocol;

/// <summary>A name at an address where nobody is known to have it, and the attempt to find out.</summary>
internal sealed class Introduction(AliveMessage message, MemberAddress address, uint seqNo)
{
    /// <summary>The newest that was said of it. Believed when it answers.</summary>
    internal AliveMessage Message { get; set; } = message;

    internal MemberAddress Address { get; } = address;

    /// <summary>The number of all its pings.</summary>
    internal uint SeqNo { get; } = seqNo;

    internal int Pings { get; set; }
}
