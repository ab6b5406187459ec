using System.Net;
using System.Net.Sockets;

namespace Tidegate.Gateway.Addressing;

/// <summary>
/// The host of an address: <see cref="HostName"/>, <see cref="HostAddress"/>, <see cref="InterfaceName"/>, <see cref="AnyHost"/> or
/// <see cref="PipeName"/>.
/// Code that needs sockets must switch over the cases rather than treat the text as a name.
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
    /// <summary>Whether it is a group of hosts (RFC 5771, RFC 4291, section 2.7), which no interface has.</summary>
    internal bool IsMulticast =>
        Address.AddressFamily == AddressFamily.InterNetworkV6 ? Address.IsIPv6Multicast : (Address.GetAddressBytes()[0] & 0xF0) == 0xE0;

    /// <summary>The address as it stands in a URI: IPv6 in brackets.</summary>
    public override string ToString() =>
        Address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{Address}]" : Address.ToString();
}

/// <summary>A network interface of this machine: all addresses that it has when sockets are bound. For accepts and binds only.</summary>
/// <param name="Name">
/// The name as written, such as <c>eth0</c>, the label <c>eth0:1</c>, or <c>Local Area Connection</c>; without brackets and line breaks.
/// </param>
public sealed record InterfaceName(string Name) : UriHost
{
    /// <summary>The interface as it stands in a URI: in brackets where it holds more than letters, digits and <c>-._</c>.</summary>
    public override string ToString() => Name.All(IsPlain) ? $"@{Name}" : $"[@{Name}]";

    internal static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.';
}

/// <summary>The name of a pipe inside the gateway, in lower case. It has nothing to do with networks.</summary>
/// <param name="Name">At most 253 letters, digits and <c>-._</c>.</param>
public sealed record PipeName(string Name) : UriHost
{
    /// <summary>The name.</summary>
    public override string ToString() => Name;
}

/// <summary><c>*</c>: every address of this machine, whatever the client calls it. For accepts and binds only.</summary>
public sealed record AnyHost : UriHost
{
    private AnyHost()
    {
    }

    /// <summary>The only one.</summary>
    public static AnyHost Instance { get; } = new();

    /// <summary><c>*</c></summary>
    public override string ToString() => "*";
}
