using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>The headers that tell a back-end who the client is: <c>Forwarded</c> (RFC 7239) and what was there before it.</summary>
internal static class ForwardedHeaders
{
    internal const string Forwarded = "Forwarded";
    internal const string For = "X-Forwarded-For";
    internal const string Server = "X-Forwarded-Server";
    internal const string Proto = "X-Forwarded-Proto";
    internal const string Host = "X-Forwarded-Host";

    /// <summary>Whether a header is one of them.</summary>
    internal static bool Include(string name) =>
        name.Equals(Forwarded, StringComparison.OrdinalIgnoreCase) || name.Equals(For, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Server, StringComparison.OrdinalIgnoreCase) || name.Equals(Proto, StringComparison.OrdinalIgnoreCase)
        || name.Equals(Host, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// What is said of a request. Lists go on, this client being their last; of the others there is one value, the gateway's own, since
    /// back-ends believe the first that they find.
    /// </summary>
    internal static IEnumerable<(string Name, string Value)> Of(HttpContext http)
    {
        IHeaderDictionary headers = http.Request.Headers;
        string client = Node(http.Connection.RemoteIpAddress, http.Connection.RemotePort);
        string here = Node(http.Connection.LocalIpAddress, null);
        string host = HostOf(http);
        yield return (Forwarded, Appended(headers[Forwarded], $"for={Quoted(client)};by={Quoted(here)};proto={http.Request.Scheme};host={Quoted(host)}"));
        yield return (For, Appended(headers[For], client));
        yield return (Server, here);
        yield return (Proto, http.Request.Scheme);
        yield return (Host, host);
    }

    private static string Appended(StringValues before, string value) => before.Count == 0 ? value : $"{before}, {value}";

    /// <summary>Host and port, the port written: what has no port of its own gets the scheme's.</summary>
    private static string HostOf(HttpContext http)
    {
        HostString host = http.Request.Host.HasValue ? http.Request.Host : new HostString(Node(http.Connection.LocalIpAddress, http.Connection.LocalPort));
        return host.Port is null ? $"{host.Host}:{(http.Request.IsHttps ? 443 : 80)}" : host.Value!;
    }

    private static string Node(IPAddress? address, int? port)
    {
        // An address that is none of IPv4 only because the socket is of both kinds is one.
        address = address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address;
        string host = address is null ? "unknown"
            : address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{new IPAddress(address.GetAddressBytes())}]"
            : address.ToString();
        return port is null || address is null ? host : $"{host}:{port}";
    }

    // A token needs no quotes (RFC 7239, section 4). Neither holds a quote or a backslash: they are addresses, and a Host that was checked.
    private static string Quoted(string text) => text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_') ? text : $"\"{text}\"";
}
