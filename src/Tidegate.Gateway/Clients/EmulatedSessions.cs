using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Tidegate.Engine.Emulation;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Clients;

/// <summary>The emulated WebSockets of this gateway, by the ids that are all a client has to show. Safe to use from any thread.</summary>
internal sealed class EmulatedSessions
{
    /// <summary>Sessions that one address may have: they need no connection, which would bound them.</summary>
    internal const int MaximumForAddress = 2_000;

    private const int IdBytes = 16;
    private readonly ConcurrentDictionary<string, EmulatedEntry> _entries = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<IPAddress, int> _counts = new();
    private volatile bool _takesNoMore;

    /// <summary>How many there are.</summary>
    internal int Count => _entries.Count;

    /// <summary>From now on nobody gets a place: the gateway is about to end.</summary>
    internal void TakeNoMore() => _takesNoMore = true;

    /// <summary>An id that nobody can guess.</summary>
    internal static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));

    /// <summary>Why <see cref="TryReserve"/> gives no place, in words for clients.</summary>
    internal string WhyNot => _takesNoMore ? "This gateway is being stopped." : "This address has too many emulated WebSockets.";

    /// <summary>Takes a place for a session of this address; false where it has too many, or the gateway ends.</summary>
    internal bool TryReserve(IPAddress? address)
    {
        if (_takesNoMore)
        {
            return false;
        }

        int count = _counts.AddOrUpdate(Network(address), 1, static (_, count) => count + 1);
        if (count <= MaximumForAddress)
        {
            return true;
        }

        Release(address);
        return false;
    }

    internal void Add(string id, EmulatedEntry entry) => _entries[id] = entry;

    /// <summary>The session, where it was opened at the same place and for the same page; null otherwise.</summary>
    internal EmulatedSession? Find(string id, string place, string origin) =>
        _entries.TryGetValue(id, out EmulatedEntry? entry) && entry.Place == place && entry.Origin == origin ? entry.Session : null;

    /// <summary>A session is gone.</summary>
    internal void Remove(string id, IPAddress? address)
    {
        if (_entries.TryRemove(id, out _))
        {
            Release(address);
        }
    }

    private void Release(IPAddress? address)
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

/// <summary>A session and where it was opened.</summary>
/// <param name="Session">The session.</param>
/// <param name="Place">Scheme, authority and path.</param>
/// <param name="Origin">The other origin whose page opened it, or empty (<see cref="CrossOrigin.ForeignOriginOf"/>).</param>
internal sealed record EmulatedEntry(EmulatedSession Session, string Place, string Origin);
