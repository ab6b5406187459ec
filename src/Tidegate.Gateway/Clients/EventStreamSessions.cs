using System.Collections.Concurrent;
using System.Net;
using Tidegate.Engine.Emulation;

namespace Tidegate.Gateway.Clients;

/// <summary>The event streams of this gateway, by the ids that clients come back with. Safe to use from any thread.</summary>
internal sealed class EventStreamSessions
{
    private readonly ConcurrentDictionary<string, EventStreamEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    internal int Count => _entries.Count;

    internal void Add(string id, EventStreamEntry entry) => _entries[id] = entry;

    /// <summary>The session, where it was opened at the same place by a page of the same origin; null otherwise.</summary>
    internal EventStreamSession? Find(string id, string place, string origin) =>
        _entries.TryGetValue(id, out EventStreamEntry? entry) && entry.Place == place && entry.Origin == origin ? entry.Session : null;

    /// <summary>A session is gone, and so is its place.</summary>
    internal void Remove(string id, AddressQuota quota, IPAddress? address)
    {
        if (_entries.TryRemove(id, out _))
        {
            quota.Release(address);
        }
    }
}

/// <summary>A session, where it was opened (scheme, authority and path), and the origin of the page that did; empty where none was said.</summary>
internal sealed record EventStreamEntry(EventStreamSession Session, string Place, string Origin);
