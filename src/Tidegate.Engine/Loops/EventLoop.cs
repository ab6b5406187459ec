using System.Collections.Concurrent;
using System.Net;
using System.Runtime.InteropServices;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tls;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Loops;

/// <summary>
/// A thread of control that owns connections. What belongs to a loop (connections, sessions, timers) is touched on that
/// loop only; <see cref="Post(Action)"/> is the way in from elsewhere, and the only member that any thread may call.
/// </summary>
public abstract unsafe class EventLoop : IDisposable
{
    /// <summary>
    /// Bytes kept free in front of what a receive call brings: for the unfinished header or control frame of the call before
    /// (130 at most), and for the header that a relay puts in front of the payload (14 at most).
    /// </summary>
    internal const int Headroom = 256;

    [ThreadStatic] private static EventLoop? _current;

    private readonly ConcurrentQueue<(Action<object?> Action, object? State)> _posted = new();
    private readonly Queue<TcpConnection> _ready = new();
    private readonly Queue<TcpConnection> _handshaking = new();
    private readonly List<TcpConnection> _ended = [];
    private readonly HashSet<TcpConnection> _carried = [];
    private readonly HashSet<Session> _apart = [];
    private TlsWire? _tlsWire;
    private byte* _buffer;
    private int _carriedCount;
    private int _apartCount;
    private bool _disposed;
    private volatile bool _hasStopped;

    private protected EventLoop(EngineOptions options, int index)
    {
        Index = index;
        Options = options;
        ReadCapacity = options.ReadBufferSize;
        _buffer = (byte*)NativeMemory.AlignedAlloc((nuint)(Headroom + ReadCapacity), 4096);
        Timers = new TimerWheel(options.TimeProvider);
        Blocks = new BlockPool();
        Outbox = new Outbox(_buffer, Headroom + ReadCapacity);
    }

    /// <summary>Position among the loops of the process, from 0.</summary>
    public int Index { get; }

    /// <summary>True on the thread that is running this loop now.</summary>
    public bool IsCurrent => ReferenceEquals(_current, this);

    /// <summary>Number of connections that this loop owns. Exact on the loop; elsewhere a recent value.</summary>
    public int ConnectionCount => SocketCount + Volatile.Read(ref _carriedCount);

    /// <summary>The connections that this loop owns now. To be called on the loop.</summary>
    internal TcpConnection[] SnapshotConnections() => [.. SnapshotSockets(), .. _carried];

    /// <summary>
    /// Number of sessions of this loop that have no connection of their own, and live on requests that come and go. Exact on the loop;
    /// elsewhere a recent value.
    /// </summary>
    public int ApartCount => Volatile.Read(ref _apartCount);

    /// <summary>Those sessions. To be called on the loop.</summary>
    internal Session[] SnapshotApart() => [.. _apart];

    internal EngineOptions Options { get; }

    /// <summary>Milliseconds on the loop's clock, read once a turn.</summary>
    internal long Now => Timers.Now;

    internal int ReadCapacity { get; }

    internal byte* ReadBuffer => _buffer + Headroom;

    internal BlockPool Blocks { get; }

    internal Outbox Outbox { get; }

    /// <summary>The buffers of the TLS connections; there are none until one needs them.</summary>
    internal TlsWire TlsWire => _tlsWire ??= new TlsWire(ReadCapacity);

    internal TimerWheel Timers { get; }

    internal MaskKeys MaskKeys { get; } = new();

    /// <summary>Number of connections that have a socket of this loop.</summary>
    private protected abstract int SocketCount { get; }

    private protected bool HasPosted => !_posted.IsEmpty;

    private protected bool HasReady => _ready.Count > 0 || _ended.Count > 0 || _handshaking.Count > 0;

    /// <summary>Runs <paramref name="action"/> on the loop, after what was posted before. Callable from any thread.</summary>
    /// <remarks>An exception that it throws is reported through <see cref="UnhandledException"/>; the loop goes on.</remarks>
    public void Post(Action<object?> action, object? state)
    {
        _posted.Enqueue((action, state));
        Wake();
    }

    /// <summary>Runs <paramref name="action"/> on the loop, after what was posted before. Callable from any thread.</summary>
    public void Post(Action action) => Post(static state => ((Action)state!)(), action);

    /// <summary>Calls <paramref name="action"/> on the loop once, not before <paramref name="delay"/> has passed.</summary>
    /// <remarks>To be called on the loop. The resolution is <see cref="TimerWheel.TickMilliseconds"/>.</remarks>
    public LoopTimer Schedule(TimeSpan delay, Action<object?> action, object? state)
    {
        AssertCurrent();
        return Timers.Schedule(delay, action, state);
    }

    /// <summary>
    /// Begins to connect, on this loop, from <paramref name="local"/> if that is not null. <paramref name="observer"/> is told on the loop, after this call has returned: a
    /// connected connection that has no handler yet, or an error.
    /// </summary>
    internal abstract TcpConnection BeginConnect(IPEndPoint endPoint, IPEndPoint? local, IConnectObserver observer);

    internal abstract Listener Listen(IPEndPoint endPoint, int backlog, EventLoops loops, Action<TcpConnection> accepted);

    /// <summary>What a handler or a posted action threw. Nothing that a peer sends should ever cause one: it is a defect.</summary>
    public event Action<EventLoop, Exception>? UnhandledException;

    /// <summary>Stops the loop and closes its connections abruptly. Waits for the loop's thread, 5 s at most.</summary>
    public abstract void Dispose();

    /// <summary>Has the connection read again later in this turn or in the next, behind the others that wait.</summary>
    internal void QueueRead(TcpConnection connection)
    {
        _ready.Enqueue(connection);
        WakeIfIdle();
    }

    /// <summary>Has the connection's TLS handshake go on: a turn takes so many, because each may cost as much as many messages.</summary>
    internal void QueueHandshake(TcpConnection connection)
    {
        _handshaking.Enqueue(connection);
        WakeIfIdle();
    }

    /// <summary>Has the connection's end reported when the current callbacks have returned: never inside a call of theirs.</summary>
    internal void QueueEnd(TcpConnection connection)
    {
        _ended.Add(connection);
        WakeIfIdle();
    }

    /// <summary>Makes a connection that has no socket one of this loop's.</summary>
    internal void AddCarried(TcpConnection connection)
    {
        _carried.Add(connection);
        Volatile.Write(ref _carriedCount, _carried.Count);
    }

    internal void DropCarried(TcpConnection connection)
    {
        _carried.Remove(connection);
        Volatile.Write(ref _carriedCount, _carried.Count);
    }

    /// <summary>Has a session that has no connection counted, and closed with the others, until it is dropped.</summary>
    internal void AddApart(Session session)
    {
        _apart.Add(session);
        Volatile.Write(ref _apartCount, _apart.Count);
    }

    internal void DropApart(Session session)
    {
        _apart.Remove(session);
        Volatile.Write(ref _apartCount, _apart.Count);
    }

    private protected abstract TcpConnection[] SnapshotSockets();

    private protected void AbortCarried()
    {
        foreach (TcpConnection connection in _carried.ToArray())
        {
            connection.Abort();
        }
    }

    internal void Report(Exception exception) => UnhandledException?.Invoke(this, exception);

    private protected abstract void Wake();

    /// <summary>Called on the loop when work was queued; a loop that only runs when poked must see that it will run again.</summary>
    private protected virtual void WakeIfIdle()
    {
    }

    /// <summary>True once the loop will run nothing any more.</summary>
    internal bool HasStopped
    {
        get => _hasStopped;
        private protected set => _hasStopped = value;
    }

    /// <summary>True on the thread that runs a turn, even where another loop's turn runs inside it.</summary>
    internal virtual bool RunsOnThisThread => IsCurrent;

    /// <summary>Makes this the thread's loop; returns the one that it was running, for <see cref="Leave"/>.</summary>
    private protected EventLoop? Enter()
    {
        EventLoop? outer = _current;
        _current = this;
        return outer;
    }

    private protected static void Leave(EventLoop? outer) => _current = outer;

    /// <summary>One turn, after the events of the sockets: waiting readers, posted actions, timers, and reported ends.</summary>
    private protected void RunQueues()
    {
        for (int waiting = _ready.Count; waiting > 0; waiting--)
        {
            _ready.Dequeue().ReadAgain();
        }

        for (int steps = Math.Min(_handshaking.Count, Options.HandshakesPerTurn); steps > 0; steps--)
        {
            _handshaking.Dequeue().ContinueHandshake();
        }

        // Only what was there when the turn began: an action that posts another must not starve the sockets.
        for (int posted = _posted.Count; posted > 0 && _posted.TryDequeue(out var item); posted--)
        {
            Invoke(item.Action, item.State);
        }

        Timers.Advance(this);
        for (int i = 0; i < _ended.Count; i++)
        {
            _ended[i].ReportEnd();
        }

        _ended.Clear();
    }

    internal void Invoke(Action<object?> action, object? state)
    {
        try
        {
            action(state);
        }
        catch (Exception exception)
        {
            Report(exception);
        }
    }

    private protected void FreeBuffers()
    {
        if (!_disposed)
        {
            _disposed = true;
            NativeMemory.AlignedFree(_buffer);
            _buffer = null;
            Outbox.Dispose();
            _tlsWire?.Dispose();
        }
    }

    internal void AssertCurrent()
    {
        if (!IsCurrent)
        {
            throw new InvalidOperationException("This may be called on the connection's event loop only; use EventLoop.Post.");
        }
    }
}
