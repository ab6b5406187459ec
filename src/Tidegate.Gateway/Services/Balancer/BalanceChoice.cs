using System.Runtime.CompilerServices;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>Chooses among candidates by a policy, each by its weight. Safe to use from any thread.</summary>
/// <param name="policy">The policy.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Gives a number from 0 to below its argument; <see cref="Random.Shared"/> where null.</param>
internal sealed class BalanceChoice(BalancePolicy policy, TimeProvider time, Func<int, int>? random = null)
{
    private readonly Func<int, int> _random = random ?? Random.Shared.Next;
    private readonly BalanceShare _share = new(time);
    private readonly Lock _gate = new();

    // How far each target's turn is off; that of a target that is gone goes with it.
    private readonly ConditionalWeakTable<TargetMemory, StrongBox<int>> _turns = [];

    /// <summary>The one to send a client to, counted as sent there; null where there is none.</summary>
    /// <param name="candidates">Who there is.</param>
    /// <param name="client">What the client is told apart by, for the policies that heed it.</param>
    internal BalanceCandidate? Choose(IReadOnlyList<BalanceCandidate> candidates, string client = "")
    {
        if (candidates.Count == 0)
        {
            return null;
        }

        BalanceCandidate chosen = policy switch
        {
            _ when candidates.Count == 1 => candidates[0],
            BalancePolicy.RoundRobin => NextInTurn(candidates),
            BalancePolicy.LeastSessions => LessBusyOfTwo(candidates),
            BalancePolicy.Sticky or BalancePolicy.Hash => BestFor(BalanceCandidate.NumberOf(client), candidates),
            _ => candidates[Draw(candidates, except: -1)],
        };
        chosen.Sent();
        return chosen;
    }

    /// <summary>
    /// Two random ones are nearly as good as all, and a member whose number is old or wrong does not get everybody. Each is compared as
    /// it would be with this client, so that of idle ones the heavier gets it.
    /// </summary>
    private BalanceCandidate LessBusyOfTwo(IReadOnlyList<BalanceCandidate> candidates)
    {
        int first = Draw(candidates, except: -1);
        int second = Draw(candidates, except: first);
        double factor = _share.FactorOf(candidates);
        return Busyness(candidates[second]) < Busyness(candidates[first]) ? candidates[second] : candidates[first];

        double Busyness(BalanceCandidate candidate) => (candidate.Load(factor) + 1) / candidate.Target.Weight;
    }

    /// <summary>A random one, each as often as its weight says.</summary>
    private int Draw(IReadOnlyList<BalanceCandidate> candidates, int except)
    {
        int total = 0;
        for (int i = 0; i < candidates.Count; i++)
        {
            total += i == except ? 0 : candidates[i].Target.Weight;
        }

        int drawn = _random(total);
        for (int i = 0; ; i++)
        {
            drawn -= i == except ? 0 : candidates[i].Target.Weight;
            if (drawn < 0)
            {
                return i;
            }
        }
    }

    /// <summary>
    /// Each gains its weight, the one that has gained most has its turn and pays for all: so the turns of a heavy one lie between those of
    /// the others and not in a row.
    /// </summary>
    private BalanceCandidate NextInTurn(IReadOnlyList<BalanceCandidate> candidates)
    {
        lock (_gate)
        {
            int total = 0;
            BalanceCandidate next = candidates[0];
            StrongBox<int>? most = null;
            foreach (BalanceCandidate candidate in candidates)
            {
                StrongBox<int> turn = _turns.GetOrCreateValue(candidate.Memory);
                turn.Value += candidate.Target.Weight;
                total += candidate.Target.Weight;
                if (most is null || turn.Value > most.Value)
                {
                    (most, next) = (turn, candidate);
                }
            }

            most!.Value -= total;
            return next;
        }
    }

    /// <summary>
    /// The highest of random numbers that client and target make together, so that every balancer chooses the same, and where one target
    /// goes only its own clients move, to all the others. With weights: the least of exponential variates, each with its target's weight as
    /// the rate.
    /// </summary>
    private static BalanceCandidate BestFor(ulong client, IReadOnlyList<BalanceCandidate> candidates)
    {
        BalanceCandidate best = candidates[0];
        double least = double.PositiveInfinity;
        foreach (BalanceCandidate candidate in candidates)
        {
            // 53 bits and a half: a number between 0 and 1, neither of them included.
            double uniform = ((Mix(client ^ candidate.Identity) >> 11) + 0.5) * (1.0 / (1L << 53));
            double variate = -Math.Log(uniform) / candidate.Target.Weight;
            if (variate < least)
            {
                (least, best) = (variate, candidate);
            }
        }

        return best;
    }

    // Spreads every bit of a number over all of them; multipliers by Stafford's thirteenth variant of MurmurHash3's finalizer.
    private static ulong Mix(ulong number)
    {
        number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9;
        number = (number ^ (number >> 27)) * 0x94d049bb133111eb;
        return number ^ (number >> 31);
    }
}
