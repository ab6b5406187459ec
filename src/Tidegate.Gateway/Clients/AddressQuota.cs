using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// How many sessions without a connection of their own a service has, in all and of each address: nothing else would bound them. Safe to use
/// from any thread.
/// </summary>
/// <param name="maximum">Sessions in all, at least 1.</param>
/// <param name="maximumOfAddress">Sessions that one address may have, at least 1.</param>
internal sealed class AddressQuota(int maximum, int maximumOfAddress)
{
    private readonly ConcurrentDictionary<IPAddress, int> _counts = new();
    private int _count;
    private volatile bool _takesNoMore;

    /// <summary>Sessions that there may be.</summary>
    internal int Maximum => maximum;

    /// <summary>Sessions that one address may have.</summary>
    internal int MaximumOfAddress => maximumOfAddress;

    /// <summary>From now on nobody gets a place: the gateway is about to end.</summary>
    internal void TakeNoMore() => _takesNoMore = true;

    /// <summary>Takes a place for a session of this address, if there is one.</summary>
    internal QuotaAnswer Reserve(IPAddress? address)
    {
        if (_takesNoMore)
        {
            return QuotaAnswer.Ending;
        }

        if (Interlocked.Increment(ref _count) > maximum)
        {
            Interlocked.Decrement(ref _count);
            return QuotaAnswer.Full;
        }

        if (_counts.AddOrUpdate(Network(address), 1, static (_, count) => count + 1) <= maximumOfAddress)
        {
            return QuotaAnswer.Taken;
        }

        Release(address);
        return QuotaAnswer.TooManyOfAddress;
    }

    /// <summary>Gives one back.</summary>
    internal void Release(IPAddress? address)
    {
        IPAddress network = Network(address);
        while (_counts.TryGetValue(network, out int count))
        {
            if (count > 1 ? _counts.TryUpdate(network, count - 1, count) : _counts.TryRemove(KeyValuePair.Create(network, count)))
            {
                Interlocked.Decrement(ref _count);
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

/// <summary>What <see cref="AddressQuota.Reserve"/> says.</summary>
internal enum QuotaAnswer
{
    /// <summary>There was a place, and it is taken.</summary>
    Taken,

    /// <summary>The gateway is about to end.</summary>
    Ending,

    /// <summary>The service has as many sessions as it may.</summary>
    Full,

    /// <summary>The address has.</summary>
    TooManyOfAddress,
}
