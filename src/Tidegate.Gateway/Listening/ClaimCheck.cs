using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Listening;

/// <summary>
/// Whether services claim the same: goes the way that <see cref="Listeners"/> goes at the start, by the same rules, and binds nothing.
/// </summary>
internal sealed class ClaimCheck
{
    private readonly IReadOnlyDictionary<string, ImmutableArray<IPAddress>> _names;
    private readonly Dictionary<string, Occupied> _places = [];
    private readonly Dictionary<(AddressFamily, int Port), List<(IPEndPoint EndPoint, Occupied At)>> _byPort = [];
    private readonly Dictionary<string, (Claimant Entrance, Occupied Inside)> _tunnels = [];

    private ClaimCheck(IReadOnlyDictionary<string, ImmutableArray<IPAddress>> names) => _names = names;

    /// <summary>Every accept that can not be where another is, and services that connect to themselves through pipes.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="names">What is known of host names; others are compared by what they are called.</param>
    /// <returns>The errors, each with both places.</returns>
    internal static ImmutableArray<ConfigurationError> Run(
        GatewayConfiguration configuration, IReadOnlyDictionary<string, ImmutableArray<IPAddress>> names)
    {
        var check = new ClaimCheck(names);
        var errors = new List<ConfigurationError>();
        foreach (ServiceConfiguration service in configuration.Services.Where(service => !service.Doubts.HasFlag(ServiceDoubts.Sharing)))
        {
            var claimant = new Claimant(service);
            foreach (ServiceAddress accept in service.Accepts.Where(accept => !UnservedYet.IsScheme(accept.Uri.Scheme.Name)))
            {
                Try(errors, () => check.Claim(claimant, accept));
            }
        }

        Try(errors, () => PipeRings.Refuse(configuration));
        return [.. errors];
    }

    private static void Try(List<ConfigurationError> errors, Action claim)
    {
        try
        {
            claim();
        }
        catch (GatewayStartException exception) when (exception.Finding is { } finding)
        {
            errors.Add(finding);
        }
    }

    private void Claim(Claimant claimant, ServiceAddress accept)
    {
        var carriage = Carriage.Of(accept.Uri, claimant.Configuration.AcceptOptions.Transports);
        if (carriage.Fault is not null)
        {
            // Not served, which is said elsewhere.
            return;
        }

        var binding = new Binding(claimant, accept, carriage.Tls);
        Binding outer = carriage.Tunnel is null ? binding : Enter(binding, carriage);
        if (carriage.Place.Host is PipeName pipe)
        {
            string name = $"pipe://{pipe}";
            Join(Find(name, outer), outer, name, PlaceKind.Pipe, outer.Accept.Uri.Scheme.DefaultPort ?? 0);
            return;
        }

        BindAddress place = claimant.Configuration.AcceptOptions.PlaceOf(accept.Uri);
        if (EndPointsOf(place) is not { } endPoints)
        {
            string name = $"{place.Host}:{place.Port}";
            Join(Find(name, outer), outer, name, PlaceKind.Port, place.Port);
            return;
        }

        foreach (IPEndPoint endPoint in endPoints.Where(endPoint => endPoint.Port > 0 || outer.IsHttp))
        {
            string name = endPoint.ToString();
            if (!_places.ContainsKey(name))
            {
                Occupy(endPoint, outer);
            }

            Join(_places[name], outer, name, PlaceKind.Port, endPoint.Port);
            if (endPoint.Port == 0)
            {
                // Any free port: it is shared with those who ask for one at the same first address; the others follow.
                return;
            }
        }
    }

    private IPEndPoint[]? EndPointsOf(BindAddress place) =>
        PhysicalAddresses.WithoutResolver(place)
        ?? (place.Host is HostName { Name: var name } && _names.TryGetValue(name, out ImmutableArray<IPAddress> addresses) && !addresses.IsEmpty
            ? [.. addresses.Distinct().Select(address => new IPEndPoint(address, place.Port))]
            : null);

    private Occupied Find(string place, Binding binding)
    {
        if (!_places.TryGetValue(place, out Occupied? there))
        {
            _places.Add(place, there = new Occupied(binding));
        }

        return there;
    }

    private void Occupy(IPEndPoint endPoint, Binding binding)
    {
        if (!_byPort.TryGetValue((endPoint.AddressFamily, endPoint.Port), out List<(IPEndPoint EndPoint, Occupied At)>? same))
        {
            _byPort.Add((endPoint.AddressFamily, endPoint.Port), same = []);
        }

        if (endPoint.Port > 0)
        {
            foreach ((IPEndPoint bound, Occupied at) in same)
            {
                if (PlaceSharing.Overlaps(bound, endPoint))
                {
                    throw PlaceSharing.Overlap(binding, endPoint, at.First, bound);
                }
            }
        }

        same.Add((endPoint, Find(endPoint.ToString(), binding)));
    }

    private Binding Enter(Binding binding, Carriage carriage)
    {
        GatewayUri tunnel = carriage.Tunnel!;
        string key = $"{carriage.Place.Authority} {tunnel.Authority}{tunnel.Path}";
        if (!_tunnels.TryGetValue(key, out (Claimant Entrance, Occupied Inside) there))
        {
            _tunnels.Add(key, there = (new Claimant(binding.Configuration), new Occupied(binding)));
        }

        Join(there.Inside, binding, tunnel.ToString(), PlaceKind.Tunnel, binding.Accept.Uri.Scheme.DefaultPort ?? 0);
        return new Binding(there.Entrance, binding.Accept with { Uri = tunnel }, carriage.TunnelTls);
    }

    private static void Join(Occupied there, Binding binding, string place, PlaceKind kind, int port)
    {
        if (!ReferenceEquals(there.First, binding))
        {
            PlaceSharing.Check(there.First, there.Security, binding, place, kind);
        }

        if (binding.IsHttp)
        {
            there.Routes.Claim(binding.Service, binding.Accept, binding.PortAt(port), place);
        }
    }

    /// <summary>A place, what it was taken for, and what is there by now.</summary>
    private sealed class Occupied(Binding first)
    {
        internal Binding First => first;

        internal PortSecurity Security { get; } = PortSecurity.Unopened(first);

        internal RouteTable Routes { get; } = new(NullLogger.Instance);
    }

    /// <summary>Stands for a service that does not run.</summary>
    private sealed class Claimant(ServiceConfiguration configuration) : Service(configuration);
}
