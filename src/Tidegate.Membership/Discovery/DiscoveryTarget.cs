using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Membership.Discovery;

internal enum DiscoveryKind : byte
{
    /// <summary><c>tcp://host:port</c>: members to join.</summary>
    Seed,

    /// <summary><c>udp://host:port</c>: whom to call by unicast.</summary>
    UnicastBeacon,

    /// <summary><c>udp://group:port</c> with a multicast address: the group to call in and listen to.</summary>
    MulticastBeacon,
}

/// <summary>One way to find others.</summary>
/// <param name="Kind">Which way.</param>
/// <param name="Host">A name, which is resolved again and again, or an address.</param>
/// <param name="Port">From 1 to 65535.</param>
internal sealed record DiscoveryTarget(DiscoveryKind Kind, string Host, int Port)
{
    /// <summary>Reads <c>tcp://host:port</c> or <c>udp://host:port</c>; IPv6 addresses stand in brackets.</summary>
    /// <exception cref="FormatException">It is neither; the message says what is wrong and what would be right.</exception>
    internal static DiscoveryTarget Parse(string text)
    {
        int schemeEnd = text.IndexOf("://", StringComparison.Ordinal);
        string scheme = schemeEnd < 0 ? "" : text[..schemeEnd];
        if (scheme is not ("tcp" or "udp"))
        {
            throw Wrong(text, "it begins with neither tcp:// nor udp://");
        }

        string rest = text[(schemeEnd + 3)..];
        int colon = rest.LastIndexOf(':');
        if (colon < 0 || rest.EndsWith(']'))
        {
            throw Wrong(text, "it has no port");
        }

        if (!ushort.TryParse(rest.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out ushort port) || port == 0)
        {
            throw Wrong(text, "its port is no number from 1 to 65535");
        }

        string host = rest[..colon];
        if (host.Contains(':', StringComparison.Ordinal) || host.StartsWith('['))
        {
            bool isBracketed = host.StartsWith('[') && host.EndsWith(']');
            host = host.Trim('[', ']');
            if (!isBracketed || !IPAddress.TryParse(host, out IPAddress? six) || six.AddressFamily != AddressFamily.InterNetworkV6)
            {
                throw Wrong(text, "an IPv6 address must stand in brackets, as in tcp://[fe80::1]:7946");
            }
        }

        if (host.Length == 0 || host.AsSpan().IndexOfAny("/?#@ ") >= 0)
        {
            throw Wrong(text, "its host is no name and no address");
        }

        bool isGroup = IPAddress.TryParse(host, out IPAddress? address) && IsMulticast(address);
        if (isGroup && scheme == "tcp")
        {
            throw Wrong(text, "a multicast address has no TCP; write udp://");
        }

        DiscoveryKind kind = scheme == "tcp" ? DiscoveryKind.Seed : isGroup ? DiscoveryKind.MulticastBeacon : DiscoveryKind.UnicastBeacon;
        return new DiscoveryTarget(kind, host, port);
    }

    internal static bool IsMulticast(IPAddress address) =>
        address.IsIPv6Multicast || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is >= 224 and < 240);

    private static FormatException Wrong(string text, string what) =>
        new($"\"{text}\" cannot be used to find members: {what}. Right would be tcp://seed.example:7946, udp://members.example:7947 or udp://239.1.2.3:7947.");
}
