using System.Net;
using System.Net.Sockets;
using Tidegate.Membership.Discovery;

namespace Tidegate.Membership.Transport;

/// <summary>
/// Addresses in the system's form and in the protocol's, remembered both ways so that a packet needs no new object. Both
/// memories are bounded and begin anew when full: strangers choose the addresses that packets come from.
/// </summary>
internal sealed class AddressBook(IPEndPoint local)
{
    /// <summary>Addresses remembered each way.</summary>
    internal const int Maximum = 4_096;

    private readonly Dictionary<SocketAddress, MemberAddress> _from = [];
    private readonly Dictionary<MemberAddress, SocketAddress> _to = [];

    /// <summary>Addresses remembered now, both ways.</summary>
    internal int Remembered => _from.Count + _to.Count;

    /// <summary>Where a packet came from. Only the receiving loop may ask.</summary>
    internal MemberAddress FromSocketAddress(SocketAddress address)
    {
        if (_from.TryGetValue(address, out MemberAddress known))
        {
            return known;
        }

        SocketAddress copy = new(address.Family, address.Size);
        address.Buffer.Span[..address.Size].CopyTo(copy.Buffer.Span);
        MemberAddress member = MemberAddress.From((IPEndPoint)local.Create(copy));
        if (_from.Count == Maximum)
        {
            _from.Clear();
        }

        _from[copy] = member;
        return member;
    }

    /// <summary>Where a packet goes; null where nothing can be sent there from here. Any thread.</summary>
    internal SocketAddress? ToSocketAddress(MemberAddress member)
    {
        lock (_to)
        {
            if (_to.TryGetValue(member, out SocketAddress? known))
            {
                return known;
            }

            if (ToEndPoint(member) is not { } endPoint)
            {
                return null;
            }

            if (_to.Count == Maximum)
            {
                _to.Clear();
            }

            return _to[member] = endPoint.Serialize();
        }
    }

    /// <summary>
    /// The end point of a member; null where nothing can be sent there from here, or where it is no host's address: what
    /// a peer claims to be its address must not make us call a whole network. A link-local address means the link that
    /// this member listens on: messages carry no scope, and a scope means nothing on another host.
    /// </summary>
    internal IPEndPoint? ToEndPoint(MemberAddress member)
    {
        if (!member.IsUsable)
        {
            return null;
        }

        IPEndPoint endPoint = member.ToEndPoint();
        IPAddress address = endPoint.Address;
        if (endPoint.AddressFamily != local.AddressFamily || IsNoHost(address))
        {
            return null;
        }

        if (endPoint.Address.IsIPv6LinkLocal)
        {
            endPoint.Address.ScopeId = local.Address.ScopeId;
        }

        return endPoint;
    }

    /// <summary>
    /// How well packets from an address of this machine get to another address: 0 well, 1 perhaps, because one of the two means something on
    /// this machine or this link only and the other does not, 2 not at all.
    /// </summary>
    internal static int RankFor(IPAddress from, IPAddress to) => to.AddressFamily != from.AddressFamily ? 2
        : IPAddress.IsLoopback(to) == IPAddress.IsLoopback(from) && to.IsIPv6LinkLocal == from.IsIPv6LinkLocal ? 0
        : 1;

    private static bool IsNoHost(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) ||
        address.Equals(IPAddress.Broadcast) || DiscoveryTarget.IsMulticast(address);
}
