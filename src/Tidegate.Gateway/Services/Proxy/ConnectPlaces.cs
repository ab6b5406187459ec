using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>Where the connections of a service come from.</summary>
internal static class ConnectPlaces
{
    /// <summary>The local end points of <c>tcp.bind</c>, one for each address; empty where the system chooses.</summary>
    /// <exception cref="GatewayStartException">This machine does not have the address.</exception>
    internal static ImmutableArray<IPEndPoint> LocalOf(ServiceConfiguration service)
    {
        if (service.ConnectOptions.TcpBind is not { } bind)
        {
            return [];
        }

        if (LocalAddresses.FaultOf(bind.Host) is { } fault)
        {
            throw new GatewayStartException($"{service.Position}: service \"{service.Name}\": It can not connect from {bind}: {fault}");
        }

        IEnumerable<IPAddress> addresses = bind.Host switch
        {
            HostAddress { Address: var address } => [address],
            InterfaceName name => LocalAddresses.Of(name),
            HostName { Name: "localhost" } => [IPAddress.Loopback, IPAddress.IPv6Loopback],
            HostName name => Resolve(name.Name, service),
            _ => [IPAddress.Any, IPAddress.IPv6Any],
        };
        return [.. addresses.Select(address => new IPEndPoint(address, bind.Port))];
    }

    private static IPAddress[] Resolve(string name, ServiceConfiguration service)
    {
        try
        {
            return Dns.GetHostAddresses(name);
        }
        catch (SocketException exception)
        {
            throw new GatewayStartException(
                $"{service.Position}: service \"{service.Name}\": Unable to resolve DNS name: {name} (in tcp.bind). Write a name that resolves to an address of this machine, or the address itself.",
                exception);
        }
    }
}
