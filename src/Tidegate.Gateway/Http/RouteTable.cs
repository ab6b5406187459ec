using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Http;

/// <summary>One accept of one service, as requests find it.</summary>
/// <param name="Accept">The accept as configured, and where.</param>
/// <param name="Service">The service that it belongs to.</param>
internal sealed record Route(ServiceAddress Accept, Service Service)
{
    internal GatewayUri Uri => Accept.Uri;

    /// <summary>The path as a server hands out that of a request: percent-decoded, but for the slash.</summary>
    internal string DecodedPath { get; } =
        System.Uri.UnescapeDataString(Accept.Uri.Path.Replace("%2F", "%252F", StringComparison.OrdinalIgnoreCase));
}

/// <summary>
/// What is served at one address and port, told apart by authority and path. A request that came in elsewhere can not reach
/// it, whatever its Host header says.
/// </summary>
internal sealed partial class RouteTable(ILogger logger)
{
    // Longer than any host name; what a client sends beyond that says nothing.
    private const int LongestShownHost = 300;
    private readonly ILogger _logger = logger;
    private ImmutableArray<Entry> _entries = [];

    /// <summary>True where clients speak https and wss, to the gateway or to what does TLS in front of it.</summary>
    internal bool IsSecure { get; init; }

    /// <summary>Whether HTTP/2 is spoken here.</summary>
    internal bool SpeaksHttp2 { get; private set; } = true;

    /// <summary>Whether clients are told that WebSockets may be streams of HTTP/2: all that are served here may.</summary>
    internal bool OffersWebSocketStreams { get; private set; } = true;

    private int _hasReported;

    /// <summary>Adds an accept; <paramref name="port"/> is its port, or the real one where any free port was asked for.</summary>
    internal void Add(Route route, int port)
    {
        AcceptOptions options = route.Service.Configuration.AcceptOptions;
        SpeaksHttp2 &= options.Http2;
        OffersWebSocketStreams &= options.WebSocketsOverHttp2 || !route.Uri.Scheme.IsWebSocket;
        _entries = _entries.Add(new Entry(route, HostsOf(route.Uri.Host), port));
    }

    /// <summary>Adds an accept, unless another service claims the same; <paramref name="place"/> is what the port or pipe is called.</summary>
    /// <exception cref="GatewayStartException">Another service does; both places are named.</exception>
    internal void Claim(Service service, ServiceAddress accept, int port, string place)
    {
        var route = new Route(accept, service);
        if (Conflicting(route, port) is { } other)
        {
            throw new GatewayStartException(
                accept.Position,
                service.Configuration,
                $"{accept.Uri} is served already at {place} by {other.Uri} of service \"{other.Service.Configuration.Name}\" ({other.Accept.Position}).",
                "Give one of the two another host, path or port.");
        }

        if (!_entries.IsEmpty && service.Configuration.AcceptOptions.Http2 != SpeaksHttp2)
        {
            Route first = _entries[0].Route;
            throw new GatewayStartException(
                accept.Position,
                service.Configuration,
                $"<http.http2> value for <accept>{accept.Uri}</accept> does not match <http.http2> value for <accept>{first.Uri}</accept> " +
                $"of service \"{first.Service.Configuration.Name}\" ({first.Accept.Position}) at {place}.",
                "Write the same for both, or give one of them another port.");
        }

        Add(route, port);
    }

    /// <summary>
    /// An accept of another service that claims the same thing, or null. An http and a ws accept may share a path, and an accept at a
    /// host goes before one at any host.
    /// </summary>
    internal Route? Conflicting(Route route, int port)
    {
        var wanted = new Entry(route, HostsOf(route.Uri.Host), port);
        foreach (Entry entry in _entries)
        {
            if (!ReferenceEquals(entry.Route.Service, route.Service) && entry.ClaimsTheSameAs(wanted))
            {
                return entry.Route;
            }
        }

        return null;
    }

    /// <summary>The accept that takes WebSockets at exactly this path, or null.</summary>
    /// <param name="host">The Host header.</param>
    /// <param name="path">The path as it was sent, percent-encoded.</param>
    internal Route? FindWebSocket(HostString host, string path)
    {
        RequestAuthority authority = RequestAuthority.Of(host);
        Entry? best = null;
        foreach (Entry entry in _entries)
        {
            GatewayUri uri = entry.Route.Uri;
            if (uri.Scheme.IsWebSocket && string.Equals(uri.Path, path, StringComparison.Ordinal) && entry.Serves(authority)
                && (best is null || best.IsForAnyHost))
            {
                best = entry;
            }
        }

        return best?.Route;
    }

    /// <summary>The accepts of this host that client libraries connect to, which files and applications are not.</summary>
    internal IReadOnlyList<Route> ForClients(HostString host)
    {
        RequestAuthority authority = RequestAuthority.Of(host);
        return [.. _entries.Where(entry => entry.Route.Uri.Scheme.Name is not ("http" or "https") && entry.Serves(authority)).Select(entry => entry.Route)];
    }

    /// <summary>The accept whose path is the longest that leads to this one, by whole segments; null where there is none.</summary>
    /// <param name="host">The Host header.</param>
    /// <param name="path">The path, percent-decoded.</param>
    internal Route? FindHttp(HostString host, string path)
    {
        RequestAuthority authority = RequestAuthority.Of(host);
        Entry? longest = null;
        foreach (Entry entry in _entries)
        {
            if (entry.Route.Uri.Scheme.IsWebSocket || !Leads(entry.Prefix, path) || !entry.Serves(authority))
            {
                continue;
            }

            if (longest is null || entry.Prefix.Length > longest.Prefix.Length
                || (entry.Prefix.Length == longest.Prefix.Length && longest.IsForAnyHost))
            {
                longest = entry;
            }
        }

        return longest?.Route;
    }

    /// <summary>Says once which authorities are served here, when a request asks for another: a common mistake in a configuration.</summary>
    /// <param name="host">The Host header.</param>
    /// <param name="port">The port that the request came in at.</param>
    internal void ReportIfUnknown(HostString host, int port)
    {
        RequestAuthority authority = RequestAuthority.Of(host);
        if (_entries.Any(entry => entry.Serves(authority)) || Interlocked.Exchange(ref _hasReported, 1) != 0)
        {
            return;
        }

        string asked = host.Value ?? string.Empty;
        LogUnknown(
            asked.Length > LongestShownHost ? asked[..LongestShownHost] + "…" : asked, port,
            string.Join(", ", _entries.Select(entry => entry.ToString()).Distinct(StringComparer.Ordinal)));
    }

    /// <summary>Whether a request path lies under a prefix without a slash at its end.</summary>
    private static bool Leads(string prefix, string path) =>
        path.StartsWith(prefix, StringComparison.Ordinal) && (path.Length == prefix.Length || path[prefix.Length] == '/');

    /// <summary>The hosts, in the form of <see cref="RequestAuthority"/>, that mean this one; empty for every one.</summary>
    private static ImmutableArray<string> HostsOf(UriHost host) => host switch
    {
        AnyHost => [],
        // Who reaches an interface may call it what they like: it has names and addresses that no configuration says.
        InterfaceName => [],
        HostAddress { Address: var address } when address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) => [],
        HostAddress { Address: var address } => [RequestAuthority.HostOf(address)],
        // Whoever says localhost means this machine, however a client spells it.
        HostName { Name: "localhost" } => ["localhost", "127.0.0.1", "[::1]"],
        _ => [host.ToString()!],
    };

    [LoggerMessage(
        Level = LogLevel.Warning,
        Message = "A client asked for \"{Host}\" at port {Port}, where no service accepts that host: it got 404, and so will others, without a word here. Hosts served there: {Authorities}")]
    private partial void LogUnknown(string host, int port, string authorities);

    /// <summary>An accept and what it is compared by.</summary>
    private sealed record Entry(Route Route, ImmutableArray<string> Hosts, int Port)
    {
        internal string Prefix { get; } = Route.DecodedPath.TrimEnd('/');

        internal bool IsForAnyHost => Hosts.IsEmpty;

        // A client leaves out the default port of the scheme that it speaks.
        internal bool Serves(RequestAuthority authority) =>
            Hosts.IsEmpty || ((authority.Port ?? Route.Uri.Scheme.DefaultPort) == Port && Hosts.Contains(authority.Host));

        internal bool ClaimsTheSameAs(Entry other)
        {
            if (Route.Uri.Scheme.IsWebSocket != other.Route.Uri.Scheme.IsWebSocket || IsForAnyHost != other.IsForAnyHost)
            {
                return false;
            }

            bool samePath = Route.Uri.Scheme.IsWebSocket ? Route.Uri.Path == other.Route.Uri.Path : Prefix == other.Prefix;
            return samePath && (IsForAnyHost || (Port == other.Port && Hosts.Intersect(other.Hosts).Any()));
        }

        public override string ToString() => IsForAnyHost ? "*" : string.Create(CultureInfo.InvariantCulture, $"{Hosts[0]}:{Port}");
    }
}
