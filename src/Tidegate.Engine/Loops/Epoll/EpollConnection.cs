using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Loops.Epoll;

/// <summary>A TCP connection over a non-blocking descriptor, registered with its loop's epoll for good, edge-triggered.</summary>
internal sealed unsafe class EpollConnection : TcpConnection, IEpollTarget
{
    private readonly EpollLoop _loop;
    private int _descriptor;
    private int _slot = -1;
    private IConnectObserver? _connecting;

    internal EpollConnection(EpollLoop loop, int descriptor)
        : base(loop)
    {
        _loop = loop;
        _descriptor = descriptor;
    }

    public override IPEndPoint? RemoteEndPoint => Address(remote: true);

    public override IPEndPoint? LocalEndPoint => Address(remote: false);

    public override void LimitUnsent(int bytes)
    {
        if (!IsEnded)
        {
            Libc.SetOption(_descriptor, Libc.IPPROTO_TCP, Libc.TCP_NOTSENT_LOWAT, bytes);
        }
    }

    /// <summary>Registers with epoll. Returns 0 or a Linux error number.</summary>
    internal int Register(IConnectObserver? connecting)
    {
        _connecting = connecting;
        _slot = _loop.Attach(this);
        return EpollEvents.Control(
            _loop.Descriptor,
            Libc.EPOLL_CTL_ADD,
            _descriptor,
            Libc.EPOLLIN | Libc.EPOLLOUT | Libc.EPOLLRDHUP | Libc.EPOLLET,
            (ulong)_slot);
    }

    public void OnEvents(uint events)
    {
        if (_connecting is not null)
        {
            CompleteConnect(events);
            return;
        }

        if ((events & Libc.EPOLLERR) != 0 && IsReadingPaused && !HoldsUnread && PeekError() is var reset and not 0)
        {
            // Nobody may resume for long, and there is nothing left to be read.
            Fail(Libc.ToSocketError(reset));
            return;
        }

        if ((events & Libc.EPOLLOUT) != 0)
        {
            OnWritable(0);
        }

        if ((events & Libc.EPOLLERR) != 0 && IsReceiveEnded && !IsEnded && Libc.TakeSocketError(_descriptor) is var error and not 0)
        {
            // Nothing is read any more that would tell of the reset.
            Fail(Libc.ToSocketError(error));
            return;
        }

        if ((events & (Libc.EPOLLIN | Libc.EPOLLRDHUP | Libc.EPOLLHUP | Libc.EPOLLERR)) != 0)
        {
            OnReadable((events & (Libc.EPOLLRDHUP | Libc.EPOLLHUP | Libc.EPOLLERR)) != 0);
        }
    }

    /// <summary>Reports that the connect could not even begin.</summary>
    internal void FailConnect(SocketError error)
    {
        IConnectObserver? observer = _connecting;
        _connecting = null;
        Fail(error);
        observer?.OnConnectFailed(this, error);
    }

    private protected override int Receive(byte* buffer, int capacity, out SocketError error)
    {
        while (true)
        {
            nint count = Libc.Receive(_descriptor, buffer, (nuint)capacity);
            if (count >= 0)
            {
                error = SocketError.Success;
                return (int)count;
            }

            int reason = Libc.LastError;
            if (reason != Libc.EINTR)
            {
                error = Libc.ToSocketError(reason);
                return -1;
            }
        }
    }

    private protected override int Send(byte* data, int length, out SocketError error)
    {
        while (true)
        {
            nint count = Libc.Send(_descriptor, data, (nuint)length);
            if (count >= 0)
            {
                error = SocketError.Success;
                return (int)count;
            }

            int reason = Libc.LastError;
            if (reason != Libc.EINTR)
            {
                error = Libc.ToSocketError(reason);
                return -1;
            }
        }
    }

    private protected override void AwaitReadable()
    {
        // Edge-triggered: what arrives after the socket was emptied is announced.
    }

    private protected override void AwaitWritable()
    {
        // Edge-triggered: the kernel announces room after it has refused bytes.
    }

    private protected override void ShutdownSending() => _ = Libc.shutdown(_descriptor, Libc.SHUT_WR);

    private protected override void ResetOnClose()
    {
        // struct linger { on, seconds }: a close with linger 0 sends a reset.
        int* linger = stackalloc int[2] { 1, 0 };
        _ = Libc.setsockopt(_descriptor, Libc.SOL_SOCKET, Libc.SO_LINGER, linger, 2 * sizeof(int));
    }

    private protected override void ReleaseSocket()
    {
        if (_descriptor >= 0)
        {
            _ = Libc.close(_descriptor);
            _descriptor = -1;
            _loop.Detach(_slot);
        }
    }

    /// <summary>The error that is all there is to be read, or 0.</summary>
    private int PeekError()
    {
        byte first;
        return Libc.recv(_descriptor, &first, 1, Libc.MSG_PEEK) < 0 && Libc.LastError is var error and not Libc.EAGAIN ? error : 0;
    }

    private void CompleteConnect(uint events)
    {
        if (IsEnded)
        {
            return;
        }

        int error = Libc.TakeSocketError(_descriptor);
        if (error != 0)
        {
            FailConnect(Libc.ToSocketError(error));
        }
        else if ((events & Libc.EPOLLOUT) != 0)
        {
            IConnectObserver observer = _connecting!;
            _connecting = null;
            observer.OnConnected(this);
            if ((events & (Libc.EPOLLIN | Libc.EPOLLRDHUP | Libc.EPOLLHUP)) != 0)
            {
                OnReadable((events & (Libc.EPOLLRDHUP | Libc.EPOLLHUP)) != 0);
            }
        }
    }

    private IPEndPoint? Address(bool remote)
    {
        byte* address = stackalloc byte[Libc.MaximumAddressLength];
        uint length = Libc.MaximumAddressLength;
        int result = _descriptor < 0 ? -1
            : remote ? Libc.getpeername(_descriptor, address, &length) : Libc.getsockname(_descriptor, address, &length);
        return result == 0 ? Libc.ReadAddress(address, length) : null;
    }
}
