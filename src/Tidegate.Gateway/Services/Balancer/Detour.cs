using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>
/// Where clients of a service are taken while its gateway drains: to another member that offers the same to the same balancers. A
/// WebSocket is relayed there, by one hop at most; an HTTP request that can be repeated is redirected. Where nobody else takes the client
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

    /// <summary>As <see cref="Service.OnRequestAsync"/>.</summary>
    internal Task OnRequestAsync(HttpContext http, Route route) =>
        TryRedirect(http, route) ? Task.CompletedTask : _service.OnRequestAsync(http, route.DecodedPath);

    /// <summary>Answers a request that can be repeated by sending its client elsewhere; false where there is nowhere else.</summary>
    internal bool TryRedirect(HttpContext http, Route route)
    {
        if (HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method))
        {
            List<BalanceCandidate> candidates = CandidatesFor(route.Uri.Scheme);

            // Where all members have one address in public, a redirect may lead to this very gateway.
            string own = BalanceTarget.KeyOf(route.Uri);
            candidates.RemoveAll(candidate => BalanceTarget.KeyOf(candidate.Target.Uri) == own);
            if (_choice.Choose(candidates) is { } chosen)
            {
                BalancerService.Redirect(http, chosen, BalancerService.SuffixOf(BalancerService.PathOf(http), route.Uri.Path));
                return true;
            }
        }

        return false;
    }

    /// <summary>Who else serves what a client of this scheme speaks.</summary>
    private List<BalanceCandidate> CandidatesFor(UriScheme scheme)
    {
        var candidates = new List<BalanceCandidate>();
        foreach (BalanceCandidate candidate in _keys.SelectMany(key => _map.For(key)))
        {
            UriScheme offered = candidate.Target.Uri.Scheme;
            if (candidate.Member != _self && offered.IsSpokenLike(scheme) && !candidates.Contains(candidate))
            {
                candidates.Add(candidate);
            }
        }

        return candidates;
    }
}
