using System.Collections.Immutable;
using Tidegate.Gateway.Clients;

namespace Tidegate.Gateway.Cluster;

/// <summary>A member and the socket where a session of its lives.</summary>
internal sealed record SessionOwner(string Member, SessionEntrance Entrance);

/// <summary>
/// Which member has a session, by the tag at the end of the session's id. Only members that are there now, and sockets that they tell of, can be
/// found by one, whatever a client writes. A client may be quicker than the word of a member that has just been started, or may ask a member that
/// has just been started and has heard of nobody: such requests wait for a moment. Safe to use from any thread.
/// </summary>
/// <param name="time">Tells how long a request has waited.</param>
internal sealed class SessionOwners(TimeProvider time)
{
    /// <summary>How many requests wait at most; further ones do not.</summary>
    internal const int MaximumWaiting = 1_000;

    /// <summary>How long a request waits for its member's word.</summary>
    internal static readonly TimeSpan NewsTime = TimeSpan.FromSeconds(1);

    // Between the first accept that is bound and the member's being in its cluster pass some tens of milliseconds.
    private static readonly TimeSpan s_joiningTime = TimeSpan.FromSeconds(5);

    // Requests for sessions of members that have gone are refused at once; there may be many, and they come together.
    private const int MaximumGone = 1024;

    private readonly Lock _gate = new();
    private readonly HashSet<string> _gone = new(StringComparer.Ordinal);
    private readonly Queue<string> _goneInTurn = new();
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _joining;
    private ImmutableHashSet<string> _own = [];
    private int _waiting;
    private ImmutableDictionary<string, SessionOwner> _byTag = ImmutableDictionary.Create<string, SessionOwner>(StringComparer.Ordinal);

    /// <summary>How many sockets are known.</summary>
    internal int Count => Volatile.Read(ref _byTag).Count;

    /// <summary>How many requests wait now.</summary>
    internal int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Whether this gateway is in a cluster, or is about to be.</summary>
    internal bool HasOthers => Volatile.Read(ref _joining) is not null;

    /// <summary>This gateway is to be in a cluster: until <see cref="Begin"/>, <see cref="BegunAsync"/> waits. To be called before anything is bound.</summary>
    internal void Expect() => Volatile.Write(ref _joining, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>This gateway is in its cluster, and these are its own tags.</summary>
    internal void Begin(IEnumerable<string> own)
    {
        Volatile.Write(ref _own, own.ToImmutableHashSet(StringComparer.Ordinal));
        Volatile.Read(ref _joining)?.TrySetResult();
    }

    /// <summary>Waits, for a bounded time, until this gateway is in its cluster. Sessions that are opened before have no tag, and nobody else could find them.</summary>
    /// <param name="gone">The client has gone.</param>
    internal async ValueTask BegunAsync(CancellationToken gone)
    {
        if (Volatile.Read(ref _joining) is { Task: { IsCompleted: false } joining })
        {
            await joining.WaitAsync(s_joiningTime, time, gone).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

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

            bool isNews = false;
            foreach (SessionEntrance entrance in entrances)
            {
                isNews |= all.TryAdd(entrance.Tag, new SessionOwner(member, entrance)) && !_byTag.ContainsKey(entrance.Tag);
            }

            foreach (string tag in _byTag.Keys.Where(tag => !all.ContainsKey(tag)))
            {
                Forget(tag);
            }

            Volatile.Write(ref _byTag, all.ToImmutable());
            if (isNews)
            {
                Interlocked.Exchange(ref _news, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            }
        }
    }

    /// <summary>The other member that a session belongs to; null where none is known that has it.</summary>
    internal SessionOwner? Find(string id) =>
        id.Length > SessionEntrance.TagLength ? Volatile.Read(ref _byTag).GetValueOrDefault(id[^SessionEntrance.TagLength..]) : null;

    /// <summary>As <see cref="Find"/>; waits for a moment where a member may have the session that has not told yet.</summary>
    /// <param name="id">The id of a session.</param>
    /// <param name="gone">The client has gone.</param>
    internal async ValueTask<SessionOwner?> FindAsync(string id, CancellationToken gone)
    {
        if (Find(id) is { } known)
        {
            return known;
        }

        if (!MayBecomeKnown(id))
        {
            return null;
        }

        try
        {
            return Interlocked.Increment(ref _waiting) <= MaximumWaiting ? await AwaitAsync(id, gone).ConfigureAwait(false) : null;
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task<SessionOwner?> AwaitAsync(string id, CancellationToken gone)
    {
        using var patience = new CancellationTokenSource(NewsTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, gone);
        while (true)
        {
            Task news = Volatile.Read(ref _news).Task;
            if (Find(id) is { } found)
            {
                return found;
            }

            await news.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (either.IsCancellationRequested)
            {
                return null;
            }
        }
    }

    /// <summary>Whether it looks like the id of a session at another member, of which nothing has been heard.</summary>
    private bool MayBecomeKnown(string id)
    {
        if (!HasOthers || id.Length != EmulatedSessions.IdLength + SessionEntrance.TagLength || id[EmulatedSessions.IdLength..] is not { } tag
            || !SessionEntrance.IsTag(tag) || Volatile.Read(ref _own).Contains(tag))
        {
            return false;
        }

        lock (_gate)
        {
            return !_gone.Contains(tag);
        }
    }

    private void Forget(string tag)
    {
        if (_gone.Add(tag))
        {
            _goneInTurn.Enqueue(tag);
        }

        while (_goneInTurn.Count > MaximumGone)
        {
            _gone.Remove(_goneInTurn.Dequeue());
        }
    }
}
