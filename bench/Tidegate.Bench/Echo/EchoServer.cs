using System.Net;
using System.Runtime.InteropServices;
using Tidegate.Engine.Loops.Epoll;

namespace Tidegate.Bench.Echo;

/// <summary>
/// A back-end on one epoll and one thread: one read and one send for all that has arrived on a connection. It has an epoll
/// and a process of its own, or shares those of the load.
/// </summary>
internal sealed unsafe class EchoServer : IDisposable
{
    /// <summary>What tells the back-end's descriptors from others on a shared epoll; the descriptor is in the lower bits.</summary>
    internal const ulong Mark = 1UL << 32;

    /// <summary>Bytes kept free before what is read, for the header of a reply.</summary>
    internal const int HeaderRoom = 512;
    private const int ReadBufferSize = 512 * 1024;

    private readonly IEcho _echo;
    private readonly int _epoll;
    private readonly int _listener;
    private readonly byte* _buffer = (byte*)NativeMemory.Alloc(HeaderRoom + ReadBufferSize) + HeaderRoom;
    private EchoConnection?[] _connections = new EchoConnection?[256];

    internal EchoServer(IEcho echo, int port, int epoll)
    {
        _echo = echo;
        _epoll = epoll;
        _listener = Sockets.Listen(new IPEndPoint(IPAddress.Loopback, port));
        Watch(_listener, Libc.EPOLLIN);
    }

    internal static int Run(IEcho echo, Arguments arguments)
    {
        int port = arguments.Integer("port", 0, 1, ushort.MaxValue);
        arguments.ExpectNothingElse();
        int epoll = Libc.epoll_create1(Libc.EPOLL_CLOEXEC);
        using var server = new EchoServer(echo, port, epoll);
        using var events = new EpollEvents(512);
        while (true)
        {
            int ready = Libc.epoll_wait(epoll, events.Pointer, events.Capacity, -1);
            for (int i = 0; i < ready; i++)
                server.Handle(events.Data(i));
        }
    }

    /// <summary>Something has come on the descriptor that <paramref name="data"/> names.</summary>
    internal void Handle(ulong data)
    {
        int descriptor = (int)(data & ~Mark);
        if (descriptor == _listener)
            Accept();
        else if (_connections[descriptor] is { } connection && !Serve(connection))
            Close(connection);
    }

    public void Dispose()
    {
        foreach (EchoConnection? connection in _connections)
        {
            if (connection is not null)
                Close(connection);
        }
        _ = Libc.close(_listener);
        NativeMemory.Free(_buffer - HeaderRoom);
    }

    private void Accept()
    {
        while (true)
        {
            int descriptor = Libc.accept4(_listener, null, null, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
            if (descriptor < 0)
                return;
            Libc.SetOption(descriptor, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, 1);
            if (descriptor >= _connections.Length)
                Array.Resize(ref _connections, Math.Max(descriptor + 1, _connections.Length * 2));
            _connections[descriptor] = new EchoConnection(descriptor);
            Watch(descriptor, Libc.EPOLLIN | Libc.EPOLLOUT | Libc.EPOLLRDHUP | Libc.EPOLLET);
        }
    }

    /// <summary>Reads and answers until the socket is empty or full; false when the connection is at its end.</summary>
    private bool Serve(EchoConnection connection)
    {
        while (FlushPending(connection))
        {
            nint count = Libc.recv(connection.Descriptor, _buffer, ReadBufferSize, 0);
            if (count <= 0)
                return count < 0 && Libc.LastError is Libc.EAGAIN or Libc.EINTR;
            byte* reply = _buffer;
            int length = _echo.Reply(connection, ref reply, (int)count);
            if (length < 0)
                return false;
            nint sent = length == 0 ? 0 : Libc.send(connection.Descriptor, reply, (nuint)length, Libc.MSG_NOSIGNAL);
            if (sent < 0 && Libc.LastError != Libc.EAGAIN)
                return false;
            sent = Math.Max(sent, 0);
            if (sent < length)
            {
                connection.Pending = new ReadOnlySpan<byte>(reply + sent, length - (int)sent).ToArray();
                connection.PendingStart = 0;
            }
            else if (count < ReadBufferSize)
            {
                return true;
            }
        }
        return true;
    }

    /// <summary>Whether nothing is pending any more. An error is left for the next read to meet.</summary>
    private static bool FlushPending(EchoConnection connection)
    {
        while (connection.Pending is byte[] pending)
        {
            fixed (byte* start = pending)
            {
                int left = pending.Length - connection.PendingStart;
                nint sent = Libc.send(connection.Descriptor, start + connection.PendingStart, (nuint)left, Libc.MSG_NOSIGNAL);
                if (sent < 0)
                    return Libc.LastError != Libc.EAGAIN;
                connection.PendingStart += (int)sent;
                if (sent == left)
                    connection.Pending = null;
            }
        }
        return true;
    }

    private void Close(EchoConnection connection)
    {
        _connections[connection.Descriptor] = null;
        _ = Libc.close(connection.Descriptor);
    }

    private void Watch(int descriptor, uint mask)
    {
        int error = EpollEvents.Control(_epoll, Libc.EPOLL_CTL_ADD, descriptor, mask, Mark | (uint)descriptor);
        if (error != 0)
            throw new IOException($"epoll: {Libc.ToSocketError(error)}");
    }
}
