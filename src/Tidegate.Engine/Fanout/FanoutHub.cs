using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Fanout;

/// <summary>
/// Sends each message that is published to every session that has subscribed, in one order for all. No subscriber waits for another: each goes
/// through the messages at its own pace, and one that is too slow is closed or misses some.
/// </summary>
/// <remarks>
/// The messages of a loop hang together in a list, and a subscriber is little more than its place in it. So a slow one costs no memory of its
/// own, and a message is gone when the slowest has passed it.
/// </remarks>
public sealed class FanoutHub
{
    private readonly Dictionary<EventLoop, SubscriberGroup> _groups;
    private readonly SubscriberGroup[] _all;
    private readonly Lock _publishing = new();
    private long _published;
    private volatile bool _isBehind;

    /// <param name="loops">The loops whose sessions may subscribe.</param>
    /// <param name="options">Bounds.</param>
    public FanoutHub(EventLoops loops, FanoutOptions options)
    {
        ArgumentNullException.ThrowIfNull(loops);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumPendingBytes, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaximumBacklogBytes, 1);
        Options = options;
        _all = [.. loops.All.Select(loop => new SubscriberGroup(this, loop))];
        _groups = _all.ToDictionary(group => group.Loop);
    }

    /// <summary>
    /// True while subscribers are still to be offered more than <see cref="FanoutOptions.MaximumBacklogBytes"/>: whoever publishes should wait until
    /// <see cref="FanoutOptions.CaughtUp"/> is told.
    /// </summary>
    public bool IsBehind => _isBehind;

    internal FanoutOptions Options { get; }

    /// <summary>Number of subscribers. Exact while nobody comes or goes.</summary>
    public int Subscribers => _all.Sum(group => group.Count);

    /// <summary>
    /// Has a message sent to everyone who has subscribed by now. Callable from any thread; of those who publish at once one waits for the other, so
    /// that there is one order for all.
    /// </summary>
    public void Publish(SharedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_publishing)
        {
            _published += message.Length;
            foreach (SubscriberGroup group in _all)
            {
                group.Enqueue(message, _published);
            }
        }

        if (Volatile.Read(ref _published) - OfferedToAll() > Options.MaximumBacklogBytes)
        {
            _isBehind = true;

            // A loop may have caught up before it could see that somebody waits for it.
            TellOfCatchingUp();
        }
    }

    /// <summary>
    /// Gives a session that is not started yet its messages from now on, and starts it. To be called on the session's loop. Nothing that it
    /// sends is looked at, but by <paramref name="received"/>.
    /// </summary>
    /// <param name="session">The session; its handler is set here.</param>
    /// <param name="received">Gets what the subscriber sends and says; null where that is to be ignored.</param>
    public void Subscribe(Session session, ISubscriberInput? received = null)
    {
        ArgumentNullException.ThrowIfNull(session);
        _groups[session.Loop].Add(session, received);
    }

    /// <summary>Closes all subscribers, behind what has been published. Callable from any thread.</summary>
    public void CloseAll(CloseStatus status, string reason)
    {
        foreach (SubscriberGroup group in _all)
        {
            group.Loop.Post(() => group.CloseAll(status, reason));
        }
    }

    /// <summary>Called by a group that has offered messages to all of its subscribers.</summary>
    internal void TellOfCatchingUp()
    {
        if (_isBehind && Volatile.Read(ref _published) - OfferedToAll() <= Options.MaximumBacklogBytes / 2)
        {
            _isBehind = false;
            Options.CaughtUp?.Invoke();
        }
    }

    private long OfferedToAll()
    {
        long least = long.MaxValue;
        foreach (SubscriberGroup group in _all)
        {
            least = Math.Min(least, group.Offered);
        }

        return least;
    }
}
