using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Tidegate.Gateway.Tests;

/// <summary>A TCP server that a test plays by hand: it is given each connection as it comes.</summary>
internal sealed class BackEndServer : IDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentBag<Socket> _accepted = [];

    internal BackEndServer(int port = 0)
    {
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
    }

    internal int Port { get; }

    /// <summary>Refuses new connections; those that are open stay.</summary>
    internal void StopListening() => _listener.Dispose();

    internal async Task<Socket> AcceptAsync()
    {
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Socket socket = await _listener.AcceptAsync(timeout.Token);
        socket.NoDelay = true;
        _accepted.Add(socket);
        return socket;
    }

    /// <summary>True where a connection waits to be accepted, within a moment.</summary>
    internal bool HasWaiting(TimeSpan patience) => _listener.Poll(patience, SelectMode.SelectRead);

    internal static async Task<byte[]> ReadAsync(Socket socket, int count)
    {
        byte[] bytes = new byte[count];
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        for (int read = 0; read < count;)
        {
            int more = await socket.ReceiveAsync(bytes.AsMemory(read), timeout.Token);
            Assert.NotEqual(0, more);
            read += more;
        }

        return bytes;
    }

    /// <summary>Waits for the gateway to end its side.</summary>
    internal static async Task<byte[]> ReadToEndAsync(Socket socket)
    {
        var all = new List<byte>();
        byte[] buffer = new byte[64 * 1024];
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        int count;
        while ((count = await socket.ReceiveAsync(buffer, timeout.Token)) > 0)
        {
            all.AddRange(buffer.AsSpan(0, count));
        }

        return [.. all];
    }

    public void Dispose()
    {
        _listener.Dispose();
        foreach (Socket socket in _accepted)
        {
            socket.Dispose();
        }
    }
}
