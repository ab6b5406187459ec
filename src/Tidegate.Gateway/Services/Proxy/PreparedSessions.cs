using Tidegate.Engine;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>Back-end sessions that were opened before a client needs them, on each loop its share.</summary>
internal sealed class PreparedSessions
{
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(30);
    private readonly Action<EventLoop, Action<Session?>> _connect;
    private readonly Action? _lost;
    private readonly Share[] _shares;
    private volatile bool _stopped;

    /// <param name="loops">The loops to prepare sessions on.</param>
    /// <param name="count">Sessions in all; at least one for each loop is kept.</param>
    /// <param name="connect">Opens a session on a loop; gives null where that failed.</param>
    /// <param name="lost">Called where a session ends that no client has taken.</param>
    internal PreparedSessions(EventLoops loops, int count, Action<EventLoop, Action<Session?>> connect, Action? lost)
    {
        _connect = connect;
        _lost = lost;
        int all = Math.Max(count, loops.All.Length);
        _shares = [.. loops.All.Select((loop, i) => new Share(loop, (all / loops.All.Length) + (i < all % loops.All.Length ? 1 : 0)))];
        foreach (Share share in _shares)
        {
            share.Loop.Post(() => Replenish(share));
        }
    }

    /// <summary>A prepared session of the loop, or null where none is ready. To be called on the loop.</summary>
    internal PreparedSession? Take(EventLoop loop)
    {
        Share share = _shares[loop.Index];
        while (share.Ready.TryDequeue(out PreparedSession? prepared))
        {
            if (!prepared.Session.IsClosing)
            {
                prepared.IsTaken = true;
                Replenish(share);
                return prepared;
            }
        }

        Replenish(share);
        return null;
    }

    internal void Stop()
    {
        _stopped = true;
        foreach (Share share in _shares)
        {
            share.Loop.Post(() =>
            {
                while (share.Ready.TryDequeue(out PreparedSession? prepared))
                {
                    prepared.Session.Close(Engine.WebSocket.CloseStatus.GoingAway);
                }
            });
        }
    }

    private void Replenish(Share share)
    {
        while (!_stopped && !share.RetryPending && share.Ready.Count + share.Connecting < share.Wanted)
        {
            share.Connecting++;
            _connect(share.Loop, session =>
            {
                share.Connecting--;
                if (session is null)
                {
                    RetryLater(share);
                }
                else if (_stopped)
                {
                    session.Abort();
                }
                else
                {
                    share.Retry = FirstRetry;
                    share.Ready.Enqueue(new PreparedSession(session, () => Lost(share)));
                }
            });
        }
    }

    /// <summary>A back-end that ends idle sessions is not asked for a new one at once, over and over.</summary>
    private void Lost(Share share)
    {
        _lost?.Invoke();
        int kept = share.Ready.Count;
        for (int i = 0; i < kept; i++)
        {
            PreparedSession prepared = share.Ready.Dequeue();
            if (!prepared.Session.IsClosing)
            {
                share.Ready.Enqueue(prepared);
            }
        }

        RetryLater(share);
    }

    private void RetryLater(Share share)
    {
        if (_stopped || share.RetryPending)
        {
            return;
        }

        share.RetryPending = true;
        share.Loop.Schedule(share.Retry, _ =>
        {
            share.RetryPending = false;
            Replenish(share);
        }, null);
        share.Retry = share.Retry * 2 < LastRetry ? share.Retry * 2 : LastRetry;
    }

    private sealed class Share(EventLoop loop, int wanted)
    {
        internal EventLoop Loop { get; } = loop;

        internal int Wanted { get; } = wanted;

        internal Queue<PreparedSession> Ready { get; } = new();

        internal int Connecting { get; set; }

        internal bool RetryPending { get; set; }

        internal TimeSpan Retry { get; set; } = FirstRetry;
    }
}

/// <summary>A session that waits for a client: what its peer says first is kept, and its end is noticed.</summary>
internal sealed class PreparedSession : ISessionHandler
{
    /// <summary>Bytes of a greeting that are kept; after the read that passes it, the rest is left to the kernel until somebody wants it.</summary>
    internal const int MaximumGreeting = 16 * 1024;

    private readonly Action _lost;
    private readonly List<(byte[] Data, MessageKind Kind, bool EndOfMessage)> _received = [];
    private int _kept;

    internal PreparedSession(Session session, Action lost)
    {
        Session = session;
        _lost = lost;
        session.Handler = this;
        session.Start();
    }

    internal Session Session { get; }

    internal bool IsTaken { get; set; }

    /// <summary>Gives to <paramref name="receiver"/> what the back-end said while it waited.</summary>
    internal void Replay(Session receiver)
    {
        foreach ((byte[] data, MessageKind kind, bool endOfMessage) in _received)
        {
            RelayCopy(receiver, data, kind, endOfMessage);
        }

        _received.Clear();
    }

    public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage)
    {
        _received.Add((payload.Span.ToArray(), kind, endOfMessage));
        _kept += payload.Length + 1;
        if (_kept > MaximumGreeting)
        {
            // Only then: a session that is not read does not notice that its peer gives up waiting, and a client would get it.
            session.PauseReading();
        }
    }

    public void OnReceiveEnded(Session session) => session.Close(Engine.WebSocket.CloseStatus.NormalClosure);

    public void OnCongested(Session session)
    {
    }

    public void OnDrained(Session session)
    {
    }

    public void OnClosed(Session session, SessionEnd end)
    {
        if (!IsTaken)
        {
            _lost();
        }
    }

    private static void RelayCopy(Session receiver, byte[] data, MessageKind kind, bool endOfMessage) =>
        receiver.Relay(data, kind, endOfMessage);
}
