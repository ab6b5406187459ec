using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Listening;

/// <summary>Where the sockets of an accept are bound.</summary>
internal static class PhysicalAddresses
{
    /// <exception cref="GatewayStartException">The host does not resolve, or names an interface or an address that this machine does not have.</exception>
    internal static async Task<IPEndPoint[]> ResolveAsync(ServiceConfiguration service, ServiceAddress accept, CancellationToken cancellation)
    {
        BindAddress place = service.AcceptOptions.PlaceOf(accept.Uri);
        int port = place.Port;
        UriHost? host = place.Host;
        if (LocalAddresses.FaultOf(host) is { } fault)
        {
            throw new GatewayStartException($"{accept.Position}: service \"{service.Name}\": Unable to bind {accept.Uri}: {fault}");
        }

        switch (host)
        {
            case null:
                return [new IPEndPoint(IPAddress.Any, port)];
            case HostAddress { Address: var address }:
                return [new IPEndPoint(address, port)];
            case InterfaceName name:
                return At(LocalAddresses.Of(name), port);
            case AnyHost:
                return At(BothFamilies(IPAddress.Any, IPAddress.IPv6Any), port);
            case HostName { Name: "localhost" }:
                // By definition (RFC 6761, section 6.3), and so that no resolver is asked.
                return At(BothFamilies(IPAddress.Loopback, IPAddress.IPv6Loopback), port);
            default:
                return await ResolveNameAsync(service, accept, host.ToString()!, port, cancellation).ConfigureAwait(false);
        }
    }

    private static ImmutableArray<IPAddress> BothFamilies(IPAddress v4, IPAddress v6) => Socket.OSSupportsIPv6 ? [v4, v6] : [v4];

    private static IPEndPoint[] At(IEnumerable<IPAddress> addresses, int port) => [.. addresses.Select(address => new IPEndPoint(address, port))];

    private static async Task<IPEndPoint[]> ResolveNameAsync(
        ServiceConfiguration service, ServiceAddress accept, string name, int port, CancellationToken cancellation)
    {
        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(name, cancellation).ConfigureAwait(false);
            return At(addresses.Distinct().OrderBy(address => address.AddressFamily), port);
        }
        catch (SocketException exception)
        {
            throw new GatewayStartException(
                $"{accept.Position}: service \"{service.Name}\": Unable to resolve DNS name: {name} (in {accept.Uri}). " +
                "Write a name that resolves to an address of this machine, or the address itself.",
                exception);
        }
    }
}
