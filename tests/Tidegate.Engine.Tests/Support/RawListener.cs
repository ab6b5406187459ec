using System.Net;
using System.Net.Sockets;

namespace Tidegate.Engine.Tests.Support;

/// <summary>A blocking listener, for what the engine connects to.</summary>
internal sealed class RawListener : IDisposable
{
    private readonly Socket _socket;

    internal RawListener(IPAddress? address = null, int port = 0, int backlog = 16)
    {
        address ??= IPAddress.Loopback;
        _socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _socket.Bind(new IPEndPoint(address, port));
        _socket.Listen(backlog);
        EndPoint = (IPEndPoint)_socket.LocalEndPoint!;
    }

    internal IPEndPoint EndPoint { get; }

    internal int Port => EndPoint.Port;

    internal RawPeer Accept()
    {
        Assert.True(_socket.Poll(Bounded.Limit, SelectMode.SelectRead), "nobody connected");
        return new RawPeer(_socket.Accept());
    }

    /// <summary>Repeats what takes the same port at two addresses until the port is free at both.</summary>
    internal static T OnFreePort<T>(Func<T> attempt)
    {
        for (int i = 0; i < 100; i++)
        {
            try
            {
                return attempt();
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Another port, then.
            }
        }

        return attempt();
    }

    /// <summary>Whoever connected already, or null.</summary>
    internal RawPeer? TryAccept() => _socket.Poll(0, SelectMode.SelectRead) ? new RawPeer(_socket.Accept()) : null;

    /// <summary>A port on which nothing listens: taken, and never listened on, until this is disposed.</summary>
    internal static Socket BoundOnly(out int port, IPAddress? address = null)
    {
        address ??= IPAddress.Loopback;
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(address, 0));
        port = ((IPEndPoint)socket.LocalEndPoint!).Port;
        return socket;
    }

    public void Dispose() => _socket.Dispose();
}
