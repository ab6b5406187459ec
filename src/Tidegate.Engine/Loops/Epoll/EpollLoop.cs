using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Loops.Epoll;

/// <summary>What a loop's epoll watches.</summary>
internal interface IEpollTarget
{
    void OnEvents(uint events);
}

/// <summary>An event loop on a thread of its own that waits in <c>epoll_wait</c>.</summary>
internal sealed unsafe class EpollLoop : EventLoop, IEpollTarget
{
    private const int EventsPerTurn = 512;

    // Bounds the end of the loop against actions that keep posting others.
    private const int LastTurns = 16;
    private readonly EpollEvents _events = new(EventsPerTurn);
    private readonly Thread _thread;
    private readonly int _wakeDescriptor;
    private readonly SpinPolicy _spin;
    private readonly List<int> _detached = [];
    private readonly Stack<int> _freeSlots = new();
    private IEpollTarget?[] _targets = new IEpollTarget?[64];
    private int _used;
    private int _connections;
    private int _wakePending;
    private volatile bool _stopping;

    internal EpollLoop(EngineOptions options, int index)
        : base(options, index)
    {
        _spin = new SpinPolicy((long)(options.SpinTime.TotalSeconds * Stopwatch.Frequency));
        Descriptor = Check(Libc.epoll_create1(Libc.EPOLL_CLOEXEC));
        _wakeDescriptor = Check(Libc.eventfd(0, Libc.EFD_NONBLOCK | Libc.EFD_CLOEXEC));
        int slot = Attach(this);
        if (EpollEvents.Control(Descriptor, Libc.EPOLL_CTL_ADD, _wakeDescriptor, Libc.EPOLLIN | Libc.EPOLLET, (ulong)slot) is var error and not 0)
        {
            throw new SocketException((int)Libc.ToSocketError(error));
        }

        _thread = new Thread(Run) { IsBackground = true, Name = $"tidegate loop {index}" };
        _thread.Start();
    }

    private protected override int SocketCount => Volatile.Read(ref _connections);

    internal int Descriptor { get; }

    private protected override TcpConnection[] SnapshotSockets() => [.. _targets.OfType<TcpConnection>()];

    /// <summary>Gives a target a slot, by which epoll names it.</summary>
    internal int Attach(IEpollTarget target)
    {
        if (!_freeSlots.TryPop(out int slot))
        {
            slot = _used++;
            if (slot == _targets.Length)
            {
                Array.Resize(ref _targets, _targets.Length * 2);
            }
        }

        _targets[slot] = target;
        _connections += target is TcpConnection ? 1 : 0;
        return slot;
    }

    /// <summary>
    /// Frees a slot, at the end of the turn: events of this turn may still name it and must not reach a newcomer.
    /// </summary>
    internal void Detach(int slot)
    {
        if (slot >= 0)
        {
            _connections -= _targets[slot] is TcpConnection ? 1 : 0;
            _targets[slot] = null;
            _detached.Add(slot);
        }
    }

    /// <summary>Takes over a descriptor that another loop has accepted.</summary>
    internal void Adopt(int descriptor, Action<TcpConnection> accepted)
    {
        _ = Libc.SetOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
        var connection = new EpollConnection(this, descriptor);
        if (connection.Register(connecting: null) != 0)
        {
            connection.Abort();
            return;
        }

        try
        {
            accepted(connection);
        }
        catch (Exception exception)
        {
            Report(exception);
            connection.Abort();
        }
    }

    internal override TcpConnection BeginConnect(IPEndPoint endPoint, IPEndPoint? local, IConnectObserver observer)
    {
        int family = endPoint.AddressFamily == AddressFamily.InterNetworkV6 ? Libc.AF_INET6 : Libc.AF_INET;
        int descriptor = Libc.socket(family, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        int error = descriptor < 0 ? Libc.LastError : 0;
        if (descriptor >= 0 && DescriptorReserve.EndsConnecting(descriptor))
        {
            _ = Libc.close(descriptor);
            (descriptor, error) = (-1, Libc.EMFILE);
        }

        var connection = new EpollConnection(this, descriptor);
        if (error == 0)
        {
            _ = Libc.SetOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
            byte* address = stackalloc byte[Libc.MaximumAddressLength];
            error = local is null ? 0 : Libc.BindToConnect(descriptor, local);
            uint length = Libc.WriteAddress(endPoint, address);
            if (error == 0 && Libc.connect(descriptor, address, length) != 0)
            {
                error = Libc.LastError is var reason and not Libc.EINPROGRESS ? reason : 0;
            }
        }

        if (error == 0)
        {
            error = connection.Register(observer);
        }

        if (error != 0)
        {
            // The answer must not come before this call has returned.
            SocketError reason = Libc.ToSocketError(error);
            Post(_ =>
            {
                if (!connection.IsEnded)
                {
                    connection.Abort();
                    observer.OnConnectFailed(connection, reason);
                }
            }, null);
        }

        return connection;
    }

    internal override Listener Listen(IPEndPoint endPoint, int backlog, EventLoops loops, Action<TcpConnection> accepted) =>
        new EpollListener(this, endPoint, backlog, loops, accepted);

    public void OnEvents(uint events)
    {
        // The wake-up: its counter is cleared by reading it.
        ulong count;
        _ = Libc.read(_wakeDescriptor, &count, sizeof(ulong));
        Volatile.Write(ref _wakePending, 0);
    }

    public override void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        Post(static () => { });
        if (!IsCurrent)
        {
            _thread.Join(TimeSpan.FromSeconds(5));
        }
    }

    private protected override void Wake()
    {
        if (!IsCurrent && Interlocked.Exchange(ref _wakePending, 1) == 0)
        {
            ulong one = 1;
            _ = Libc.write(_wakeDescriptor, &one, sizeof(ulong));
        }
    }

    private void Run()
    {
        _ = Enter();
        while (!_stopping)
        {
            int count = WaitForEvents(HasReady || HasPosted ? 0 : Timers.NextTimeout());
            for (int i = 0; i < count; i++)
            {
                if (_targets[(int)_events.Data(i)] is { } target)
                {
                    Deliver(target, _events.Mask(i));
                }
            }

            RunQueues();
            if (_detached.Count > 0)
            {
                foreach (int slot in _detached)
                {
                    _freeSlots.Push(slot);
                }

                _detached.Clear();
            }
        }

        End();
        HasStopped = true;
        Leave(null);
    }

    /// <summary>Waits for at most so many milliseconds, -1 for any time; returns how many events there are.</summary>
    private int WaitForEvents(int timeout)
    {
        if (timeout == 0)
        {
            return Libc.epoll_wait(Descriptor, _events.Pointer, EventsPerTurn, 0);
        }

        long began = Stopwatch.GetTimestamp();
        if (_spin.ShouldSpin)
        {
            do
            {
                int found = Libc.epoll_wait(Descriptor, _events.Pointer, EventsPerTurn, 0);
                if (found != 0)
                {
                    _spin.Spun(found: true);
                    return found;
                }
            }
            while (!_spin.IsOver(Stopwatch.GetTimestamp() - began));
            _spin.Spun(found: false);
            return Libc.epoll_wait(Descriptor, _events.Pointer, EventsPerTurn, timeout);
        }

        int count = Libc.epoll_wait(Descriptor, _events.Pointer, EventsPerTurn, timeout);
        _spin.Slept(Stopwatch.GetTimestamp() - began);
        return count;
    }

    private void Deliver(IEpollTarget target, uint events)
    {
        try
        {
            target.OnEvents(events);
        }
        catch (Exception exception)
        {
            Report(exception);
            (target as TcpConnection)?.Abort();
        }
    }

    private void End()
    {
        // What is still queued, and what runs while the loop ends, may begin to listen, adopt or connect: that ends with it.
        int turn = 0;
        do
        {
            RunQueues();
            ReleaseTargets();
        }
        while ((HasPosted || HasReady) && ++turn < LastTurns);

        // A wake-up may be on its way: its descriptor is closed when it has come, and from here on none is sent. A late one
        // would be written to whoever has been given the number of the descriptor since.
        while (Interlocked.CompareExchange(ref _wakePending, 1, 0) != 0)
        {
            ulong count;
            if (Libc.read(_wakeDescriptor, &count, sizeof(ulong)) < 0)
            {
                Thread.Yield();
                continue;
            }

            Volatile.Write(ref _wakePending, 0);
        }

        _ = Libc.close(_wakeDescriptor);
        _ = Libc.close(Descriptor);
        _events.Dispose();
        FreeBuffers();
    }

    private void ReleaseTargets()
    {
        AbortCarried();
        for (int slot = 0; slot < _used; slot++)
        {
            switch (_targets[slot])
            {
                case EpollListener listener:
                    listener.Release();
                    break;
                case TcpConnection connection:
                    connection.Abort();
                    break;
            }
        }
    }

    private static int Check(int result) =>
        result >= 0 ? result : throw new SocketException((int)Libc.ToSocketError(Libc.LastError));
}
