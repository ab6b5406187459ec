using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Loops.Portable;

/// <summary>A listening socket that accepts in the background and hands what comes to all loops in turn.</summary>
internal sealed class PortableListener : Listener
{
    private static readonly TimeSpan StarvedPause = TimeSpan.FromMilliseconds(100);
    private readonly PortableLoop _loop;
    private readonly EventLoops _loops;
    private readonly Action<TcpConnection> _accepted;
    private readonly Socket _socket;
    private readonly SocketAsyncEventArgs _accept = new();
    private long _lastStarvedReport = -1000;
    private bool _released;

    internal PortableListener(PortableLoop loop, IPEndPoint endPoint, int backlog, EventLoops loops, Action<TcpConnection> accepted)
        : base(loop)
    {
        _loop = loop;
        _loops = loops;
        _accepted = accepted;
        _socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // Binding sets what lets a port be taken again soon after it was left. The option named ReuseAddress must not be
            // set here: it means SO_REUSEPORT too, and would let two listeners have the same port.
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6)
            {
                _socket.DualMode = false;
            }

            _socket.Bind(endPoint);
            _socket.Listen(backlog);
            LocalEndPoint = (IPEndPoint)_socket.LocalEndPoint!;
        }
        catch
        {
            _socket.Dispose();
            throw;
        }

        _accept.Completed += (_, _) => _loop.Post(OnAccepted);
        _loop.Post(Accept);
    }

    public override IPEndPoint LocalEndPoint { get; }

    internal override void Release()
    {
        if (!Interlocked.Exchange(ref _released, true))
        {
            _socket.Dispose();
            _loop.Detach(this);
        }
    }

    private void Accept()
    {
        if (_released)
        {
            return;
        }

        _accept.AcceptSocket = null;
        if (!_socket.AcceptAsync(_accept))
        {
            _loop.Post(OnAccepted);
        }
    }

    private void OnAccepted()
    {
        if (_accept.SocketError == SocketError.Success && _accept.AcceptSocket is { } accepted)
        {
            if (_released)
            {
                accepted.Dispose();
                return;
            }

            var loop = (PortableLoop)_loops.Next();
            loop.Post(() => loop.Adopt(accepted, _accepted));
        }
        else if (_accept.SocketError is SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable && !_released)
        {
            _loop.Schedule(StarvedPause, static listener => ((PortableListener)listener!).Accept(), this);
            if (_loop.Now - _lastStarvedReport >= 1000)
            {
                _lastStarvedReport = _loop.Now;
                ReportStarved(_accept.SocketError);
            }

            return;
        }

        Accept();
    }
}
