using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>Chooses among candidates by a policy. Safe to use from any thread.</summary>
/// <param name="policy">The policy.</param>
/// <param name="random">Gives a number from 0 to below its argument; <see cref="Random.Shared"/> where null.</param>
internal sealed class BalanceChoice(BalancePolicy policy, Func<int, int>? random = null)
{
    private readonly Func<int, int> _random = random ?? Random.Shared.Next;
    private int _turn = -1;

    /// <summary>The one to send a client to, counted as sent there; null where there is none.</summary>
    internal BalanceCandidate? Choose(IReadOnlyList<BalanceCandidate> candidates)
    {
        if (candidates.Count == 0)
        {
            return null;
        }

        BalanceCandidate chosen = policy switch
        {
            BalancePolicy.RoundRobin => candidates[(int)((uint)Interlocked.Increment(ref _turn) % (uint)candidates.Count)],
            BalancePolicy.LeastSessions when candidates.Count > 1 => LessBusyOfTwo(candidates),
            _ => candidates[_random(candidates.Count)],
        };
        chosen.Sent();
        return chosen;
    }

    // Two random ones are nearly as good as all, and a member whose number is old or wrong does not get everybody.
    private BalanceCandidate LessBusyOfTwo(IReadOnlyList<BalanceCandidate> candidates)
    {
        int first = _random(candidates.Count);
        int second = _random(candidates.Count - 1);
        if (second >= first)
        {
            second++;
        }

        return candidates[second].Load < candidates[first].Load ? candidates[second] : candidates[first];
    }
}
