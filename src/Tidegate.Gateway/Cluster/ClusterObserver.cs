using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Membership;

namespace Tidegate.Gateway.Cluster;

/// <summary>
/// Looks at a cluster from one of its machines: joins by the gateway that runs there, or by any other member, as one that offers
/// nothing and that nobody announces, and leaves again.
/// </summary>
public static class ClusterObserver
{
    // A push/pull brings all that a member knows, so the first answer is nearly always the whole one.
    private static readonly TimeSpan s_settled = TimeSpan.FromMilliseconds(500);

    // Members remember for a day who has left. Those who look share so many names on each machine, so that somebody who looks every few
    // seconds does not fill their memory with names that nobody will have again.
    private const int Names = 64;
    private const int MaximumTries = 3;

    /// <summary>Everyone in the cluster, those that failed lately too, in the order of their names.</summary>
    /// <param name="cluster">The cluster, as a configuration file has it.</param>
    /// <param name="environmentKey">What <see cref="ClusterKeys.Variable"/> holds, or null.</param>
    /// <param name="patience">How long to look for somebody.</param>
    /// <param name="cancellation">Ends the search.</param>
    /// <returns>Empty where nobody answered.</returns>
    /// <exception cref="GatewayStartException">The accept is no address of this machine, or there is no usable key.</exception>
    public static async Task<ImmutableArray<ObservedMember>> ObserveAsync(
        ClusterConfiguration cluster, string? environmentKey, TimeSpan patience, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        string[] keys = ClusterKeys.Read(cluster, environmentKey);
        int first = Random.Shared.Next(Names);
        for (int tries = 1; ; tries++)
        {
            if (await LookAsync(cluster, keys, (first + tries) % Names, patience, cancellation).ConfigureAwait(false) is { } seen)
            {
                return seen;
            }

            if (tries == MaximumTries)
            {
                return [];
            }
        }
    }

    /// <summary>Looks once, under a name that the number stands for.</summary>
    /// <returns>Null where somebody else has the name at the moment.</returns>
    internal static async Task<ImmutableArray<ObservedMember>?> LookAsync(
        ClusterConfiguration cluster, string[] keys, int number, TimeSpan patience, CancellationToken cancellation)
    {
        Member member;
        try
        {
            IPEndPoint gateway = await ClusterAddresses.ResolveAsync(cluster.Accepts[0], cancellation).ConfigureAwait(false);
            member = await Member.StartAsync(
                new MemberOptions
                {
                    ClusterName = cluster.Name,
                    Name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"observer-{number}@{gateway.Address}"),
                    Listen = new IPEndPoint(gateway.Address, 0),
                    Discovery = [.. PlacesOf(cluster, gateway).Distinct(StringComparer.Ordinal)],
                    Keys = keys,
                    Tags = new Dictionary<string, string> { [ClusterMember.ObserverTag] = "1" },
                    LoggerFactory = NullLoggerFactory.Instance,
                },
                cancellation).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is GatewayStartException or ArgumentException or IOException or InvalidOperationException)
        {
            throw ClusterMember.NotStarted(cluster.Position, exception.Message, exception);
        }

        await using (member.ConfigureAwait(false))
        {
            MemberView view = await SettleAsync(member, patience, cancellation).ConfigureAwait(false);
            if (member.Stopped.IsCompleted)
            {
                return null;
            }

            await member.LeaveAsync(cancellation).ConfigureAwait(false);
            return ObservedMember.AllOf(view);
        }
    }

    /// <summary>Where to ask: at the gateway of this machine first, and then where it would.</summary>
    private static IEnumerable<string> PlacesOf(ClusterConfiguration cluster, IPEndPoint gateway)
    {
        yield return $"tcp://{gateway}";
        foreach (ClusterAddress connect in cluster.Connects)
        {
            bool isGroup = connect.Scheme == "udp" && IPAddress.TryParse(connect.Host.Trim('[', ']'), out _);

            // The port where word by unicast is heard is the gateway's here; the members that the name stands for are asked instead.
            string text = isGroup ? $"udp://{connect.Host}:{connect.Port}" : $"tcp://{connect.Host}:{(connect.Scheme == "udp" ? gateway.Port : connect.Port)}";
            yield return text;
        }
    }

    private static async Task<MemberView> SettleAsync(Member member, TimeSpan patience, CancellationToken cancellation)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        over.CancelAfter(patience);
        MemberView last = member.View;
        try
        {
            while (true)
            {
                await Task.Delay(s_settled, over.Token).ConfigureAwait(false);
                MemberView now = member.View;
                if (member.Stopped.IsCompleted || (IsSame(now, last) && now.Members.Any(one => !one.IsSelf)))
                {
                    return now;
                }

                last = now;
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return member.View;
        }
    }

    // How many sessions there are changes all the time.
    private static bool IsSame(MemberView now, MemberView last) =>
        now.Members.Select(one => (one.Name, one.State, one.Record is null)).SequenceEqual(last.Members.Select(one => (one.Name, one.State, one.Record is null)));
}
