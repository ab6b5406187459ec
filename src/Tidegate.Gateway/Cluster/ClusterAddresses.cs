using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Membership;

namespace Tidegate.Gateway.Cluster;

/// <summary>Where this gateway listens for the other members. They reach it at one of these addresses, which it tells them.</summary>
internal static class ClusterAddresses
{
    /// <summary>Addresses at which one gateway may listen for the others.</summary>
    internal const int Maximum = 1 + MemberOptions.MaximumAdditionalListens;

    /// <summary>What is wrong with an accept of <c>cluster</c>; null if nothing is, or if a resolver would have to be asked.</summary>
    internal static TextFault? FaultOf(ClusterAddress accept) => TryParse(accept, out UriHost? host, out TextFault? fault) ? LocalAddresses.FaultOf(host) : fault;

    /// <summary>The name that stands in an accept, if it is one.</summary>
    internal static HostName? NameIn(ClusterAddress accept) => TryParse(accept, out UriHost? host, out _) ? host as HostName : null;

    /// <summary>
    /// Everywhere to listen: what <see cref="ResolveAsync"/> takes of each accept, and all other addresses of an interface that one names.
    /// The first is the one that the others are told.
    /// </summary>
    /// <exception cref="GatewayStartException">An address is none of this machine's, or there are more than <see cref="Maximum"/>.</exception>
    internal static async Task<ClusterPlaces> ResolveAllAsync(IEnumerable<ClusterAddress> accepts, CancellationToken cancellation)
    {
        var listens = new List<IPEndPoint>();
        var leftOut = new List<IPAddress>();
        foreach (ClusterAddress accept in accepts)
        {
            IPEndPoint first = await ResolveAsync(accept, cancellation).ConfigureAwait(false);
            listens.Add(first);
            if (TryParse(accept, out UriHost? host, out _) && host is InterfaceName name)
            {
                // A fresh IPv6 address cannot be bound before it is known that nobody else has it (RFC 4862, section 5.4).
                ILookup<bool, IPAddress> others = LocalAddresses.Of(name).Where(one => !one.Equals(first.Address)).ToLookup(one => LocalAddresses.FaultOf(new HostAddress(one)) is null);
                listens.AddRange(others[true].Select(one => new IPEndPoint(one, accept.Port)));
                leftOut.AddRange(others[false]);
            }
        }

        ImmutableArray<IPEndPoint> all = [.. listens.Distinct()];
        return all.Length <= Maximum
            ? new ClusterPlaces(all, [.. leftOut.Distinct()])
            : throw new GatewayStartException(
                $"<accept> in <cluster> stands for {all.Length} addresses, and a member listens at {Maximum} at most. Name those at which the others reach this gateway.");
    }

    /// <summary>The address to listen at. Of several the first global IPv4 one is taken, or else the first global IPv6 one.</summary>
    /// <exception cref="GatewayStartException">It is none of this machine's.</exception>
    internal static async Task<IPEndPoint> ResolveAsync(ClusterAddress accept, CancellationToken cancellation)
    {
        if (!TryParse(accept, out UriHost? host, out TextFault? fault) || (fault = LocalAddresses.FaultOf(host)) is not null)
        {
            throw new GatewayStartException($"{fault}");
        }

        IPAddress address = host switch
        {
            HostAddress { Address: var literal } when !IsAny(literal) => literal,
            HostAddress { Address: var any } => Preferred(LocalAddresses.All().Where(one => one.AddressFamily == any.AddressFamily)),
            InterfaceName name => Preferred(LocalAddresses.Of(name)),
            HostName { Name: "localhost" } => IPAddress.Loopback,
            HostName name => Preferred(await OwnAddressesOfAsync(name.Name, accept, cancellation).ConfigureAwait(false)),
            _ => Preferred(LocalAddresses.All()),
        };
        return new IPEndPoint(address, accept.Port);
    }

    /// <summary>The one that others are most likely to reach: global before local, IPv4 before IPv6.</summary>
    internal static IPAddress Preferred(IEnumerable<IPAddress> addresses) =>
        addresses.OrderBy(RankOf).FirstOrDefault() ?? IPAddress.Loopback;

    internal static bool IsAny(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>
    /// Whether a member may have this gateway connect to an address that the member says its service is at. It is the member's word:
    /// it must not lead to what only this machine reaches, such as its own loopback addresses or a cloud's metadata.
    /// </summary>
    /// <param name="service">The address of the service.</param>
    /// <param name="member">The address of the member.</param>
    /// <param name="own">Where this gateway is a member itself.</param>
    internal static bool MayServe(IPAddress service, IPAddress member, IPAddress own)
    {
        IPAddress plain = Plain(service);
        return IsLoopback(plain) ? IsLoopback(Plain(member)) && IsLoopback(Plain(own))
            : IsLinkLocal(plain) ? IsLinkLocal(Plain(member)) && IsLinkLocal(Plain(own))
            : plain.AddressFamily == AddressFamily.InterNetworkV6
                ? !plain.Equals(IPAddress.IPv6Any) && !plain.IsIPv6Multicast
                // 0.0.0.0/8 is this machine; from 224 on there are groups and broadcasts (RFC 6890).
                : plain.GetAddressBytes()[0] is > 0 and < 224;
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static bool IsLoopback(IPAddress address) => IPAddress.IsLoopback(address);

    // 169.254.0.0/16: addresses that machines give themselves (RFC 3927).
    private static bool IsLinkLocal(IPAddress address) => address.IsIPv6LinkLocal || address.GetAddressBytes() is [169, 254, _, _];

    private static int RankOf(IPAddress address) => address switch
    {
        _ when IPAddress.IsLoopback(address) => 4,
        { IsIPv6LinkLocal: true } => 3,
        { AddressFamily: AddressFamily.InterNetworkV6 } => 1,
        _ when IsLinkLocal(address) => 2,
        _ => 0,
    };

    private static bool TryParse(
        ClusterAddress accept,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out UriHost? host,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out TextFault? fault)
    {
        bool isRead = HostAndPort.TryParse(accept.Host, accept.ToString(), UriUse.Accept, out HostAndPort? place, out fault);
        host = place?.Host;
        return isRead;
    }

    private static async Task<IPAddress[]> OwnAddressesOfAsync(string name, ClusterAddress accept, CancellationToken cancellation)
    {
        IPAddress[] all;
        try
        {
            all = await Dns.GetHostAddressesAsync(name, cancellation).ConfigureAwait(false);
        }
        catch (SocketException exception)
        {
            throw new GatewayStartException(
                $"Unable to resolve DNS name: {name} (in {accept}). Write a name that resolves to an address of this machine, or the address itself.", exception);
        }

        IPAddress[] own = [.. all.Where(address => LocalAddresses.FaultOf(new HostAddress(address)) is null)];
        return own.Length > 0
            ? own
            : throw new GatewayStartException(
                $"{name} (in {accept}) stands for {string.Join(", ", all.AsEnumerable())}, and no network interface of this machine has that. {LocalAddresses.WhatThereIs()}");
    }
}
