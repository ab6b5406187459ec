using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Addressing;

/// <summary>Which addresses this machine has, by interface, and whether a configuration asks for others.</summary>
public static class LocalAddresses
{
    /// <summary>
    /// Every accept and bind option that names an interface, or an address, that this machine does not have. No name is resolved
    /// and nothing keeps listening.
    /// </summary>
    /// <returns>The errors in the order of the file; each lists what there is.</returns>
    public static ImmutableArray<ConfigurationError> Check(GatewayConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var errors = new List<ConfigurationError>();
        var faults = new Dictionary<UriHost, TextFault?>();
        foreach (ServiceConfiguration service in configuration.Services)
        {
            foreach (ServiceAddress accept in service.Doubts.HasFlag(ServiceDoubts.AcceptPlaces) ? [] : service.Accepts)
            {
                // Where a transport or a bind option holds, the accept's host is a name for clients only.
                CheckHost(service.AcceptOptions.PlaceOf(accept.Uri).Host, service.PlacePositionOf(accept));
            }

            CheckHost(service.ConnectOptions.TcpBind?.Host, service.LocalPosition);
            if (errors.Count > Findings.Maximum)
            {
                break;
            }
        }

        void CheckHost(UriHost? host, SourcePosition position)
        {
            // The system is asked once for each host.
            TextFault? fault = null;
            if (host is not null && !faults.TryGetValue(host, out fault))
            {
                faults.Add(host, fault = FaultOf(host));
            }

            if (fault is not null)
            {
                errors.Add(new ConfigurationError(position, fault.Problem, fault.Cure));
            }
        }

        if (configuration.Cluster is { } cluster)
        {
            errors.AddRange(
                from index in Enumerable.Range(0, cluster.Accepts.Length)
                let accept = cluster.Accepts[index]
                let wrong = ClusterAddresses.FaultOf(accept)
                where wrong is not null
                select new ConfigurationError(cluster.PositionOfAccept(index), $"<accept>{accept}</accept> in <cluster>: {wrong.Problem}", wrong.Cure));
        }

        return [.. errors.Distinct()];
    }

    /// <summary>The addresses of an interface by its name, label or display name; empty where there is no such interface or it has none.</summary>
    internal static ImmutableArray<IPAddress> Of(InterfaceName host) =>
        [.. Find(host.Name).SelectMany(one => one.Addresses).Distinct().OrderBy(address => address.AddressFamily)];

    /// <summary>Every address of this machine, in the order of its interfaces.</summary>
    internal static ImmutableArray<IPAddress> All() => [.. InterfaceTable.Read().SelectMany(one => one.Addresses).Distinct()];

    /// <summary>What is wrong with this host as a place to bind sockets; null if nothing is, or if a resolver would have to be asked.</summary>
    internal static TextFault? FaultOf(UriHost? host) => host switch
    {
        InterfaceName name when Find(name.Name).IsEmpty => UnknownInterface(name.Name),
        InterfaceName name when Of(name).IsEmpty => new(
            $"The interface {name.Name} has no address.", $"Give it one, or write another. {WhatThereIs()}"),
        HostAddress { Address: var address } when !IsBindable(address) => new(
            $"No network interface of this machine has the address {address}.", $"Write one that it has, or * for all. {WhatThereIs()}"),
        _ => null,
    };

    internal static TextFault UnknownInterface(string name) =>
        new($"The interface name {name} is not recognized.", $"Write one that this machine has. {WhatThereIs()}");

    /// <summary>The interfaces of this machine and their addresses, as a sentence.</summary>
    internal static string WhatThereIs()
    {
        IEnumerable<string> all = InterfaceTable.Read().Select(one =>
            $"{one.DisplayName ?? one.Name} ({(one.Addresses.IsEmpty ? "no address" : string.Join(", ", one.Addresses))})");
        return $"There are: {string.Join("; ", all)}.";
    }

    // As it is written, or else in any case; an interface stands for its labels, too.
    private static ImmutableArray<InterfaceEntry> Find(string name)
    {
        ImmutableArray<InterfaceEntry> all = InterfaceTable.Read();
        ImmutableArray<InterfaceEntry> exact = [.. all.Where(one => IsMeant(one, name, StringComparison.Ordinal))];
        return exact.IsEmpty ? [.. all.Where(one => IsMeant(one, name, StringComparison.OrdinalIgnoreCase))] : exact;
    }

    private static bool IsMeant(InterfaceEntry one, string name, StringComparison comparison) =>
        string.Equals(one.Name, name, comparison)
        || string.Equals(one.DisplayName, name, comparison)
        || (one.Name.Length > name.Length && one.Name[name.Length] == ':' && one.Name.StartsWith(name, comparison));

    // The system is asked rather than the list of interfaces: it knows of addresses that stand in no list (all of 127.0.0.0/8, an
    // address that a standby takes over later and may bind already).
    private static bool IsBindable(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6 && !Socket.OSSupportsIPv6)
        {
            return false;
        }

        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.AddressNotAvailable or SocketError.AddressFamilyNotSupported)
        {
            return false;
        }
        catch (SocketException)
        {
            // Whatever else is wrong (no descriptors, no permission) is not about the address.
            return true;
        }
    }
}
