using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Loops.Portable;

/// <summary>
/// A TCP connection over <see cref="SocketAsyncEventArgs"/>. A receive of no bytes waits for something to read, so that an
/// idle connection holds no buffer; what a send does not take at once goes in the background.
/// </summary>
internal sealed unsafe class PortableConnection : TcpConnection
{
    private readonly PortableLoop _loop;
    private readonly Socket _socket;
    private SocketAsyncEventArgs? _receive;
    private SocketAsyncEventArgs? _send;
    private SocketError _brokenBy;
    private bool _receiveArmed;
    private bool _sendArmed;
    private bool _released;

    internal PortableConnection(PortableLoop loop, Socket socket)
        : base(loop)
    {
        _loop = loop;
        _socket = socket;
        socket.Blocking = false;
        socket.NoDelay = true;
    }

    public override IPEndPoint? RemoteEndPoint => Address(static socket => socket.RemoteEndPoint);

    public override IPEndPoint? LocalEndPoint => Address(static socket => socket.LocalEndPoint);

    private protected override bool IsSendingInBackground => _sendArmed;

    /// <summary>Begins to watch for something to read.</summary>
    internal void Start() => AwaitReadable();

    internal void Connect(IPEndPoint endPoint, IConnectObserver observer)
    {
        var connect = new SocketAsyncEventArgs { RemoteEndPoint = endPoint };
        connect.Completed += (_, _) => _loop.Post(() => CompleteConnect(connect, observer));
        if (!_socket.ConnectAsync(connect))
        {
            _loop.Post(() => CompleteConnect(connect, observer));
        }
    }

    private protected override int Receive(byte* buffer, int capacity, out SocketError error)
    {
        int count = _socket.Receive(new Span<byte>(buffer, capacity), SocketFlags.None, out error);
        if (count == 0 && error == SocketError.Success)
        {
            // The system tells of an error once: after the wait has had it, a broken stream looks like one that has ended.
            error = _brokenBy;
        }

        return error == SocketError.Success ? count : -1;
    }

    private protected override int Send(byte* data, int length, out SocketError error)
    {
        int count = _socket.Send(new ReadOnlySpan<byte>(data, length), SocketFlags.None, out error);
        return error == SocketError.Success ? count : -1;
    }

    private protected override void AwaitReadable()
    {
        if (_receiveArmed || _released)
        {
            return;
        }

        if (_receive is null)
        {
            _receive = new SocketAsyncEventArgs();
            _receive.SetBuffer(Array.Empty<byte>(), 0, 0);
            _receive.Completed += (_, _) => _loop.Post(static state => ((PortableConnection)state!).OnReceiveReady(), this);
        }

        _receiveArmed = true;
        if (!_socket.ReceiveAsync(_receive))
        {
            _loop.Post(static state => ((PortableConnection)state!).OnReceiveReady(), this);
        }
    }

    private protected override void AwaitWritable()
    {
        if (_sendArmed || _released)
        {
            return;
        }

        if (_send is null)
        {
            _send = new SocketAsyncEventArgs();
            _send.Completed += (_, _) => _loop.Post(static state => ((PortableConnection)state!).OnSent(), this);
        }

        _sendArmed = true;
        _send.SetBuffer(System.Runtime.InteropServices.MemoryMarshal.AsMemory(PendingHead));
        if (!_socket.SendAsync(_send))
        {
            _loop.Post(static state => ((PortableConnection)state!).OnSent(), this);
        }
    }

    private protected override void ShutdownSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // The peer was faster: the connection is gone, and reading says so.
        }
    }

    private protected override void ResetOnClose()
    {
        try
        {
            _socket.LingerState = new LingerOption(true, 0);
        }
        catch (SocketException)
        {
            // The connection is gone already.
        }
    }

    private protected override void ReleaseSocket()
    {
        _released = true;
        _socket.Dispose();
        _loop.Detach(this);
        if (!_receiveArmed)
        {
            _receive?.Dispose();
        }

        if (!_sendArmed)
        {
            _send?.Dispose();
        }
    }

    private void OnReceiveReady()
    {
        _receiveArmed = false;
        if (_released)
        {
            _receive?.Dispose();
        }
        else if (!IsEnded)
        {
            // What came before the error is still to be read.
            _brokenBy = _receive!.SocketError;
            OnReadable(hungUp: false);
        }
    }

    private void OnSent()
    {
        _sendArmed = false;
        if (_released)
        {
            _send?.Dispose();
        }
        else if (!IsEnded)
        {
            if (_send!.SocketError == SocketError.Success)
            {
                OnWritable(_send.BytesTransferred);
            }
            else
            {
                FailSending(_send.SocketError);
            }
        }
    }

    private void CompleteConnect(SocketAsyncEventArgs connect, IConnectObserver observer)
    {
        SocketError error = connect.SocketError;
        connect.Dispose();
        if (IsEnded)
        {
            return;
        }

        if (error != SocketError.Success)
        {
            Fail(error);
            observer.OnConnectFailed(this, error);
            return;
        }

        try
        {
            observer.OnConnected(this);
        }
        catch (Exception exception)
        {
            _loop.Report(exception);
            Abort();
        }

        Start();
    }

    private IPEndPoint? Address(Func<Socket, EndPoint?> read)
    {
        try
        {
            return _released ? null : read(_socket) as IPEndPoint;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
