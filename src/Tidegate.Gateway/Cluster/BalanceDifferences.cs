using System.Collections.Immutable;

namespace Tidegate.Gateway.Cluster;

/// <summary>What a member says of itself and offers, for comparing.</summary>
/// <param name="Id">What operators know it by.</param>
/// <param name="Status">What it says of itself; null for a program that says nothing.</param>
/// <param name="Targets">What it offers.</param>
internal sealed record ComparedMember(string Id, GatewayStatus? Status, ImmutableArray<BalanceTarget> Targets);

/// <summary>A member that was started with other balance settings than the rest.</summary>
/// <param name="Id">The member.</param>
/// <param name="What">What is different, to be read after "it".</param>
internal sealed record BalanceDifference(string Id, string What);

/// <summary>Compares what members say of their balancers.</summary>
internal static class BalanceDifferences
{
    /// <summary>All differences, in the order of the members. What most members have is taken for right; where there is no majority, all are named.</summary>
    internal static IReadOnlyList<BalanceDifference> Among(IReadOnlyCollection<ComparedMember> members)
    {
        var all = new List<BalanceDifference>();
        ILookup<string, (string Id, string Digest)> balancers = members
            .SelectMany(member => member.Status?.Balancers ?? [], (member, balancer) => (member.Id, balancer.Accept, balancer.Digest))
            .ToLookup(one => one.Accept, one => (one.Id, one.Digest), StringComparer.Ordinal);
        foreach (IGrouping<string, (string Id, string Digest)> balancer in balancers.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            IGrouping<string, string>[] groups = [.. balancer.GroupBy(one => one.Digest, one => one.Id, StringComparer.Ordinal).OrderByDescending(group => group.Count())];
            int usual = groups.Length > 1 && groups[0].Count() > groups[1].Count() ? 1 : 0;
            if (groups.Length > 1)
            {
                all.AddRange(groups[usual..].SelectMany(group => group).Select(id => new BalanceDifference(id, $"has other properties for the balancer {balancer.Key} than other members")));
            }
        }

        // Without a balancer in the cluster nobody knows whether there is to be one: something else may redirect.
        if (balancers.Count > 0)
        {
            all.AddRange(
                from member in members
                from balance in member.Targets.SelectMany(target => target.Balances).Distinct(StringComparer.Ordinal)
                where !balancers.Contains(balance)
                select new BalanceDifference(member.Id, $"offers a service to {balance}, where no member has a balancer"));
        }

        return [.. all.OrderBy(one => one.Id, StringComparer.Ordinal).ThenBy(one => one.What, StringComparer.Ordinal)];
    }
}
