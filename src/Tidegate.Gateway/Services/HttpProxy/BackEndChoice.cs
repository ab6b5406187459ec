using System.Collections.Immutable;
using System.Net;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>In which order a request tries the back-ends of a service. Safe to use from any thread.</summary>
/// <param name="backEnds">The back-ends, in the order of the file.</param>
/// <param name="policy">The policy.</param>
/// <param name="random">Gives a number from 0 to below its argument; <see cref="Random.Shared"/> where null.</param>
internal sealed class BackEndChoice(ImmutableArray<HttpBackEnd> backEnds, BackEndPolicy policy, Func<int, int>? random = null)
{
    private readonly Func<int, int> _random = random ?? Random.Shared.Next;
    private int _turn = -1;

    /// <summary>
    /// Those that may be tried, the chosen one first and the others after it, for when it can not be reached. Where none may be, all: nobody is refused without an attempt.
    /// </summary>
    /// <param name="client">The client's address.</param>
    internal IEnumerable<HttpBackEnd> OrderFor(IPAddress? client) => backEnds.Length == 1 ? backEnds : Available(InOrder(client));

    // Each is asked only when it is its turn: who may try a back-end that was lost is to do so.
    private static IEnumerable<HttpBackEnd> Available(IEnumerable<HttpBackEnd> order)
    {
        bool isAny = false;
        HttpBackEnd[] all = [.. order];
        foreach (HttpBackEnd backEnd in all.Where(backEnd => backEnd.MayTry()))
        {
            isAny = true;
            yield return backEnd;
        }

        foreach (HttpBackEnd backEnd in isAny ? [] : all)
        {
            yield return backEnd;
        }
    }

    private IEnumerable<HttpBackEnd> InOrder(IPAddress? client)
    {
        switch (policy)
        {
            case BackEndPolicy.Sticky:
                // Rendezvous: each client has an order of its own, in which one that is lost changes nothing for the clients of the others.
                string address = client?.ToString() ?? "";
                return backEnds.OrderByDescending(backEnd => BalanceCandidate.NumberOf($"{address} {backEnd.Uri}"));
            case BackEndPolicy.RoundRobin:
                return From((int)((uint)Interlocked.Increment(ref _turn) % (uint)backEnds.Length));
            case BackEndPolicy.Random:
                return From(_random(backEnds.Length));
            case BackEndPolicy.LeastSessions:
                // Two random ones are nearly as good as all, and one whose number is small because it fails does not get everybody.
                int first = _random(backEnds.Length);
                int second = (first + 1 + _random(backEnds.Length - 1)) % backEnds.Length;
                return From(backEnds[second].UnderWay < backEnds[first].UnderWay ? second : first);
            default:
                return backEnds;
        }
    }

    private IEnumerable<HttpBackEnd> From(int first) => Enumerable.Range(0, backEnds.Length).Select(i => backEnds[(first + i) % backEnds.Length]);
}
