using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tidegate.Engine;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Services;

/// <summary>What a service gets from the gateway that it runs in.</summary>
/// <param name="Loops">The event loops.</param>
/// <param name="Logger">Its own logger, <c>tidegate.service.TYPE</c>.</param>
/// <param name="WebDirectory">The directory that relative directories of files are under.</param>
/// <param name="Tls">How to speak TLS.</param>
/// <param name="Pipes">The pipes inside the gateway.</param>
/// <param name="Time">Tells how late it is.</param>
/// <param name="Balances">Which services of which gateways balancers send clients to.</param>
/// <param name="Secrets">What the gateways of the cluster share, and nobody else has.</param>
/// <param name="Clients">Proves to other gateways who the clients are that this one relays.</param>
internal sealed record ServiceContext(
    EventLoops Loops, ILogger Logger, string WebDirectory, GatewayTls Tls, PipeBoard Pipes, TimeProvider Time, BalanceMap Balances,
    ClusterSecrets Secrets, ClientProof Clients)
{
    /// <summary>How long a cluster member may stay silent that clients are relayed to.</summary>
    internal required TimeSpan RelaySilence { get; init; }
}

/// <summary>A running service: what happens to the sessions and requests that its accepts bring.</summary>
internal abstract class Service(ServiceConfiguration configuration) : IAsyncDisposable
{
    private int _sessions;
    private long _begun;
    private Action? _sessionEnded;
    private Balancer.Detour? _detour;
    private Balancer.ReturningClients? _returning;

    internal ServiceConfiguration Configuration { get; } = configuration;

    /// <summary>The bounds on its emulated WebSockets and event streams. Set before anyone can open one.</summary>
    internal Clients.SessionBounds Bounds { get; set; } = new(configuration, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);

    /// <summary>How many sessions are open, for balancers and operators.</summary>
    internal int Sessions => Volatile.Read(ref _sessions);

    /// <summary>How many have ever begun, counted as <see cref="Sessions"/> are.</summary>
    internal long Begun => Interlocked.Read(ref _begun);

    /// <summary>False while clients are to be turned away, because what is behind the service is lost.</summary>
    internal virtual bool IsAccepting => true;

    /// <summary>Where new clients are taken while the gateway drains; null at all other times, and where the service is offered to nobody.</summary>
    internal Balancer.Detour? Detour
    {
        get => Volatile.Read(ref _detour);
        set => Volatile.Write(ref _detour, value);
    }

    /// <summary>Who may come back and had better go elsewhere, while the gateway drains; null at all other times.</summary>
    internal Balancer.ReturningClients? Returning
    {
        get => Volatile.Read(ref _returning);
        set => Volatile.Write(ref _returning, value);
    }

    /// <summary>Who may use it; null where everyone may. Set before anyone can.</summary>
    internal Protection? Protection { get; set; }

    /// <summary>Raised when <see cref="IsAccepting"/> has changed.</summary>
    internal event Action<Service>? AcceptingChanged;

    /// <summary>Prepares the service; what it throws as <see cref="GatewayStartException"/> keeps the gateway from starting.</summary>
    internal virtual Task StartAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>What serves an accept of this service: itself, unless that accept is not for clients. Asked once for each, when it is bound.</summary>
    internal virtual Service EntranceFor(ServiceAddress accept) => this;

    /// <summary>Gives a client's session, not started yet, to the service. To be called on the session's loop.</summary>
    internal void Begin(Session session) => Begin(session, OnSession);

    /// <summary>The same for a session that <paramref name="start"/> knows what to do with.</summary>
    private protected void Begin(Session session, Action<Session> start)
    {
        Interlocked.Increment(ref _sessions);
        Interlocked.Increment(ref _begun);
        session.WhenEnded += _sessionEnded ??= () => Interlocked.Decrement(ref _sessions);
        start(session);
        Protection?.Limit(session);
    }

    /// <summary>
    /// A WebSocket handshake that is in order, for an accept of this service. The service may answer it in another way, or have the
    /// session for itself; null where it is granted as usual, which leads to <see cref="OnSession"/>.
    /// </summary>
    internal virtual ValueTask<HandshakeDecision?> OnHandshakeAsync(HttpContext http, Route route) => default;

    /// <summary>
    /// Where a client is sent that can be told so within the WebSocket; null where the service serves it itself. Asked before
    /// <see cref="OnHandshakeAsync"/>, of a handshake that is in order.
    /// </summary>
    internal virtual ClientDirection? DirectionFor(HttpContext http, Route route) => null;

    /// <summary>The members that a client can be relayed to which a redirect would not lead there, the best first; asked for one after the other.</summary>
    internal virtual IEnumerable<BalanceCandidate> MembersFor(HttpContext http, Route route) => [];

    /// <summary>A client's session, not started yet. Called on the session's loop.</summary>
    internal virtual void OnSession(Session session) => session.Abort();

    /// <summary>
    /// Whether requests under http accepts that ask for a WebSocket are the service's, too. Where they are not, there is no WebSocket
    /// at such an address: 404.
    /// </summary>
    internal virtual bool TakesUpgrades => false;

    /// <summary>An HTTP request under one of the service's accepts.</summary>
    internal virtual Task OnRequestAsync(HttpContext http, Route route) => OnRequestAsync(http, route.DecodedPath);

    /// <summary>The same for services that need to know no more than the accept's path.</summary>
    internal virtual Task OnRequestAsync(HttpContext http, string basePath)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected void RaiseAcceptingChanged() => AcceptingChanged?.Invoke(this);
}

/// <summary>What a service makes of a WebSocket handshake.</summary>
/// <param name="Subprotocol">The subprotocol that is agreed to, or null.</param>
/// <param name="Begin">Gets the session, not started yet, on its loop; null where the service has answered the handshake itself.</param>
internal sealed record HandshakeDecision(string? Subprotocol, Action<Session>? Begin)
{
    /// <summary>The service has answered.</summary>
    internal static HandshakeDecision Answered { get; } = new(null, null);
}

/// <summary>Where a service sends its clients.</summary>
/// <param name="Next">
/// The address for one client, <c>ws</c> or <c>wss</c> with path and query, in ASCII; null where there is none at the moment. Called on any thread,
/// with the request where the address is told in the answer to it, which has not begun, and with null where it is told within the WebSocket.
/// </param>
/// <param name="HoldsForUnaware">Whether clients are sent there, too, that did not say that they understand it.</param>
internal sealed record ClientDirection(Func<HttpContext?, string?> Next, bool HoldsForUnaware);
