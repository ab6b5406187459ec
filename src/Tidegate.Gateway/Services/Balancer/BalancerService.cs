using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>
/// Sends each client to one of the services that name the balancer's accepts in <c>balance</c>: by a redirect, or for WebSocket clients
/// by a relay, since browsers do not follow a redirect there. The balancer's own rules for origins have been applied before.
/// </summary>
internal sealed partial class BalancerService : Service
{
    // A member that has just died answers at once or not at all; nobody waits for more than a few of them.
    private const int MaximumTries = 3;
    private const string RetryAfterSeconds = "1";
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(1);
    private readonly ILogger _logger;
    private readonly BalancerOptions _options;
    private readonly BalanceMap _map;
    private readonly string[] _keys;
    private readonly BalanceChoice _choice;
    private readonly MemberRelay _relay;
    private readonly MemberCookie? _cookie;
    private long _rejected = long.MinValue;
    private long _unreachable = long.MinValue;

    internal BalancerService(ServiceConfiguration configuration, ServiceContext context)
        : base(configuration)
    {
        _logger = context.Logger;
        _options = (BalancerOptions)configuration.Options;
        _map = context.Balances;
        _keys = [.. configuration.Accepts.Select(accept => BalanceTarget.KeyOf(accept.Uri)).Distinct(StringComparer.Ordinal)];
        _choice = new BalanceChoice(_options.Policy, context.Time);
        _cookie = _options.MemberCookie ? new MemberCookie(context.Secrets) : null;
        _relay = new MemberRelay(configuration, context);
    }

    internal override Task OnRequestAsync(HttpContext http, string basePath)
    {
        Route route = http.Features.GetRequiredFeature<IDetachableConnection>().Routes.FindHttp(http.Request.Host, http.Request.Path.Value ?? "/")!;
        if (Choose(http, CandidatesFor(route.Uri.Scheme)) is not { } chosen)
        {
            return RejectAsync(http);
        }

        Redirect(http, chosen, route, SuffixOf(PathOf(http), route.Uri.Path));
        return Task.CompletedTask;
    }

    internal override ClientDirection DirectionFor(HttpContext http, Route route)
    {
        UriScheme scheme = route.Uri.Scheme;
        string query = http.Request.QueryString.Value ?? string.Empty;
        (string method, string? path, string session) = (http.Request.Method, http.Request.Path.Value, http.Connection.Id);

        // Where the client is told within the WebSocket, the request is over by then.
        string[] cookies = CookiesIn(http);
        string client = ClientOf(http);
        return new ClientDirection(
            answering =>
            {
                if (Choose(CandidatesFor(scheme), cookies, client) is { Target.Uri: var uri } chosen)
                {
                    if (answering is not null)
                    {
                        _cookie?.Set(answering, chosen, route.Uri);
                    }

                    return $"{uri.Scheme.Name}://{uri.HostHeader}{uri.Path}{query}";
                }

                if (MayTell(ref _rejected))
                {
                    LogRejected(method, path, session);
                }

                return null;
            },
            HoldsForUnaware: _options.UnawareClients == UnawareClients.Redirect);
    }

    internal override IEnumerable<BalanceCandidate> MembersFor(HttpContext http, Route route)
    {
        List<BalanceCandidate> candidates = CandidatesFor(route.Uri.Scheme);
        candidates.RemoveAll(candidate => candidate.Target.At.IsEmpty);
        for (int tries = 0; tries < MaximumTries && Choose(http, candidates) is { } chosen; tries++)
        {
            // That of one that did not answer would lead there again.
            http.Response.Headers.Remove(HeaderNames.SetCookie);
            _cookie?.Set(http, chosen, route.Uri);
            yield return chosen;
            candidates.Remove(chosen);
        }
    }

    internal override async ValueTask<HandshakeDecision?> OnHandshakeAsync(HttpContext http, Route route)
    {
        List<BalanceCandidate> candidates = CandidatesFor(route.Uri.Scheme);
        if (_options.UnawareClients == UnawareClients.Redirect)
        {
            if (Choose(http, candidates) is { } chosen)
            {
                Redirect(http, chosen, route, suffix: "");
            }
            else
            {
                await RejectAsync(http).ConfigureAwait(false);
            }

            return HandshakeDecision.Answered;
        }

        if (MemberRelay.IsRelayed(http.Request))
        {
            // A member sends on to a member: the targets of a balancer lead to a balancer again.
            http.Response.StatusCode = StatusCodes.Status508LoopDetected;
            return HandshakeDecision.Answered;
        }

        candidates.RemoveAll(candidate => candidate.Target.At.IsEmpty);
        if (candidates.Count > 0 && Returning is { } returning && await returning.TurnAwayAsync(http).ConfigureAwait(false))
        {
            return HandshakeDecision.Answered;
        }

        for (int tries = 0; tries < MaximumTries && Choose(http, candidates) is { } chosen; tries++)
        {
            RelayedHandshake answer = await _relay.ConnectAsync(http, chosen).ConfigureAwait(false);
            if (answer.Begin is not null)
            {
                _cookie?.Set(http, chosen, route.Uri);
                return new HandshakeDecision(answer.Subprotocol, answer.Begin);
            }

            if (answer.IsVerdict)
            {
                // The service is there and does not want this client, and so would the others.
                http.Response.StatusCode = answer.Status;
                http.Response.Headers.WWWAuthenticate = answer.Challenges.ToArray();
                return HandshakeDecision.Answered;
            }

            if (MayTell(ref _unreachable))
            {
                LogUnreachable(chosen.Target.Uri.ToString(), chosen.Member, answer.Fault, Configuration.Name);
            }

            candidates.Remove(chosen);
        }

        await RejectAsync(http).ConfigureAwait(false);
        return HandshakeDecision.Answered;
    }

    /// <summary>Where the client was before, or else whom the policy says.</summary>
    private BalanceCandidate? Choose(HttpContext http, List<BalanceCandidate> candidates) => Choose(candidates, CookiesIn(http), ClientOf(http));

    private BalanceCandidate? Choose(List<BalanceCandidate> candidates, string[] cookies, string client) =>
        _choice.Choose(_cookie?.Find(cookies, candidates) is { Count: > 0 } known ? known : candidates, client);

    private string[] CookiesIn(HttpContext http) => _cookie is null ? [] : MemberCookie.ValuesIn(http.Request);

    /// <summary>What the policies tell clients apart by: the value that is to be hashed, or else the address, without its port.</summary>
    private string ClientOf(HttpContext http)
    {
        if (_options.Policy is not (BalancePolicy.Sticky or BalancePolicy.Hash))
        {
            return "";
        }

        string value = _options.HashHeader is { } header ? http.Request.Headers[header].ToString()
            : _options.HashQuery is { } parameter ? http.Request.Query[parameter].ToString()
            : "";
        return value.Length > 0 ? $"value {value}" : $"address {AddressOf(http)}";
    }

    private static IPAddress? AddressOf(HttpContext http) =>
        http.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : http.Connection.RemoteIpAddress;

    /// <summary>Who serves what a client of this scheme speaks, whichever of the accepts it came by.</summary>
    private List<BalanceCandidate> CandidatesFor(UriScheme scheme) => BalanceCandidate.Serving(scheme, _map, _keys);

    private void Redirect(HttpContext http, BalanceCandidate chosen, Route route, string suffix)
    {
        Redirect(http, chosen, suffix);
        _cookie?.Set(http, chosen, route.Uri);
    }

    /// <summary>
    /// Sends a request on. What is no GET or HEAD keeps its method and its body (307); with 302 most clients would make a GET of it
    /// (RFC 9110, section 15.4.3).
    /// </summary>
    internal static void Redirect(HttpContext http, BalanceCandidate chosen, string suffix)
    {
        GatewayUri uri = chosen.Target.Uri;
        string method = http.Request.Method;
        http.Response.StatusCode = HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || WebSocketUpgrade.IsExtendedConnect(http)
            ? StatusCodes.Status302Found
            : StatusCodes.Status307TemporaryRedirect;
        http.Response.Headers.Location =
            $"{(uri.Scheme.UsesTls ? "https" : "http")}://{uri.HostHeader}{(suffix.Length == 0 ? uri.Path : uri.Path.TrimEnd('/') + suffix)}{http.Request.QueryString.Value}";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = 0;
    }

    private Task RejectAsync(HttpContext http)
    {
        if (MayTell(ref _rejected))
        {
            LogRejected(http.Request.Method, http.Request.Path.Value, http.Connection.Id);
        }

        http.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        http.Response.Headers[HeaderNames.RetryAfter] = RetryAfterSeconds;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync("No service is available for this address at the moment.\n");
    }

    /// <summary>The first one tells, and one a second after it: clients that find nobody try again, all of them.</summary>
    private static bool MayTell(ref long told)
    {
        long now = Environment.TickCount64;
        long last = Volatile.Read(ref told);
        return (last == long.MinValue || now - last >= s_quiet.TotalMilliseconds) && Interlocked.CompareExchange(ref told, now, last) == last;
    }

    /// <summary>What follows the accept's path in that of a request, with its slash; empty where nothing does.</summary>
    internal static string SuffixOf(string path, string accept)
    {
        string prefix = accept.TrimEnd('/');
        return path.Length > prefix.Length && path.StartsWith(prefix, StringComparison.Ordinal) && path[prefix.Length] == '/' ? path[prefix.Length..] : "";
    }

    /// <summary>The path as it was sent, still percent-encoded.</summary>
    internal static string PathOf(HttpContext http)
    {
        string path = HttpPipeline.RawPath(http);
        return path.StartsWith('/') ? path : "/";
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Rejected {Method} request for URI \"{Path}\" on session {Session}: no available balancee URI was found")]
    private partial void LogRejected(string method, string? path, string session);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connection to {Uri} of cluster member {Member} failed: {Fault} (service {Service})")]
    private partial void LogUnreachable(string uri, string member, string fault, string service);
}
