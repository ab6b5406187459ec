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
        return LocalAddresses.FaultOf(place.Host) is { } fault
            ? throw new GatewayStartException(accept.Position, service, $"Unable to bind {accept.Uri}: {fault.Problem}", fault.Cure)
            : WithoutResolver(place) ?? await ResolveNameAsync(service, accept, place.Host!.ToString()!, place.Port, cancellation).ConfigureAwait(false);
    }

    /// <summary>Where the sockets of a place are bound, if no resolver has to be asked; otherwise null.</summary>
    internal static IPEndPoint[]? WithoutResolver(BindAddress place) => place.Host switch
    {
        null => At([IPAddress.Any], place.Port),
        HostAddress { Address: var address } => At([address], place.Port),
        InterfaceName name => At(LocalAddresses.Of(name), place.Port),
        AnyHost => At(BothFamilies(IPAddress.Any, IPAddress.IPv6Any), place.Port),
        // By definition (RFC 6761, section 6.3).
        HostName { Name: "localhost" } => At(BothFamilies(IPAddress.Loopback, IPAddress.IPv6Loopback), place.Port),
        _ => null,
    };

    /// <summary>What is said where the name of an accept, or of its bind option, does not resolve.</summary>
    internal static string Unresolved(string name, string where) => $"Unable to resolve DNS name: {name} (in {where}).";

    /// <summary>What would be right instead of a name that does not resolve.</summary>
    internal const string RightName = "Write a name that resolves to an address of this machine, or the address itself.";

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
            throw new GatewayStartException(accept.Position, service, Unresolved(name, accept.Uri.ToString()), RightName, exception);
        }
    }
}
