using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Listening;

/// <summary>Finds services that connect to each other through pipes in a ring: one client would open connections without end.</summary>
internal static class PipeRings
{
    // Nobody needs as many, and each costs every client a connection and this search a stack frame.
    private const int LongestWay = 64;

    /// <exception cref="GatewayStartException">There is such a ring, or a way of more than 64 services; the message names its services.</exception>
    internal static void Refuse(GatewayConfiguration configuration)
    {
        var listening = new Dictionary<string, ServiceConfiguration>(StringComparer.Ordinal);
        foreach (ServiceConfiguration service in configuration.Services)
        {
            foreach (string pipe in PipesOf(service.Accepts, service.AcceptOptions.Transports))
            {
                listening.TryAdd(pipe, service);
            }
        }

        var done = new HashSet<ServiceConfiguration>(ReferenceEqualityComparer.Instance);
        foreach (ServiceConfiguration service in configuration.Services)
        {
            Follow(service, listening, [], done);
        }
    }

    private static void Follow(
        ServiceConfiguration service, Dictionary<string, ServiceConfiguration> listening, List<ServiceConfiguration> way, HashSet<ServiceConfiguration> done)
    {
        int met = way.FindIndex(other => ReferenceEquals(other, service));
        if (met >= 0)
        {
            IEnumerable<string> names = way.Skip(met).Append(service).Select(one => $"\"{one.Name}\"");
            throw new GatewayStartException(
                service.Position, service, $"It connects to itself through pipes ({string.Join(" to ", names)}).", "Let one of them connect elsewhere.");
        }

        if (done.Contains(service))
        {
            return;
        }

        if (way.Count == LongestWay)
        {
            throw new GatewayStartException(
                service.Position, service, $"A client of service \"{way[0].Name}\" would have to go through more than {LongestWay} services.", "Leave some out.");
        }

        way.Add(service);
        foreach (string pipe in PipesOf(service.Connects, service.ConnectOptions.Transports))
        {
            if (listening.TryGetValue(pipe, out ServiceConfiguration? next))
            {
                Follow(next, listening, way, done);
            }
        }

        way.RemoveAt(way.Count - 1);
        done.Add(service);
    }

    /// <summary>The pipes that addresses are at, each with authority and path where these tell several services apart.</summary>
    private static IEnumerable<string> PipesOf(IEnumerable<ServiceAddress> addresses, ImmutableDictionary<string, GatewayUri> transports) =>
        from address in addresses
        let carriage = Carriage.Of(address.Uri, transports)
        let uri = carriage.Tunnel ?? address.Uri
        let pipe = carriage.Place.Host as PipeName
        where pipe is not null
        select uri.Scheme.TakesPath ? $"{pipe.Name}/{uri.Authority}{uri.Path}" : pipe.Name;
}
