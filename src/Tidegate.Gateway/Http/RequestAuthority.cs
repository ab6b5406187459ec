using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Tidegate.Gateway.Http;

/// <summary>A Host header in the one form that authorities are compared in.</summary>
/// <param name="Host">In lower case, without a dot at its end, IPv6 in brackets and in its canonical form; empty where there was none.</param>
/// <param name="Port">The port, or null where none was written; -1 for a number that is no port.</param>
internal readonly record struct RequestAuthority(string Host, int? Port)
{
    private const int NoPort = -1;

    internal static RequestAuthority Of(HostString header)
    {
        if (!header.HasValue)
        {
            return new RequestAuthority(string.Empty, null);
        }

        string host = header.Host;
        if (host.StartsWith('['))
        {
            host = IPAddress.TryParse(host, out IPAddress? address) ? HostOf(address) : host;
        }
        else
        {
            // A name may be written with the dot of the root (RFC 1034, section 3.1).
            host = host.EndsWith('.') ? host[..^1].ToLowerInvariant() : host.ToLowerInvariant();
        }

        return new RequestAuthority(host, header.Port ?? (HasPort(header.Value!) ? NoPort : null));
    }

    private static bool HasPort(string authority) => authority.LastIndexOf(':') > authority.LastIndexOf(']');

    /// <summary>An address as a host. Its scope means something on one machine only, and is never sent (RFC 6874, section 4).</summary>
    internal static string HostOf(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{new IPAddress(address.GetAddressBytes())}]" : address.ToString();
}
