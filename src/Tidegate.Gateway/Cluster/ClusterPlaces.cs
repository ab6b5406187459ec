using System.Collections.Immutable;
using System.Net;

namespace Tidegate.Gateway.Cluster;

/// <summary>Where this gateway listens for the other members.</summary>
/// <param name="Listens">At least one; the first is the one that the others are told.</param>
/// <param name="LeftOut">Addresses that an accept stands for, too, and that the system does not let be bound at the moment.</param>
internal sealed record ClusterPlaces(ImmutableArray<IPEndPoint> Listens, ImmutableArray<IPAddress> LeftOut);
