using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Services.Balancer;

/// <summary>
/// How many clients all balancers together send for each that this gateway sends. Balancers do not know of each other's choices until
/// members tell their sessions, but they choose alike: so what one has just sent is a sample of what all have. Without it, each of five
/// would make up for all of a difference, and together they would overshoot by four times of it.
/// </summary>
internal sealed class BalanceShare(TimeProvider time)
{
    // Fewer say little about the others.
    private const int Least = 50;

    // After so many the past is forgotten: who balances how much changes.
    private const int Most = 1_000;

    // A gateway that gets so small a part of all clients would only be guessing.
    private const double Highest = 64;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(50);
    private readonly Lock _gate = new();
    private readonly Dictionary<TargetMemory, (long Begun, long Sent)> _since = [];
    private long _lookedAt;
    private bool _looked;
    private double _factor = 1;

    /// <summary>The factor, from 1, by what the members of these candidates have told.</summary>
    internal double FactorOf(IReadOnlyList<BalanceCandidate> candidates)
    {
        lock (_gate)
        {
            if (!_looked || time.GetElapsedTime(_lookedAt) >= s_interval)
            {
                _looked = true;
                _lookedAt = time.GetTimestamp();
                Look(candidates);
            }

            return _factor;
        }
    }

    private void Look(IReadOnlyList<BalanceCandidate> candidates)
    {
        long begun = 0, sent = 0;
        foreach (BalanceCandidate candidate in candidates)
        {
            (long Begun, long Sent) now = candidate.Memory.Settled;
            if (!_since.TryGetValue(candidate.Memory, out (long Begun, long Sent) before) || now.Begun < before.Begun)
            {
                _since[candidate.Memory] = now;
                continue;
            }

            begun += now.Begun - before.Begun;
            sent += now.Sent - before.Sent;
        }

        if (sent >= Least)
        {
            _factor = Math.Clamp((double)begun / sent, 1, Highest);
        }

        if (sent >= Most || _since.Count > 2 * candidates.Count)
        {
            _since.Clear();
            foreach (BalanceCandidate candidate in candidates)
            {
                _since[candidate.Memory] = candidate.Memory.Settled;
            }
        }
    }
}
