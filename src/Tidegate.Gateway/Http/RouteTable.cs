using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Http;

/// <summary>One accept of one service, as requests find it.</summary>
/// <param name="Uri">The accept as configured.</param>
/// <param name="Service">The service that it belongs to.</param>
internal sealed record Route(GatewayUri Uri, Service Service);

/// <summary>
/// What is served at one address and port, told apart by authority and path. A request that came in elsewhere can not reach
/// it, whatever its Host header says.
/// </summary>
internal sealed class RouteTable
{
    private ImmutableArray<Entry> _entries = [];

    /// <summary>Adds an accept; <paramref name="port"/> is its port, or the real one where any free port was asked for.</summary>
    internal void Add(Route route, int port) => _entries = _entries.Add(new Entry(route, AuthoritiesOf(route.Uri, port)));

    /// <summary>An accept that claims the same thing, or null. An http and a ws accept may share a path.</summary>
    internal Route? Conflicting(GatewayUri uri)
    {
        foreach (Entry entry in _entries)
        {
            GatewayUri other = entry.Route.Uri;
            if (other.Scheme == uri.Scheme && other.Host == uri.Host && other.Port == uri.Port && other.Path.TrimEnd('/') == uri.Path.TrimEnd('/'))
            {
                return entry.Route;
            }
        }

        return null;
    }

    /// <summary>The accept that takes WebSockets at exactly this path, or null.</summary>
    internal Route? FindWebSocket(HostString host, string path)
    {
        string authority = Normalize(host);
        foreach (Entry entry in _entries)
        {
            if (entry.Route.Uri.Scheme == UriScheme.Ws && entry.Serves(authority) && string.Equals(entry.Route.Uri.Path, path, StringComparison.Ordinal))
            {
                return entry.Route;
            }
        }

        return null;
    }

    /// <summary>The accept whose path is the longest that leads to this one, by whole segments; null where there is none.</summary>
    internal Route? FindHttp(HostString host, string path)
    {
        string authority = Normalize(host);
        Route? longest = null;
        foreach (Entry entry in _entries)
        {
            Route route = entry.Route;
            if (route.Uri.Scheme == UriScheme.Http && entry.Serves(authority) && Leads(route.Uri.Path, path)
                && (longest is null || route.Uri.Path.Length > longest.Uri.Path.Length))
            {
                longest = route;
            }
        }

        return longest;
    }

    private static bool Leads(string acceptPath, string path)
    {
        string prefix = acceptPath.TrimEnd('/');
        return path.StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] == '/');
    }

    /// <summary>The authorities that mean this accept; empty for every one.</summary>
    private static ImmutableArray<string> AuthoritiesOf(GatewayUri uri, int port)
    {
        string suffix = string.Create(CultureInfo.InvariantCulture, $":{port}");
        return uri.Host switch
        {
            HostAddress { Address: var address } when address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) => [],
            // Whoever says localhost means this machine, however a client spells it.
            HostName { Name: "localhost" } => ["localhost" + suffix, "127.0.0.1" + suffix, "[::1]" + suffix],
            _ => [uri.Host.ToString()!.ToLowerInvariant() + suffix],
        };
    }

    private static string Normalize(HostString host)
    {
        string value = host.Value ?? string.Empty;
        return (host.Port is null ? value.TrimEnd(':') + ":80" : value).ToLowerInvariant();
    }

    private sealed record Entry(Route Route, ImmutableArray<string> Authorities)
    {
        internal bool Serves(string authority) => Authorities.IsEmpty || Authorities.Contains(authority);
    }
}
