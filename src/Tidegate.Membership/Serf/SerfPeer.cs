using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Serf;

/// <summary>A member as the protocol core sees it. The core keeps one for each member that it has an entry for, itself included.</summary>
/// <param name="Name">The member's name.</param>
/// <param name="Address">Where packets and streams to it go.</param>
/// <param name="Meta">Its tags, as it gossips them.</param>
/// <param name="Versions">Protocol min, max, current, then the delegate's; 6 bytes or none.</param>
/// <param name="Up">True while the core holds it for alive or suspects it; false once it is dead or has left.</param>
internal sealed record SerfPeer(string Name, MemberAddress Address, RawBytes Meta, RawBytes Versions, bool Up)
{
    private const int ProtocolMaximum = 1;
    private const int DelegateMaximum = 4;

    /// <summary>The oldest protocol whose members relay answers.</summary>
    private const int RelayVersion = 5;

    /// <summary>False for users of memberlist without Serf's layer: they are sent nothing of it.</summary>
    internal bool SpeaksSerf => Versions.Length == WireLimits.Versions && Versions.Span[DelegateMaximum] > 0;

    internal bool Relays => SpeaksSerf && Versions.Span[ProtocolMaximum] >= RelayVersion;
}
