using System.Collections.Immutable;
using System.Net;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Cluster;

/// <summary>An accept of a service that balancers may send clients to. Immutable.</summary>
internal sealed record BalanceTarget
{
    /// <summary>Where clients are sent: the accept, as others than its own machine may call it.</summary>
    internal required GatewayUri Uri { get; init; }

    /// <summary>The balancers' accepts that lead here, in the form of <see cref="KeyOf"/>.</summary>
    internal required ImmutableArray<string> Balances { get; init; }

    /// <summary>The sockets where it is spoken, for a gateway that relays; empty where there are none.</summary>
    internal ImmutableArray<IPEndPoint> At { get; init; } = [];

    /// <summary>Whether TLS is spoken there; not where something in front of the gateway does that.</summary>
    internal bool IsEncrypted { get; init; }

    /// <summary>The sessions that its service has, by all of its accepts; 0 or more.</summary>
    internal int Sessions { get; init; }

    /// <summary>The sessions that have begun there since the member was started, 0 or more; from a member that does not tell it always 0.</summary>
    internal long Begun { get; init; }

    /// <summary>How many clients it gets for each that a target of weight 1 gets, 1 to <see cref="MaximumWeight"/>.</summary>
    internal int Weight { get; init; } = 1;

    /// <summary>When the member said all this, by a clock of its own; null from a member that does not tell it.</summary>
    internal TimeSpan? SaidAt { get; init; }

    /// <summary>Random bytes of the member's, in base64, which only members know; empty from a member that does not tell any.</summary>
    internal string Salt { get; init; } = "";

    internal const int MaximumWeight = 256;

    /// <summary>What a balancer's accept is compared by: its URI with the port always written.</summary>
    internal static string KeyOf(GatewayUri uri) => $"{uri.Scheme}://{uri.Authority}{uri.Path}";

    /// <summary>Whether this is the same place for the same balancers; how busy it is does not matter.</summary>
    internal bool IsSamePlaceAs(BalanceTarget other) =>
        KeyOf(Uri) == KeyOf(other.Uri) && Balances.SequenceEqual(other.Balances, StringComparer.Ordinal) && At.SequenceEqual(other.At) && IsEncrypted == other.IsEncrypted;
}
