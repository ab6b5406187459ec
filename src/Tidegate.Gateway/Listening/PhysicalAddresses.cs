using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Listening;

/// <summary>Where the sockets of an accept are bound.</summary>
internal static class PhysicalAddresses
{
    /// <exception cref="GatewayStartException">The host does not resolve.</exception>
    internal static async Task<IPEndPoint[]> ResolveAsync(ServiceConfiguration service, ServiceAddress accept, CancellationToken cancellation)
    {
        BindAddress? bind = service.AcceptOptions.BindFor(accept.Uri.Scheme);
        int port = bind?.Port ?? accept.Uri.Port;
        UriHost? host = bind is null ? accept.Uri.Host : bind.Host;
        switch (host)
        {
            case null:
                return [new IPEndPoint(IPAddress.Any, port)];
            case HostAddress { Address: var address }:
                return [new IPEndPoint(address, port)];
            case HostName { Name: "localhost" }:
                // By definition (RFC 6761, section 6.3), and so that no resolver is asked.
                return Socket.OSSupportsIPv6
                    ? [new IPEndPoint(IPAddress.Loopback, port), new IPEndPoint(IPAddress.IPv6Loopback, port)]
                    : [new IPEndPoint(IPAddress.Loopback, port)];
            default:
                return await ResolveNameAsync(service, accept, host.ToString()!, port, cancellation).ConfigureAwait(false);
        }
    }

    private static async Task<IPEndPoint[]> ResolveNameAsync(
        ServiceConfiguration service, ServiceAddress accept, string name, int port, CancellationToken cancellation)
    {
        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(name, cancellation).ConfigureAwait(false);
            return [.. addresses.OrderBy(address => address.AddressFamily).Select(address => new IPEndPoint(address, port))];
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
