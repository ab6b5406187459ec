using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Cluster;

/// <summary>What a member tells operators of itself, in the record that it publishes. Immutable.</summary>
internal sealed record GatewayStatus
{
    // Those of a gateway that has more are not compared.
    private const int MaximumBalancerBytes = 6 * 1024;

    /// <summary>The sessions of its services; those that it relays to another member count there.</summary>
    internal int Sessions { get; init; }

    /// <summary>The share of one core that its process has used lately, in per cent; more than 100 with several cores.</summary>
    internal int Load { get; init; }

    /// <summary>Whether it is on its way out, and sends newcomers elsewhere.</summary>
    internal bool IsDraining { get; init; }

    /// <summary>Its balancers' accepts and a digest of how each is set up, to tell members apart that differ.</summary>
    internal ImmutableArray<BalancerSettings> Balancers { get; init; } = [];

    /// <summary>The balancers of a gateway.</summary>
    internal static ImmutableArray<BalancerSettings> BalancersOf(IEnumerable<ServiceConfiguration> services)
    {
        ImmutableArray<BalancerSettings>.Builder all = ImmutableArray.CreateBuilder<BalancerSettings>();
        int bytes = 0;
        foreach (ServiceConfiguration service in services.Where(service => service.Type == "balancer"))
        {
            string digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ConfigurationWriter.PropertiesOf(service))).AsSpan(0, 4));
            foreach (string accept in service.Accepts.Select(accept => BalanceTarget.KeyOf(accept.Uri)).Distinct(StringComparer.Ordinal))
            {
                bytes += Encoding.UTF8.GetByteCount(accept) + 64;
                if (bytes > MaximumBalancerBytes)
                {
                    return all.ToImmutable();
                }

                all.Add(new BalancerSettings(accept, digest));
            }
        }

        return all.ToImmutable();
    }

    public bool Equals(GatewayStatus? other) =>
        other is not null && Sessions == other.Sessions && Load == other.Load && IsDraining == other.IsDraining && Balancers.SequenceEqual(other.Balancers);

    public override int GetHashCode() => HashCode.Combine(Sessions, Load, IsDraining);
}

/// <summary>A balancer's accept, in the form of <see cref="BalanceTarget.KeyOf"/>, and a digest of its properties.</summary>
internal readonly record struct BalancerSettings(string Accept, string Digest);
