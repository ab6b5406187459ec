using System.Collections.Immutable;
using Tidegate.Membership;

namespace Tidegate.Gateway.Cluster;

/// <summary>A member of a cluster, as operators are shown it. Immutable.</summary>
public sealed record ObservedMember
{
    /// <summary>What operators know it by: <c>/192.168.2.10:5942</c>.</summary>
    public required string Id { get; init; }

    /// <summary>How it is: <c>alive</c>, <c>suspected</c>, <c>draining</c>, <c>leaving</c>, <c>left</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>What it is: the version of Tidegate, or that it is another program.</summary>
    public required string Kind { get; init; }

    /// <summary>When it was started, by its own clock; null where it does not say.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>When whoever was asked noticed that it is gone; null where it is there.</summary>
    public DateTimeOffset? GoneSince { get; init; }

    /// <summary>The sessions of its services; null where it does not say.</summary>
    public int? Sessions { get; init; }

    /// <summary>The share of one core that its process has used over some seconds, in per cent; null where it does not say.</summary>
    public int? Load { get; init; }

    /// <summary>What it offers to balancers, in the order of the alphabet.</summary>
    public ImmutableArray<ObservedOffer> Offers { get; init; } = [];

    /// <summary>How its balance settings differ from those of the rest, to be read after "it".</summary>
    public ImmutableArray<string> Differences { get; init; } = [];

    /// <summary>Everyone in a cluster, but for those who only look, in the order of their names.</summary>
    internal static ImmutableArray<ObservedMember> AllOf(MemberView view)
    {
        (MemberInfo Info, GatewayStatus? Status, ImmutableArray<BalanceTarget> Targets)[] members =
        [
            .. from member in view.Members
               where !ClusterMember.IsObserver(member)
               let record = member.Record
               select (member,
                   record is { } bytes ? BalanceRecord.TryReadStatus(bytes.Span) : null,
                   record is { } same ? BalanceRecord.TryRead(same.Span) ?? [] : ImmutableArray<BalanceTarget>.Empty),
        ];
        ILookup<string, string> differences = BalanceDifferences
            .Among([.. members.Where(IsThere).Select(one => new ComparedMember(ClusterMember.IdOf(one.Info.EndPoint), one.Status, one.Targets))])
            .ToLookup(one => one.Id, one => one.What, StringComparer.Ordinal);
        return [.. members.Select(one => Of(one.Info, one.Status, one.Targets) is var member && IsThere(one) ? member with { Differences = [.. differences[member.Id]] } : member)];
    }

    private static bool IsThere((MemberInfo Info, GatewayStatus? Status, ImmutableArray<BalanceTarget> Targets) one) =>
        one.Info.State is MemberState.Alive or MemberState.Leaving;

    /// <summary>How a member is, in the word that operators read.</summary>
    internal static string StateOf(MemberInfo member, GatewayStatus? status) => member switch
    {
        { State: MemberState.Alive, IsSuspected: true } => "suspected",
        { State: MemberState.Alive } when status is { IsDraining: true } => "draining",
        _ => member.State.ToString().ToLowerInvariant(),
    };

    private static ObservedMember Of(MemberInfo member, GatewayStatus? status, ImmutableArray<BalanceTarget> targets) => new()
    {
        Id = ClusterMember.IdOf(member.EndPoint),
        State = StateOf(member, status),
        Kind = member.Tags.TryGetValue(ClusterMember.VersionTag, out string? version) ? $"Tidegate {version}" : "another program",
        Since = long.TryParse(member.Tags.GetValueOrDefault(ClusterMember.SinceTag), out long since) && since is >= 0 and < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(since)
            : null,
        GoneSince = member.State is MemberState.Left or MemberState.Failed ? member.Since : null,
        Sessions = status?.Sessions,
        Load = status?.Load,
        Offers =
        [
            .. from target in targets
               from balance in target.Balances
               orderby balance, target.Uri.ToString()
               select new ObservedOffer(balance, target.Uri.ToString(), target.Sessions),
        ],
    };
}

/// <summary>A service that balancers may send clients to.</summary>
/// <param name="Balance">The balancer's accept.</param>
/// <param name="Target">Where clients are sent.</param>
/// <param name="Sessions">How many sessions the service has.</param>
public sealed record ObservedOffer(string Balance, string Target, int Sessions);
