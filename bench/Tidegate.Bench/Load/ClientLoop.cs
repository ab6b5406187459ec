using System.Net;
using System.Runtime.InteropServices;
using Tidegate.Bench.Echo;
using Tidegate.Engine.Loops.Epoll;

namespace Tidegate.Bench.Load;

/// <summary>
/// WebSocket clients on one epoll and one thread, and where that is wanted the back-end with them. What a kind of load adds
/// is what happens when a connection has opened and when messages have come back.
/// </summary>
internal abstract unsafe class ClientLoop : IDisposable
{
    /// <summary>More than any window here, so that one read takes all there is.</summary>
    private const int ReadBufferSize = 512 * 1024;
    private const ulong TickerMark = ulong.MaxValue;

    private readonly int _epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
    private readonly EpollEvents _events = new(512);
    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(ReadBufferSize);
    private readonly Handshake _handshake;
    private readonly MessageRing _ring;
    private readonly IPEndPoint _server;
    private readonly SecureClients? _tls;
    private readonly EchoServer? _backend;
    private int _ticker = -1;

    protected ClientLoop(LoadOptions options)
    {
        Options = options;
        _server = new IPEndPoint(IPAddress.Loopback, options.Port);
        _handshake = new Handshake(_server, options.Path);
        _ring = new MessageRing(options.Size, options.Window);
        _tls = options.Trusted.Length == 0 ? null : new SecureClients(options.Trusted, ReadBufferSize);
        if (options.BackendPort > 0)
            _backend = new EchoServer(options.BackendSpeaksWebSocket ? new WebSocketEcho() : new TcpEcho(), options.BackendPort, _epoll);
        Connections = new ClientConnection[options.Connections];
        for (int i = 0; i < Connections.Length; i++)
            Connections[i] = new ClientConnection(i);
    }

    protected LoadOptions Options { get; }

    protected ClientConnection[] Connections { get; }

    protected abstract void Opened(ClientConnection connection);

    protected abstract void Returned(ClientConnection connection, int messages);

    protected virtual void Ticked()
    {
    }

    /// <summary>Connects a closed connection; source addresses alternate, since each has ports of its own.</summary>
    protected void Connect(ClientConnection connection)
    {
        var from = new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (connection.Index % 8))]), 0);
        connection.Descriptor = Sockets.Connect(_server, from);
        connection.State = ConnectionState.Connecting;
        connection.SendPosition = _ring.StartOf(connection.Index) * _ring.FrameSize;
        connection.Frames.Begin(_ring.StartOf(connection.Index) * _ring.MessageSize);
        connection.Owed = connection.Outstanding = connection.Partial = 0;
        connection.Head = [];
        connection.Unsent = [];
        int error = EpollEvents.Control(_epoll, Libc.EPOLL_CTL_ADD, connection.Descriptor,
            Libc.EPOLLIN | Libc.EPOLLOUT | Libc.EPOLLRDHUP | Libc.EPOLLET, (ulong)connection.Index);
        if (error != 0)
            throw new IOException($"epoll: {Libc.ToSocketError(error)}");
    }

    protected static void Close(ClientConnection connection)
    {
        Sockets.CloseWithReset(connection.Descriptor);
        connection.Descriptor = -1;
        connection.Tls?.Dispose();
        connection.Tls = null;
        connection.State = ConnectionState.Closed;
    }

    /// <summary>The next messages of the ring are due on this connection: sent now, and what the kernel does not take, later.</summary>
    protected void Send(ClientConnection connection, int messages)
    {
        connection.Outstanding += (long)messages * _ring.MessageSize;
        // While something is owed the kernel is full, and an event will come.
        bool idle = connection.Owed == 0;
        connection.Owed += (long)messages * _ring.FrameSize;
        if (idle)
            Flush(connection);
    }

    protected void AddTicker(TimeSpan interval)
    {
        _ticker = Sockets.Ticker(interval);
        int error = EpollEvents.Control(_epoll, Libc.EPOLL_CTL_ADD, _ticker, Libc.EPOLLIN, TickerMark);
        if (error != 0)
            throw new IOException($"epoll: {Libc.ToSocketError(error)}");
    }

    /// <summary>Handles what is ready, waiting for it at most <paramref name="milliseconds"/>; false when nothing was.</summary>
    protected bool Turn(int milliseconds)
    {
        int ready = Libc.epoll_wait(_epoll, _events.Pointer, _events.Capacity, milliseconds);
        for (int i = 0; i < ready; i++)
        {
            ulong data = _events.Data(i);
            if (data == TickerMark)
            {
                // Reading arms it anew.
                long times;
                Libc.read(_ticker, &times, sizeof(long));
                Ticked();
            }
            else if ((data & EchoServer.Mark) != 0)
            {
                _backend!.Handle(data);
            }
            else
            {
                Handle(Connections[(int)data], _events.Mask(i));
            }
        }
        return ready > 0;
    }

    public void Dispose()
    {
        foreach (ClientConnection connection in Connections)
        {
            if (connection.State != ConnectionState.Closed)
                Close(connection);
        }
        _backend?.Dispose();
        if (_ticker >= 0)
            _ = Libc.close(_ticker);
        _ = Libc.close(_epoll);
        _events.Dispose();
        NativeMemory.Free(_buffer);
        _tls?.Dispose();
        GC.SuppressFinalize(this);
    }

    private void Handle(ClientConnection connection, uint ready)
    {
        if (connection.State == ConnectionState.Connecting)
        {
            if ((ready & (Libc.EPOLLOUT | Libc.EPOLLERR | Libc.EPOLLHUP)) == 0)
                return;
            FinishConnect(connection);
        }
        if ((ready & (Libc.EPOLLIN | Libc.EPOLLRDHUP | Libc.EPOLLERR | Libc.EPOLLHUP)) != 0)
            Receive(connection);
        if ((ready & Libc.EPOLLOUT) != 0 && (_tls?.FlushUnsent(connection) ?? true) && connection.Owed > 0)
            Flush(connection);
    }

    private void FinishConnect(ClientConnection connection)
    {
        int error = Libc.TakeSocketError(connection.Descriptor);
        if (error != 0)
            throw new LoadException($"a connection was not accepted: {Libc.ToSocketError(error)}");
        if (_tls is null)
        {
            Upgrade(connection);
            return;
        }
        connection.State = ConnectionState.Securing;
        _tls.Begin(connection);
    }

    private void Upgrade(ClientConnection connection)
    {
        fixed (byte* request = _handshake.Request)
        {
            nint sent = _tls?.Send(connection, request, _handshake.Request.Length)
                ?? Libc.send(connection.Descriptor, request, (nuint)_handshake.Request.Length, Libc.MSG_NOSIGNAL);
            if (sent != _handshake.Request.Length)
                throw new LoadException("a connection was lost before the handshake");
        }
        connection.State = ConnectionState.Upgrading;
    }

    private void Receive(ClientConnection connection)
    {
        if (connection.State == ConnectionState.Securing)
        {
            if (!_tls!.Continue(connection))
                return;
            Upgrade(connection);
        }
        while (true)
        {
            nint count = _tls?.Receive(connection, _buffer, ReadBufferSize) ?? Libc.recv(connection.Descriptor, _buffer, ReadBufferSize, 0);
            if (_tls is not null && count == SecureClients.Nothing)
                return;
            if (count < 0 && Libc.LastError is int error)
            {
                if (error is Libc.EAGAIN or Libc.EINTR)
                    return;
                throw new LoadException($"a connection was lost: {Libc.ToSocketError(error)}");
            }
            if (count == 0)
                throw new LoadException(connection.State == ConnectionState.Open ? "the server ended a connection" : "the server ended a connection in the handshake");
            int descriptor = connection.Descriptor;
            Take(connection, _buffer, (int)count);
            // Edge-triggered: a read that did not fill the buffer has emptied the socket, unless this is another one now.
            if ((count < ReadBufferSize && _tls is null) || connection.Descriptor != descriptor || connection.State == ConnectionState.Connecting)
                return;
        }
    }

    private void Take(ClientConnection connection, byte* data, int length)
    {
        if (connection.State == ConnectionState.Upgrading)
        {
            int head = TakeHead(connection, new ReadOnlySpan<byte>(data, length));
            if (head == 0)
                return;
            connection.State = ConnectionState.Open;
            Opened(connection);
            if (head == length || connection.State != ConnectionState.Open)
                return;
            data += head;
            length -= head;
        }

        int payload = connection.Frames.Take(data, length, _ring, out int pings);
        if (pings > 0)
            AnswerPing(connection);
        connection.Outstanding -= payload;
        if (connection.Outstanding < 0)
            throw new LoadException("more came back than was sent");
        int messages = Math.DivRem(connection.Partial + payload, _ring.MessageSize, out int partial);
        connection.Partial = partial;
        if (messages > 0)
            Returned(connection, messages);
    }

    /// <summary>How many of these bytes belong to the response head; 0 while it is incomplete.</summary>
    private int TakeHead(ClientConnection connection, ReadOnlySpan<byte> received)
    {
        int before = connection.Head.Length;
        if (before == 0)
        {
            int head = _handshake.Check(received);
            if (head == 0)
                connection.Head = received.ToArray();
            return head;
        }
        connection.Head = [.. connection.Head, .. received];
        return Math.Max(0, _handshake.Check(connection.Head) - before);
    }

    private void AnswerPing(ClientConnection connection)
    {
        // Within a frame nothing else may be sent; the next ping will find a better moment.
        if (connection.Owed > 0)
            return;
        byte* pong = stackalloc byte[160];
        int length = connection.Frames.WritePong(pong);
        _ = _tls?.Send(connection, pong, length) ?? Libc.send(connection.Descriptor, pong, (nuint)length, Libc.MSG_NOSIGNAL);
    }

    private void Flush(ClientConnection connection)
    {
        while (connection.Owed > 0)
        {
            int due = (int)Math.Min(connection.Owed, _ring.SendableLength - connection.SendPosition);
            byte* data = _ring.Frames + connection.SendPosition;
            nint sent = _tls?.Send(connection, data, due) ?? Libc.send(connection.Descriptor, data, (nuint)due, Libc.MSG_NOSIGNAL);
            if (_tls is not null && sent == SecureClients.Nothing)
                return;
            if (sent < 0 && Libc.LastError is int error)
            {
                if (error == Libc.EAGAIN)
                    return;
                throw new LoadException($"a connection was lost: {Libc.ToSocketError(error)}");
            }
            connection.Owed -= sent;
            connection.SendPosition = (connection.SendPosition + (int)sent) % _ring.FramesLength;
        }
    }
}
