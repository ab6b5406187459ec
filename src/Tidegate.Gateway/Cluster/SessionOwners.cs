using System.Collections.Immutable;

namespace Tidegate.Gateway.Cluster;

/// <summary>A member and the socket where a session of its lives.</summary>
internal sealed record SessionOwner(string Member, SessionEntrance Entrance);

/// <summary>
/// Which member has a session, by the tag at the end of the session's id. Only members that are there now, and sockets that they tell of, can be
/// found by one, whatever a client writes. Safe to use from any thread.
/// </summary>
internal sealed class SessionOwners
{
    private readonly Lock _gate = new();
    private ImmutableDictionary<string, SessionOwner> _byTag = ImmutableDictionary.Create<string, SessionOwner>(StringComparer.Ordinal);

    /// <summary>How many sockets are known.</summary>
    internal int Count => Volatile.Read(ref _byTag).Count;

    /// <summary>Replaces what a member has told; nothing for a member that is gone. A tag that another one has already stays with that one.</summary>
    internal void Set(string member, ImmutableArray<SessionEntrance> entrances)
    {
        lock (_gate)
        {
            ImmutableDictionary<string, SessionOwner>.Builder all = _byTag.ToBuilder();
            foreach ((string tag, SessionOwner owner) in _byTag)
            {
                if (owner.Member == member)
                {
                    all.Remove(tag);
                }
            }

            foreach (SessionEntrance entrance in entrances)
            {
                all.TryAdd(entrance.Tag, new SessionOwner(member, entrance));
            }

            Volatile.Write(ref _byTag, all.ToImmutable());
        }
    }

    /// <summary>The other member that a session belongs to; null where none is known that has it.</summary>
    internal SessionOwner? Find(string id) =>
        id.Length > SessionEntrance.TagLength ? Volatile.Read(ref _byTag).GetValueOrDefault(id[^SessionEntrance.TagLength..]) : null;
}
