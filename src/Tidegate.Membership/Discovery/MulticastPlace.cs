using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Tidegate.Membership.Discovery;

/// <summary>Where a group is called and listened to.</summary>
/// <param name="Group">A multicast address and a port.</param>
/// <param name="InterfaceIndex">The interface's number; 0 leaves it to the system's routes.</param>
/// <param name="TimeToLive">Routers that a beacon may pass, from 0 (this machine only) to 255.</param>
internal sealed record MulticastPlace(IPEndPoint Group, int InterfaceIndex = 0, int TimeToLive = 1)
{
    /// <summary>The number of an interface, by its name or by one of its addresses.</summary>
    /// <exception cref="ArgumentException">There is none that carries this family; the message lists those there are.</exception>
    internal static int IndexOf(string nameOrAddress, AddressFamily family)
    {
        NetworkInterface[] all = NetworkInterface.GetAllNetworkInterfaces();
        IPAddress? address = IPAddress.TryParse(nameOrAddress, out IPAddress? parsed) ? parsed : null;
        foreach (NetworkInterface network in all)
        {
            IPInterfaceProperties properties = network.GetIPProperties();
            bool isMeant = address is null ? network.Name == nameOrAddress : properties.UnicastAddresses.Any(unicast => unicast.Address.Equals(address));
            bool isFour = family == AddressFamily.InterNetwork;
            if (isMeant && network.Supports(isFour ? NetworkInterfaceComponent.IPv4 : NetworkInterfaceComponent.IPv6))
            {
                return isFour ? properties.GetIPv4Properties().Index : properties.GetIPv6Properties().Index;
            }
        }

        string there = string.Join(", ", all.Select(network => network.Name));
        throw new ArgumentException($"There is no interface \"{nameOrAddress}\" for such a group. This machine has {there}.", nameof(nameOrAddress));
    }
}
