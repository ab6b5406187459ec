using System.Collections.Immutable;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// Which balancer accepts lead to which services of which members. Members are told apart, so that two that offer the same URI do
/// not disturb each other. Safe to use from any thread; what is read is a picture that does not change.
/// </summary>
internal sealed class BalanceMap(TimeProvider time)
{
    /// <summary>The name of a gateway without a cluster.</summary>
    internal const string Standalone = "standalone";

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, ImmutableArray<BalanceCandidate>> _members = new(StringComparer.Ordinal);
    private readonly Dictionary<string, WordDelay> _delays = new(StringComparer.Ordinal);
    private ImmutableSortedDictionary<string, ImmutableArray<BalanceCandidate>> _byBalance =
        ImmutableSortedDictionary.Create<string, ImmutableArray<BalanceCandidate>>(StringComparer.Ordinal);

    /// <summary>Who is to be told when a member is said to be gone.</summary>
    internal MemberDepartures Departures { get; } = new();

    /// <summary>Which other member has a session that is made of many requests.</summary>
    internal SessionOwners Owners { get; } = new(time);

    /// <summary>Whom a balancer's accept leads to; <paramref name="balance"/> in the form of <see cref="BalanceTarget.KeyOf"/>.</summary>
    internal ImmutableArray<BalanceCandidate> For(string balance) => Volatile.Read(ref _byBalance).GetValueOrDefault(balance, []);

    /// <summary>Whether anybody may be sent to a member.</summary>
    internal bool LeadsTo(string member)
    {
        lock (_gate)
        {
            return _members.ContainsKey(member);
        }
    }

    /// <summary>All balancers' accepts that lead anywhere, and the URIs that they lead to, in the order of the alphabet.</summary>
    internal IEnumerable<(string Balance, IEnumerable<string> Targets)> Describe() =>
        from pair in Volatile.Read(ref _byBalance)
        select (pair.Key, pair.Value.Select(candidate => candidate.Target.Uri.ToString()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).AsEnumerable());

    /// <summary>Replaces what a member offers; nothing for a member that is gone.</summary>
    /// <returns>True where it is something else than before, and not only busier or idler.</returns>
    internal bool Set(string member, ImmutableArray<BalanceTarget> targets)
    {
        lock (_gate)
        {
            ImmutableArray<BalanceCandidate> before = _members.GetValueOrDefault(member, []);
            if (targets.IsEmpty)
            {
                _members.Remove(member);
                _delays.Remove(member);
            }
            else
            {
                if (!_delays.TryGetValue(member, out WordDelay? delay))
                {
                    _delays[member] = delay = new WordDelay(time);
                }

                TimeSpan late = delay.Late(targets[0].SaidAt);
                Dictionary<string, TargetMemory> memories = before.DistinctBy(KeyOf).ToDictionary(KeyOf, candidate => candidate.Memory, StringComparer.Ordinal);
                _members[member] = [.. targets.Select(target => CandidateOf(member, target, late, memories))];
            }

            if (before.IsEmpty && targets.IsEmpty)
            {
                return false;
            }

            Volatile.Write(ref _byBalance, _members.Values
                .SelectMany(candidates => candidates)
                .SelectMany(candidate => candidate.Target.Balances, (candidate, balance) => (balance, candidate))
                .GroupBy(pair => pair.balance, pair => pair.candidate, StringComparer.Ordinal)
                .ToImmutableSortedDictionary(group => group.Key, group => group.ToImmutableArray(), StringComparer.Ordinal));
            return before.Length != targets.Length || before.Zip(targets).Any(pair => !pair.First.Target.IsSamePlaceAs(pair.Second));
        }
    }

    private static string KeyOf(BalanceCandidate candidate) => BalanceTarget.KeyOf(candidate.Target.Uri);

    private BalanceCandidate CandidateOf(string member, BalanceTarget target, TimeSpan late, Dictionary<string, TargetMemory> memories)
    {
        TargetMemory memory = memories.GetValueOrDefault(BalanceTarget.KeyOf(target.Uri)) ?? new TargetMemory(time);
        memory.Heard(target.Begun, late);
        return new BalanceCandidate(member, target, memory);
    }
}
