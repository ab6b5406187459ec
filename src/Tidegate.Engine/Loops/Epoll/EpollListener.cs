using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Loops.Epoll;

/// <summary>A listening descriptor on one loop, which hands what it accepts to all loops in turn.</summary>
internal sealed unsafe class EpollListener : Listener, IEpollTarget
{
    // So many in one turn, then the loop's connections get theirs; level-triggered, so the rest is announced again.
    private const int AcceptsPerTurn = 64;
    private static readonly TimeSpan StarvedPause = TimeSpan.FromMilliseconds(100);
    private readonly EpollLoop _loop;
    private readonly EventLoops _loops;
    private readonly Action<TcpConnection> _accepted;
    private int _descriptor;
    private int _slot = -1;
    private long _lastStarvedReport = -1000;

    internal EpollListener(EpollLoop loop, IPEndPoint endPoint, int backlog, EventLoops loops, Action<TcpConnection> accepted)
        : base(loop)
    {
        _loop = loop;
        _loops = loops;
        _accepted = accepted;
        bool v6 = endPoint.AddressFamily == AddressFamily.InterNetworkV6;
        _descriptor = Libc.socket(v6 ? Libc.AF_INET6 : Libc.AF_INET, Libc.SOCK_STREAM | Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC, 0);
        try
        {
            Check(_descriptor);
            _ = Libc.SetOption(_descriptor, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, 1);
            if (v6)
            {
                // An IPv6 listener is for IPv6: the IPv4 address of the same name has a listener of its own.
                _ = Libc.SetOption(_descriptor, Libc.IPPROTO_IPV6, Libc.IPV6_V6ONLY, 1);
            }

            byte* address = stackalloc byte[Libc.MaximumAddressLength];
            uint length = Libc.WriteAddress(endPoint, address);
            Check(Libc.bind(_descriptor, address, length));
            Check(Libc.listen(_descriptor, backlog));
            length = Libc.MaximumAddressLength;
            Check(Libc.getsockname(_descriptor, address, &length));
            LocalEndPoint = Libc.ReadAddress(address, length);
        }
        catch
        {
            Release();
            throw;
        }

        _loop.Post(Watch);
    }

    public override IPEndPoint LocalEndPoint { get; }

    public void OnEvents(uint events)
    {
        for (int i = 0; i < AcceptsPerTurn && _descriptor >= 0; i++)
        {
            int accepted = Libc.accept4(_descriptor, null, null, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
            if (accepted < 0)
            {
                int error = Libc.LastError;
                if (error is Libc.EMFILE or Libc.ENFILE or Libc.ENOBUFS or Libc.ENOMEM)
                {
                    Pause(Libc.ToSocketError(error));
                    return;
                }

                if (error == Libc.EAGAIN)
                {
                    return;
                }

                // Any other error belongs to the connection that was to be accepted (accept(2)): the next one may do.
                continue;
            }

            bool last = DescriptorReserve.EndsAccepting(accepted);
            var loop = (EpollLoop)_loops.Next();
            if (ReferenceEquals(loop, _loop))
            {
                loop.Adopt(accepted, _accepted);
            }
            else
            {
                loop.Post(_ => loop.Adopt(accepted, _accepted), null);
            }

            if (last)
            {
                Pause(SocketError.TooManyOpenSockets);
                return;
            }
        }
    }

    internal override void Release()
    {
        if (Interlocked.Exchange(ref _descriptor, -1) is var descriptor and >= 0)
        {
            _ = Libc.close(descriptor);
            _loop.Detach(_slot);
        }
    }

    private void Watch()
    {
        if (_descriptor >= 0)
        {
            _slot = _loop.Attach(this);
            _ = EpollEvents.Control(_loop.Descriptor, Libc.EPOLL_CTL_ADD, _descriptor, Libc.EPOLLIN, (ulong)_slot);
        }
    }

    /// <summary>Out of descriptors or memory, or nearly so: accepting again at once would spin, so it waits a moment.</summary>
    private void Pause(SocketError error)
    {
        if (_descriptor < 0)
        {
            // What was accepted has disposed the listener.
            return;
        }

        _ = EpollEvents.Control(_loop.Descriptor, Libc.EPOLL_CTL_DEL, _descriptor, 0, 0);
        _loop.Detach(_slot);
        _slot = -1;
        AwaitRoom();
        if (_loop.Now - _lastStarvedReport >= 1000)
        {
            _lastStarvedReport = _loop.Now;
            ReportStarved(error);
        }
    }

    private void AwaitRoom() => _loop.Schedule(StarvedPause, static listener => ((EpollListener)listener!).Retry(), this);

    private void Retry()
    {
        if (_descriptor < 0)
        {
            return;
        }

        if (DescriptorReserve.AllowsAccepting(_descriptor))
        {
            Watch();
        }
        else
        {
            AwaitRoom();
        }
    }

    private static int Check(int result) =>
        result >= 0 ? result : throw new SocketException((int)Libc.ToSocketError(Libc.LastError));
}
