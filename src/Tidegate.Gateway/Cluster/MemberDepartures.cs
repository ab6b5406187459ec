namespace Tidegate.Gateway.Cluster;

/// <summary>
/// Tells those who have to do with a member that it is said to be gone: whoever is connecting to it for a client, and whoever relays one to
/// it. They are forgotten when they say that they have done with it. Safe to use from any thread.
/// </summary>
internal sealed class MemberDepartures
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, HashSet<Watch>> _members = new(StringComparer.Ordinal);

    /// <summary>How many watch, for tests.</summary>
    internal int Count
    {
        get
        {
            lock (_gate)
            {
                return _members.Values.Sum(watches => watches.Count);
            }
        }
    }

    /// <summary>Has somebody told each time that the member is said to be gone, until what is returned is disposed of.</summary>
    /// <param name="member">The member's name.</param>
    /// <param name="gone">Called on any thread; it must not wait, nor throw.</param>
    internal IDisposable Follow(string member, Action gone)
    {
        var watch = new Watch(this, member, gone);
        lock (_gate)
        {
            if (!_members.TryGetValue(member, out HashSet<Watch>? watches))
            {
                _members.Add(member, watches = []);
            }

            watches.Add(watch);
        }

        return watch;
    }

    /// <summary>The member is said to be gone.</summary>
    internal void Tell(string member)
    {
        Watch[] told;
        lock (_gate)
        {
            told = _members.TryGetValue(member, out HashSet<Watch>? watches) ? [.. watches] : [];
        }

        // Outside the lock: who is told may have done with it.
        foreach (Watch watch in told)
        {
            watch.Gone();
        }
    }

    private void Forget(Watch watch)
    {
        lock (_gate)
        {
            if (_members.TryGetValue(watch.Member, out HashSet<Watch>? watches) && watches.Remove(watch) && watches.Count == 0)
            {
                _members.Remove(watch.Member);
            }
        }
    }

    private sealed class Watch(MemberDepartures owner, string member, Action gone) : IDisposable
    {
        internal string Member => member;

        internal void Gone() => gone();

        public void Dispose() => owner.Forget(this);
    }
}
