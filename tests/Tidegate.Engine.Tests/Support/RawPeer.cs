using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Tidegate.Engine.Tests.Support;

/// <summary>The other end of a connection: a blocking socket that sends exact bytes and says what came.</summary>
internal sealed class RawPeer : IDisposable
{
    private byte[] _ahead = [];

    internal RawPeer(Socket socket)
    {
        Socket = socket;
        socket.NoDelay = true;
        socket.ReceiveTimeout = socket.SendTimeout = (int)Bounded.Limit.TotalMilliseconds;
    }

    internal Socket Socket { get; }

    /// <summary>The TLS that is spoken over the socket, or null.</summary>
    internal SslStream? Tls { get; private set; }

    internal static RawPeer Connect(IPEndPoint endPoint, int? receiveBuffer = null)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (receiveBuffer is { } size)
        {
            socket.ReceiveBufferSize = size;
        }

        socket.Connect(endPoint);
        return new RawPeer(socket);
    }

    /// <summary>Speaks TLS from here on.</summary>
    internal RawPeer Secure(Action<SslStream> authenticate)
    {
        var tls = new SslStream(new NetworkStream(Socket, ownsSocket: false));
        authenticate(tls);
        Tls = tls;
        return this;
    }

    internal void Send(ReadOnlySpan<byte> bytes)
    {
        if (Tls is not null)
        {
            Tls.Write(bytes);
            return;
        }

        while (!bytes.IsEmpty)
        {
            bytes = bytes[Socket.Send(bytes)..];
        }
    }

    /// <summary>Sends every byte in a segment of its own, as far as the kernel lets it.</summary>
    internal void SendByteByByte(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            Send([value]);
        }
    }

    internal void EndSending()
    {
        if (Tls is not null)
        {
            Bounded.Wait(Tls.ShutdownAsync());
        }

        Socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Whatever comes next: at least one byte, or none at the end.</summary>
    internal int Receive(Span<byte> buffer)
    {
        if (_ahead.Length > 0)
        {
            int count = Math.Min(buffer.Length, _ahead.Length);
            _ahead.AsSpan(0, count).CopyTo(buffer);
            _ahead = _ahead[count..];
            return count;
        }

        return Tls is null ? Socket.Receive(buffer) : ReceiveDecrypted(Tls, buffer);
    }

    internal byte[] Receive(int exactly)
    {
        byte[] bytes = new byte[exactly];
        for (int i = 0; i < exactly;)
        {
            int count = Receive(bytes.AsSpan(i));
            Assert.True(count > 0, $"the connection ended after {i} of {exactly} bytes");
            i += count;
        }

        return bytes;
    }

    /// <summary>Everything up to the orderly end.</summary>
    internal byte[] ReceiveToEnd()
    {
        using var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        for (int count; (count = Receive(buffer)) > 0;)
        {
            all.Write(buffer, 0, count);
        }

        return all.ToArray();
    }

    /// <summary>Everything up to an empty line, as a string.</summary>
    internal string ReceiveHead()
    {
        var head = new System.Text.StringBuilder();
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append((char)Receive(1)[0]);
        }

        return head.ToString();
    }

    internal void ExpectEnd() => Assert.Empty(ReceiveToEnd());

    internal void ExpectReset()
    {
        var exception = Assert.Throws<SocketException>(() => ReceiveToEnd());
        Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
    }

    /// <summary>The connection is over, in whatever way.</summary>
    internal void ExpectGone()
    {
        try
        {
            _ = ReceiveToEnd();
        }
        catch (SocketException exception)
        {
            Assert.Equal(SocketError.ConnectionReset, exception.SocketErrorCode);
        }
    }

    /// <summary>Ends the connection with a reset.</summary>
    internal void Reset()
    {
        Socket.LingerState = new LingerOption(true, 0);
        Socket.Close();
    }

    public void Dispose()
    {
        Tls?.Dispose();
        Socket.Dispose();
    }

    private static int ReceiveDecrypted(SslStream tls, Span<byte> buffer)
    {
        try
        {
            return tls.Read(buffer);
        }
        catch (IOException exception) when (exception.InnerException is SocketException broken)
        {
            throw broken;
        }
    }
}
