using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Http;

/// <summary>Decides what becomes of a request. Every kind of client passes here, so this is where rules of access belong.</summary>
internal sealed class HttpPipeline(
    HttpLimits limits, RelayedClient relayed, EmulatedSessions emulated, EventStreamSessions events, SessionOwners owners, ILogger logger)
{
    // Of accepts it can not be a part.
    private const string ClientMark = "/;";

    private readonly Emulation _emulation = new(emulated);
    private readonly EventStreams _events = new(events);
    private readonly CrossOrigin _crossOrigin = new(logger);
    private readonly AccessControl _access = new(logger);
    private volatile bool _isDraining;
    private volatile SessionRelay? _sessionRelay;

    /// <summary>What takes requests to other members; null outside of a cluster.</summary>
    internal SessionRelay? Relay
    {
        get => _sessionRelay;
        set => _sessionRelay = value;
    }

    /// <summary>From now on each connection ends with the answer that is under way, or that follows.</summary>
    internal void Drain() => _isDraining = true;

    internal async Task HandleAsync(HttpContext http)
    {
        var connection = http.Features.GetRequiredFeature<IDetachableConnection>();
        if (_isDraining && !WebSocketUpgrade.IsAsked(http))
        {
            // Kestrel says so in its answer: by "Connection: close", or by a GOAWAY beside it.
            http.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }

        if (RequestRules.FaultOf(http, connection) is { } fault)
        {
            await RequestRules.RefuseAsync(http.Response, fault).ConfigureAwait(false);
            return;
        }

        relayed.Establish(http);
        ClientHandshake.TakeOldOrigin(http.Request.Headers);
        string path = RawPath(http);
        var events = EventStreamPath.Read(path);
        if (!WebSocketUpgrade.IsAsked(http) && FindEvents(connection.Routes, http.Request, events) is { } streamed)
        {
            await StreamAsync(http, connection, streamed, events).ConfigureAwait(false);
            return;
        }

        if (path.Contains(ClientMark, StringComparison.Ordinal))
        {
            await HandleClientAsync(http, connection, path).ConfigureAwait(false);
            return;
        }

        if (GatewayResources.IsOne(http.Request.Path.Value ?? "/", http.Request.QueryString.Value ?? ""))
        {
            await GatewayResources.HandleAsync(http, connection.Routes).ConfigureAwait(false);
            return;
        }

        Route? route = Find(http, connection.Routes);
        connection.BeginRequest();
        try
        {
            if (route is null)
            {
                connection.Routes.ReportIfUnknown(http.Request.Host, http.Connection.LocalPort);
                http.Response.StatusCode = StatusCodes.Status404NotFound;
            }
            else if (_crossOrigin.Admits(http, route) && await _access.AdmitsAsync(http, route.Service.Protection, KindOf(http, route)).ConfigureAwait(false))
            {
                await (IsWebSocket(route)
                    ? WebSocketUpgrade.HandleAsync(http, route)
                    : route.Service.Detour?.OnRequestAsync(http, route) ?? route.Service.OnRequestAsync(http, route)).ConfigureAwait(false);
            }
        }
        finally
        {
            EndRequest(connection, route);
        }
    }

    /// <summary>What only client libraries of the old gateway ask for: no service is ever behind it.</summary>
    private async Task HandleClientAsync(HttpContext http, IDetachableConnection connection, string path)
    {
        HttpRequest request = http.Request;
        bool isEmulation = EmulationPath.TryRead(path, out EmulationPath emulation);
        if (isEmulation && await TryRelayAsync(http, connection, emulation).ConfigureAwait(false))
        {
            return;
        }

        string? named = $"{request.QueryString.Value}{emulation.Parameters}".Contains(PageOrigin.Parameter, StringComparison.Ordinal)
            ? EmulationQuery.Read(request.QueryString.Value, emulation.Parameters ?? "").Origin
            : null;
        WrappedResponse? wrapped = named is not null || request.Headers.ContainsKey(PageOrigin.Header) ? WrappedResponse.Open(http) : null;
        if (!PageOrigin.TryTakeFromQuery(request, named))
        {
            http.Response.StatusCode = StatusCodes.Status403Forbidden;
        }
        else if (CookieEcho.AcceptPathOf(path) is { } acceptPath && connection.Routes.FindWebSocket(request.Host, acceptPath) is { Service.IsAccepting: true } asked)
        {
            if (_crossOrigin.Admits(http, asked) && await _access.AdmitsAsync(http, asked.Service.Protection, ClientKind.HandshakeWithin).ConfigureAwait(false))
            {
                await CookieEcho.HandleAsync(http).ConfigureAwait(false);
            }
        }
        else if (CookieResource.TryRead(path, out string below, out CookieUse cookies) && FindEmulated(connection.Routes, request.Host, below) is { Service.IsAccepting: true } kept)
        {
            if (_crossOrigin.Admits(http, kept) && await _access.AdmitsAsync(http, kept.Service.Protection, ClientKind.Library).ConfigureAwait(false))
            {
                await CookieResource.HandleAsync(http, cookies, mayWrite: !CrossOrigin.IsLetInWithAll(http, kept)).ConfigureAwait(false);
            }
        }
        else if (isEmulation && FindEmulated(connection.Routes, request.Host, emulation.AcceptPath) is { } served
            && served.Service is not TunnelEntrance && served.Service.Configuration.AcceptOptions.Offer != WebSocketOffer.Native
            && (served.Service.IsAccepting || emulation.Use != EmulationUse.Create))
        {
            await EmulateAsync(http, connection, served, emulation).ConfigureAwait(false);
        }
        else
        {
            await GatewayResources.HandleAsync(http, connection.Routes).ConfigureAwait(false);
        }

        if (wrapped is not null)
        {
            await wrapped.EndAsync(http.RequestAborted).ConfigureAwait(false);
        }
    }

    private async Task EmulateAsync(HttpContext http, IDetachableConnection connection, Route route, EmulationPath path)
    {
        connection.BeginRequest();
        try
        {
            if (_crossOrigin.Admits(http, route)
                && (path.Use != EmulationUse.Create || await _access.AdmitsAsync(http, route.Service.Protection, ClientKind.Library).ConfigureAwait(false)))
            {
                await _emulation.HandleAsync(http, route, path).ConfigureAwait(false);
            }
        }
        finally
        {
            EndRequest(connection, route);
        }
    }

    /// <summary>
    /// Takes a request to the member that has its session, and one that opens a session to another member than one that drains, where a
    /// redirect would not lead there. It goes as it came: the rules for origins and logins are the owner's, and so is the form of the answer.
    /// </summary>
    private async ValueTask<bool> TryRelayAsync(HttpContext http, IDetachableConnection connection, EmulationPath path)
    {
        // CONNECT would ask the member for a tunnel, and by that not for this path.
        if (!owners.HasOthers || MemberRelay.IsRelayed(http.Request) || HttpMethods.IsConnect(http.Request.Method)
            || FindEmulated(connection.Routes, http.Request.Host, path.AcceptPath) is not { Service: not TunnelEntrance } route)
        {
            return false;
        }

        connection.BeginRequest();
        try
        {
            await owners.BegunAsync(http.RequestAborted).ConfigureAwait(false);
            SessionDestination? destination = path.Use == EmulationUse.Create ? route.Service.Detour?.RelayFor(route)
                : await owners.FindAsync(path.Id, http.RequestAborted).ConfigureAwait(false) is { } owner && owner.Entrance.IsSecure == connection.Routes.IsSecure
                    ? new SessionDestination(owner.Member, owner.Entrance.At, owner.Entrance.IsEncrypted)
                : null;

            // Where the owner can not be reached, nobody here has the session either: 404.
            return destination is not null && Relay is { } relay && await relay.TryForwardAsync(http, route, destination, path.Use).ConfigureAwait(false);
        }
        finally
        {
            EndRequest(connection, route);
        }
    }

    /// <summary>Whoever comes back by an address of its own shows by that that it was let in.</summary>
    private async Task StreamAsync(HttpContext http, IDetachableConnection connection, Route route, EventStreamPath path)
    {
        HttpRequest request = http.Request;
        string? named = EmulationQuery.Read(request.QueryString.Value, path.Parameters).Origin;
        WrappedResponse? wrapped = named is not null || request.Headers.ContainsKey(PageOrigin.Header) ? WrappedResponse.Open(http) : null;
        connection.BeginRequest();
        try
        {
            if (!PageOrigin.TryTakeFromQuery(request, named))
            {
                http.Response.StatusCode = StatusCodes.Status403Forbidden;
            }
            else if (_crossOrigin.Admits(http, route)
                && (path.Id.Length > 0
                    || await _access.AdmitsAsync(http, route.Service.Protection, wrapped is null ? ClientKind.Http : ClientKind.Library).ConfigureAwait(false)))
            {
                await _events.HandleAsync(http, route, path, Relay).ConfigureAwait(false);
            }

            if (wrapped is not null)
            {
                await wrapped.EndAsync(http.RequestAborted).ConfigureAwait(false);
            }
        }
        finally
        {
            EndRequest(connection, route);
        }
    }

    private void EndRequest(IDetachableConnection connection, Route? route)
    {
        TimeSpan keepalive = route?.Service.Configuration.AcceptOptions.KeepaliveTimeout ?? limits.KeepaliveTimeout;
        connection.EndRequest(keepalive, watch: keepalive < limits.KeepaliveTimeout);
    }

    private static Route? Find(HttpContext http, RouteTable routes)
    {
        if (routes.FindWebSocket(http.Request.Host, RawPath(http)) is { Service.IsAccepting: true } webSocket)
        {
            return webSocket;
        }

        // Files are found by the decoded path: it is what their names are.
        return routes.FindHttp(http.Request.Host, http.Request.Path.Value ?? "/") is { Service.IsAccepting: true } route
            && (route.Service.TakesUpgrades || !WebSocketUpgrade.IsAsked(http))
            && !LeadsPastProtection(http.Request, routes, route)
            ? route
            : null;
    }

    /// <summary>
    /// Whether others could read the path as one of a service that has a login, and this one has not the same: what is behind two services may be one
    /// tree of files, or one back-end, which reads <c>//private</c> as <c>/private</c>.
    /// </summary>
    private static bool LeadsPastProtection(HttpRequest request, RouteTable routes, Route route) =>
        OtherReading.Of(request.Path.Value ?? "/") is { } other
        && routes.FindHttp(request.Host, other) is { Service: { Protection: not null } meant }
        && !ReferenceEquals(meant, route.Service);

    /// <summary>Of an accept whose path ends with a slash, clients and balancers may leave that out before what they append.</summary>
    private static Route? FindEmulated(RouteTable routes, HostString host, string path) =>
        routes.FindWebSocket(host, path) ?? (path.EndsWith('/') ? null : routes.FindWebSocket(host, path + "/"));

    /// <summary>Paths of the gateway itself go before any service, but for that by which clients of this one come back.</summary>
    private static Route? FindEvents(RouteTable routes, HttpRequest request, EventStreamPath path) =>
        GatewayResources.IsOne(path.AcceptPath, request.QueryString.Value ?? "") ? null : routes.FindEventStream(request.Host, path.AcceptPath);

    private static ClientKind KindOf(HttpContext http, Route route) =>
        !IsWebSocket(route) ? ClientKind.Http : ClientHandshake.IsAnsweredWithin(http, route) ? ClientKind.HandshakeWithin : ClientKind.WebSocket;

    private static bool IsWebSocket(Route route) => route.Uri.Scheme.Name is "ws" or "wss";

    /// <summary>The path as it was sent, still percent-encoded, which is how accepts are written.</summary>
    internal static string RawPath(HttpContext http)
    {
        string target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        int query = target.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? target : target[..query];
        if (path.StartsWith('/'))
        {
            return path;
        }

        // As proxies are sent it: scheme and authority come first (RFC 9112, section 3.2.2).
        int authority = path.IndexOf("://", StringComparison.Ordinal);
        int slash = authority < 0 ? -1 : path.IndexOf('/', authority + "://".Length);
        return slash < 0 ? http.Request.Path.Value ?? "/" : path[slash..];
    }
}
