using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Tidegate.Membership.Transport;

/// <summary>A member cannot listen at the address it was given. The message says why, and what would be right.</summary>
public sealed class MemberListenException : IOException
{
    internal MemberListenException(IPEndPoint endPoint, string protocol, SocketException cause)
        : base(Explain(endPoint, protocol, cause), cause)
    {
    }

    private MemberListenException(string message, SocketException cause)
        : base(message, cause)
    {
    }

    /// <summary>A group that cannot be joined.</summary>
    internal static MemberListenException ForGroup(IPEndPoint group, SocketException cause) => new(
        cause.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"UDP port {group.Port} of group {group.Address} is in use by a program that does not share it. Choose another port.",
            _ => $"Cannot join group {group}: {cause.Message}. It must be a multicast address, and an interface with multicast must be there; name one if there are several.",
        },
        cause);

    private static string Explain(IPEndPoint endPoint, string protocol, SocketException cause) => cause.SocketErrorCode switch
    {
        SocketError.AddressNotAvailable => $"{endPoint.Address} is not an address of this machine. It has {OwnAddresses()}.",
        SocketError.AddressAlreadyInUse => $"{protocol} port {endPoint.Port} of {endPoint.Address} is in use by another program. Choose another port, or 0 for any.",
        SocketError.AccessDenied => $"This user may not listen on {protocol} port {endPoint.Port} of {endPoint.Address}. Choose a port from 1024 up.",
        _ => $"Cannot listen on {protocol} {endPoint}: {cause.Message}.",
    };

    private static string OwnAddresses()
    {
        string[] addresses = [.. NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(network => network.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address.ToString())
            .Distinct()];
        return addresses.Length == 0 ? "none" : string.Join(", ", addresses);
    }
}
