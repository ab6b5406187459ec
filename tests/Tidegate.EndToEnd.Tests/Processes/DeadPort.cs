using System.Net;
using System.Net.Sockets;

namespace Tidegate.EndToEnd.Tests.Processes;

/// <summary>A TCP port of 127.0.0.1 that is bound but not listened on: connections to it are refused, and nobody else can have it.</summary>
internal sealed class DeadPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    internal DeadPort() => _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));

    internal int Number => ((IPEndPoint)_socket.LocalEndPoint!).Port;

    /// <summary>From now on connections are taken.</summary>
    internal void Listen() => _socket.Listen();

    public void Dispose() => _socket.Dispose();
}
