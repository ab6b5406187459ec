using System.Collections.Immutable;
using Tidegate.Membership;

namespace Tidegate.Gateway.Cluster;

/// <summary>A member of a cluster, as operators are shown it. Immutable.</summary>
public sealed record ObservedMember
{
    /// <summary>What operators know it by: <c>/192.168.2.10:5942</c>.</summary>
    public required string Id { get; init; }

    /// <summary>How it is: <c>alive</c>, <c>leaving</c>, <c>left</c> or <c>failed</c>.</summary>
    public required string State { get; init; }

    /// <summary>What it is: the version of Tidegate, or that it is another program.</summary>
    public required string Kind { get; init; }

    /// <summary>When it was started, by its own clock; null where it does not say.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>What it offers to balancers, in the order of the alphabet.</summary>
    public ImmutableArray<ObservedOffer> Offers { get; init; } = [];

    internal static ObservedMember Of(MemberInfo member)
    {
        ImmutableArray<BalanceTarget> targets = member.Record is { } record ? BalanceRecord.TryRead(record.Span) ?? [] : [];
        return new ObservedMember
        {
            Id = ClusterMember.IdOf(member.EndPoint),
            State = member.State.ToString().ToLowerInvariant(),
            Kind = member.Tags.TryGetValue(ClusterMember.VersionTag, out string? version) ? $"Tidegate {version}" : "another program",
            Since = long.TryParse(member.Tags.GetValueOrDefault(ClusterMember.SinceTag), out long since) && since is >= 0 and < 253_402_300_800
                ? DateTimeOffset.FromUnixTimeSeconds(since)
                : null,
            Offers =
            [
                .. from target in targets
                   from balance in target.Balances
                   orderby balance, target.Uri.ToString()
                   select new ObservedOffer(balance, target.Uri.ToString(), target.Sessions),
            ],
        };
    }
}

/// <summary>A service that balancers may send clients to.</summary>
/// <param name="Balance">The balancer's accept.</param>
/// <param name="Target">Where clients are sent.</param>
/// <param name="Sessions">How many sessions the service has.</param>
public sealed record ObservedOffer(string Balance, string Target, int Sessions);
