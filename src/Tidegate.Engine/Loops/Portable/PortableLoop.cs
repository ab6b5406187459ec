using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Loops.Portable;

/// <summary>
/// An event loop without a thread: whoever completes an operation or posts work runs the loop's turn if nobody else is
/// running it, and otherwise leaves the work to whoever is. Turns never overlap, so what belongs to the loop needs no lock.
/// </summary>
internal sealed class PortableLoop : EventLoop
{
    private readonly HashSet<PortableConnection> _connections = [];
    private readonly HashSet<PortableListener> _listeners = [];
    private readonly ITimer _timer;
    private int _work;
    private int _thread;
    private bool _stopped;
    private volatile bool _stopping;

    static PortableLoop()
    {
        if (!OperatingSystem.IsWindows())
        {
            // Completions on the thread that saw them, as they are on Windows. Read once, when the first socket is used.
            Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        }
    }

    internal PortableLoop(EngineOptions options, int index)
        : base(options, index) =>
        _timer = options.TimeProvider.CreateTimer(static loop => ((PortableLoop)loop!).Wake(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

    private protected override int SocketCount => _connections.Count;

    private protected override TcpConnection[] SnapshotSockets() => [.. _connections];

    internal void Attach(PortableConnection connection) => _connections.Add(connection);

    internal void Detach(PortableConnection connection) => _connections.Remove(connection);

    internal void Adopt(Socket socket, Action<TcpConnection> accepted)
    {
        if (_stopped)
        {
            socket.Dispose();
            return;
        }

        PortableConnection connection;
        try
        {
            connection = new PortableConnection(this, socket);
        }
        catch (SocketException)
        {
            // The peer is gone already.
            socket.Dispose();
            return;
        }

        Attach(connection);
        try
        {
            accepted(connection);
        }
        catch (Exception exception)
        {
            Report(exception);
            connection.Abort();
        }

        connection.Start();
    }

    internal override TcpConnection BeginConnect(IPEndPoint endPoint, IConnectObserver observer)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        var connection = new PortableConnection(this, socket);
        Attach(connection);
        try
        {
            connection.Connect(endPoint, observer);
        }
        catch (SocketException)
        {
            connection.Abort();
            throw;
        }

        if (_stopped)
        {
            connection.Abort();
        }

        return connection;
    }

    internal override Listener Listen(IPEndPoint endPoint, int backlog, EventLoops loops, Action<TcpConnection> accepted)
    {
        var listener = new PortableListener(this, endPoint, backlog, loops, accepted);
        Post(() => _listeners.Add(listener));
        return listener;
    }

    internal void Detach(PortableListener listener) => _listeners.Remove(listener);

    public override void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        if (RunsOnThisThread)
        {
            // The turn that is running now looks again before it ends.
            Post(End);
            return;
        }

        using var stopped = new ManualResetEventSlim();
        Post(() =>
        {
            End();
            stopped.Set();
        });
        stopped.Wait(TimeSpan.FromSeconds(5));
        _timer.Dispose();
    }

    internal override bool RunsOnThisThread => Volatile.Read(ref _thread) == Environment.CurrentManagedThreadId;

    private protected override void Wake()
    {
        if (Interlocked.Increment(ref _work) == 1)
        {
            Run();
        }
    }

    private protected override void WakeIfIdle()
    {
        // Always called within a turn, which looks again before it ends.
    }

    private void Run()
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref _work);
            // Posting from one loop to another runs the other's turn inside this one's.
            EventLoop? outer = Enter();
            Volatile.Write(ref _thread, Environment.CurrentManagedThreadId);
            try
            {
                do
                {
                    RunQueues();
                }
                while (HasReady || HasPosted);

                ArmTimer();
                if (_stopped)
                {
                    FreeBuffers();
                }
            }
            finally
            {
                Volatile.Write(ref _thread, 0);
                Leave(outer);
            }
        }
        while (Interlocked.Add(ref _work, -seen) > 0);
    }

    private void ArmTimer()
    {
        int timeout = _stopped ? -1 : Timers.NextTimeout();
        _timer.Change(timeout < 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(timeout), Timeout.InfiniteTimeSpan);
    }

    private void End()
    {
        _stopped = true;
        AbortCarried();
        foreach (PortableListener listener in _listeners.ToArray())
        {
            listener.Release();
        }

        foreach (PortableConnection connection in _connections.ToArray())
        {
            connection.Abort();
        }

        HasStopped = true;
    }
}
