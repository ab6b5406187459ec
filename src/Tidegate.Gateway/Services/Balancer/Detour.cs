using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>
/// Where clients of a service are taken while its gateway drains: to another member that offers the same to the same balancers. A
/// WebSocket is relayed there, by one hop at most; an HTTP request, and one that opens an emulated WebSocket, is redirected. Where nobody else takes the client
/// it is served here, until it is closed with the others.
/// </summary>
internal sealed class Detour
{
    // Who has died a moment ago answers at once or not at all; nobody waits for more than a few of them.
    private const int MaximumTries = 3;
    private readonly Service _service;
    private readonly string _self;
    private readonly BalanceMap _map;
    private readonly string[] _keys;
    private readonly BalanceChoice _choice;
    private readonly MemberRelay _relay;

    /// <param name="service">A service that has a <c>balance</c>.</param>
    /// <param name="context">What the service got.</param>
    /// <param name="self">What this gateway is called among members.</param>
    internal Detour(Service service, ServiceContext context, string self)
    {
        _service = service;
        _self = self;
        _map = context.Balances;
        _keys = [.. service.Configuration.Balances.Select(balance => BalanceTarget.KeyOf(balance.Uri)).Distinct(StringComparer.Ordinal)];
        _choice = new BalanceChoice(BalancePolicy.LeastSessions, context.Time);
        _relay = new MemberRelay(service.Configuration, context);
    }

    /// <summary>As <see cref="Service.OnHandshakeAsync"/>.</summary>
    internal async ValueTask<HandshakeDecision?> DecideAsync(HttpContext http, Route route)
    {
        if (!MemberRelay.IsRelayed(http.Request))
        {
            List<BalanceCandidate> candidates = CandidatesFor(route.Uri.Scheme);
            candidates.RemoveAll(candidate => candidate.Target.At.IsEmpty);
            if (candidates.Count > 0 && _service.Returning is { } returning && await returning.TurnAwayAsync(http).ConfigureAwait(false))
            {
                return HandshakeDecision.Answered;
            }

            for (int tries = 0; tries < MaximumTries && _choice.Choose(candidates) is { } chosen; tries++)
            {
                RelayedHandshake answer = await _relay.ConnectAsync(http, chosen).ConfigureAwait(false);
                if (answer.Begin is not null)
                {
                    return new HandshakeDecision(answer.Subprotocol, answer.Begin);
                }

                // Also where the member does not want this client: what holds for it here, this gateway knows better.
                candidates.Remove(chosen);
            }
        }

        return await _service.OnHandshakeAsync(http, route).ConfigureAwait(false);
    }

    /// <summary>As <see cref="Service.OnRequestAsync(HttpContext, Route)"/>.</summary>
    internal Task OnRequestAsync(HttpContext http, Route route)
    {
        if (ChooseElsewhere(route) is { } chosen)
        {
            BalancerService.Redirect(http, chosen, BalancerService.SuffixOf(BalancerService.PathOf(http), route.Uri.Path));
            return Task.CompletedTask;
        }

        return _service.OnRequestAsync(http, route);
    }

    /// <summary>Where a client opens its emulated WebSocket instead, <c>ws</c> or <c>wss</c> with path and query; null where it does so here.</summary>
    internal string? DirectionFor(HttpContext http, Route route) =>
        !MemberRelay.IsRelayed(http.Request) && ChooseElsewhere(route) is { Target.Uri: var uri }
            ? $"{uri.Scheme.Name}://{uri.HostHeader}{uri.Path}{http.Request.QueryString.Value}"
            : null;

    /// <summary>As <see cref="Service.MembersFor"/>.</summary>
    internal IEnumerable<BalanceCandidate> MembersFor(Route route)
    {
        List<BalanceCandidate> candidates = CandidatesFor(route.Uri.Scheme);
        candidates.RemoveAll(candidate => candidate.Target.At.IsEmpty);
        for (int tries = 0; tries < MaximumTries && _choice.Choose(candidates) is { } chosen; tries++)
        {
            yield return chosen;
            candidates.Remove(chosen);
        }
    }

    /// <summary>
    /// Where the request of a client that opens an emulated WebSocket is relayed, because a redirect does not lead there: to a member that has the very
    /// same address in public. Null where <see cref="DirectionFor"/> or this gateway is for it.
    /// </summary>
    internal SessionDestination? RelayFor(Route route)
    {
        string own = BalanceTarget.KeyOf(route.Uri);
        List<BalanceCandidate> candidates = CandidatesFor(route.Uri.Scheme)
            .FindAll(candidate => !candidate.Target.At.IsEmpty && BalanceTarget.KeyOf(candidate.Target.Uri) == own);
        return Elsewhere(route).Count == 0 && _choice.Choose(candidates) is { Target: var target } chosen ? new SessionDestination(chosen.Member, target.At[0], target.IsEncrypted) : null;
    }

    /// <summary>Whom a redirect leads to. Where all members have one address in public, it might lead to this very gateway.</summary>
    private BalanceCandidate? ChooseElsewhere(Route route) => _choice.Choose(Elsewhere(route));

    private List<BalanceCandidate> Elsewhere(Route route)
    {
        // The path tells nothing: another accept of the same service may be at the same address.
        return CandidatesFor(route.Uri.Scheme).FindAll(candidate => candidate.Target.Uri.Authority != route.Uri.Authority);
    }

    /// <summary>Who else serves what a client of this scheme speaks.</summary>
    private List<BalanceCandidate> CandidatesFor(UriScheme scheme) =>
        BalanceCandidate.Serving(scheme, _map, _keys).FindAll(candidate => candidate.Member != _self);
}
