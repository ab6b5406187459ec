using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Gateway.Clients;

/// <summary>How many sessions without a connection of their own each address has: nothing else would bound them. Safe to use from any thread.</summary>
internal sealed class AddressQuota
{
    /// <summary>Sessions that one address may have.</summary>
    internal const int Maximum = 2_000;

    private readonly ConcurrentDictionary<IPAddress, int> _counts = new();
    private volatile bool _takesNoMore;

    /// <summary>Why <see cref="TryReserve"/> gives no place, in words for clients.</summary>
    internal string WhyNot => _takesNoMore ? "This gateway is being stopped." : "This address has too many emulated WebSockets and event streams.";

    /// <summary>From now on nobody gets a place: the gateway is about to end.</summary>
    internal void TakeNoMore() => _takesNoMore = true;

    /// <summary>Takes a place for a session of this address; false where it has too many, or the gateway ends.</summary>
    internal bool TryReserve(IPAddress? address)
    {
        if (_takesNoMore)
        {
            return false;
        }

        int count = _counts.AddOrUpdate(Network(address), 1, static (_, count) => count + 1);
        if (count <= Maximum)
        {
            return true;
        }

        Release(address);
        return false;
    }

    /// <summary>Gives one back.</summary>
    internal void Release(IPAddress? address)
    {
        IPAddress network = Network(address);
        while (_counts.TryGetValue(network, out int count))
        {
            if (count > 1 ? _counts.TryUpdate(network, count - 1, count) : _counts.TryRemove(KeyValuePair.Create(network, count)))
            {
                return;
            }
        }
    }

    /// <summary>Of IPv6 the first half: the other one is whatever the client likes.</summary>
    private static IPAddress Network(IPAddress? address)
    {
        if (address is null || address.IsIPv4MappedToIPv6 || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address ?? IPAddress.None;
        }

        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
