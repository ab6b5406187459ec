using System.Net;
using System.Net.Sockets;

namespace Tidegate.Gateway.Addressing;

/// <summary>
/// The host of an address: <see cref="HostName"/> or <see cref="HostAddress"/>. A network interface (<c>@eth0</c>) will be a third
/// case, so code that needs sockets must switch over the cases rather than treat the text as a name.
/// </summary>
public abstract record UriHost
{
    private protected UriHost()
    {
    }
}

/// <summary>A DNS name, in lower case. It may stand for several addresses, IPv4 and IPv6.</summary>
/// <param name="Name">At most 253 characters in labels of at most 63.</param>
public sealed record HostName(string Name) : UriHost
{
    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary>A literal IPv4 or IPv6 address.</summary>
/// <param name="Address">The address, with its scope if it is link-local.</param>
public sealed record HostAddress(IPAddress Address) : UriHost
{
    /// <summary>The address as it stands in a URI: IPv6 in brackets.</summary>
    public override string ToString() =>
        Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Address}]" : Address.ToString();
}
