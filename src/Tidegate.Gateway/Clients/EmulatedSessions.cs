using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Tidegate.Engine.Emulation;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Clients;

/// <summary>The emulated WebSockets of this gateway, by the ids that are all a client has to show. Safe to use from any thread.</summary>
internal sealed class EmulatedSessions
{
    /// <summary>How many digits an id has, without the tag that follows it in a cluster.</summary>
    internal const int IdLength = 2 * IdBytes;

    private const int IdBytes = 16;
    private readonly ConcurrentDictionary<string, EmulatedEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    internal int Count => _entries.Count;

    /// <summary>Those that there are now.</summary>
    internal IReadOnlyList<EmulatedSession> All => [.. _entries.Values.Select(entry => entry.Session)];

    /// <summary>An id that nobody can guess.</summary>
    internal static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));

    internal void Add(string id, EmulatedEntry entry) => _entries[id] = entry;

    /// <summary>The session, where it was opened at the same place and for the same page; null otherwise.</summary>
    internal EmulatedSession? Find(string id, string place, string origin) =>
        _entries.TryGetValue(id, out EmulatedEntry? entry) && entry.Place == place && entry.Origin == origin ? entry.Session : null;

    /// <summary>A session is gone, and so is its place.</summary>
    internal void Remove(string id, AddressQuota quota, IPAddress? address)
    {
        if (_entries.TryRemove(id, out _))
        {
            quota.Release(address);
        }
    }
}

/// <summary>A session and where it was opened.</summary>
/// <param name="Session">The session.</param>
/// <param name="Place">Scheme, authority and path.</param>
/// <param name="Origin">The other origin whose page opened it, or empty (<see cref="CrossOrigin.ForeignOriginOf"/>).</param>
internal sealed record EmulatedEntry(EmulatedSession Session, string Place, string Origin);
