using System.Net;

namespace Tidegate.Membership;

/// <summary>A way to find other members.</summary>
public abstract record DiscoverySource
{
    private protected DiscoverySource()
    {
    }
}

/// <summary>
/// A member that is asked for all the others. One that lives is enough; all are tried again for ever. A name is resolved again and
/// again, and each of its addresses is a seed.
/// </summary>
/// <param name="Host">An address or a name.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record SeedSource(string Host, int Port) : DiscoverySource;

/// <summary>A group on whose every network members shout now and then that they are there.</summary>
/// <param name="Group">A multicast address, IPv4 or IPv6.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record MulticastSource(IPAddress Group, int Port) : DiscoverySource
{
    /// <summary>How many routers a packet may pass, plus one; 1 to 255. Default 1: none.</summary>
    public int TimeToLive { get; init; } = 1;
}

/// <summary>
/// A name with unicast addresses, to each of which members send word now and then that they are there, on that port; each
/// member also listens there. For networks without multicast whose names are kept up to date.
/// </summary>
/// <param name="Host">A name, or an address.</param>
/// <param name="Port">1 to 65535.</param>
public sealed record BeaconSource(string Host, int Port) : DiscoverySource;
