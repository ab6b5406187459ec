using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Clients;

/// <summary>The emulated WebSockets of this gateway, by the ids that are all a client has to show. Safe to use from any thread.</summary>
internal sealed class EmulatedSessions(AddressQuota quota)
{
    private const int IdBytes = 16;
    private readonly ConcurrentDictionary<string, EmulatedEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    internal int Count => _entries.Count;

    /// <summary>An id that nobody can guess.</summary>
    internal static string NewId() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));

    /// <summary>Takes a place for a session of this address; false where it has too many.</summary>
    internal bool TryReserve(IPAddress? address) => quota.TryReserve(address);

    internal void Add(string id, EmulatedEntry entry) => _entries[id] = entry;

    /// <summary>The session, where it was opened at the same place; null otherwise.</summary>
    internal EmulatedSession? Find(string id, string place) =>
        _entries.TryGetValue(id, out EmulatedEntry? entry) && entry.Place == place ? entry.Session : null;

    /// <summary>A session is gone.</summary>
    internal void Remove(string id, IPAddress? address)
    {
        if (_entries.TryRemove(id, out _))
        {
            quota.Release(address);
        }
    }

    /// <summary>Closes all that there are now, each on its loop, evenly over some time.</summary>
    internal void CloseAll(TimeSpan over, CloseStatus status, string reason) =>
        EvenClosing.Begin([.. _entries.Values.Select(entry => entry.Session)], over, status, reason);
}

/// <summary>A session and where it was opened: scheme, authority and path.</summary>
internal sealed record EmulatedEntry(EmulatedSession Session, string Place);
