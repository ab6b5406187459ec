using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.Gateway.Tests;

/// <summary>A client that sends exactly the bytes it is told to.</summary>
internal sealed class RawClient : IDisposable
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(20);
    private readonly List<byte> _received = [];
    private bool _wasReset;

    private RawClient(Socket socket) => Socket = socket;

    internal Socket Socket { get; }

    internal static async Task<RawClient> ConnectAsync(IPEndPoint endPoint, int? receiveBuffer = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } size)
        {
            socket.ReceiveBufferSize = size;
        }

        await socket.ConnectAsync(endPoint);
        return new RawClient(socket);
    }

    /// <summary>The head of a good handshake.</summary>
    internal static string Handshake(int port, string path = "/echo", string more = "") =>
        $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        $"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n";

    /// <summary>A masked client frame with a final bit and fewer than 65,536 bytes.</summary>
    internal static byte[] Frame(int opcode, ReadOnlySpan<byte> payload)
    {
        byte[] mask = [0x11, 0x22, 0x33, 0x44];
        var frame = new List<byte> { (byte)(0x80 | opcode), (byte)(0x80 | Math.Min(payload.Length, 126)) };
        if (payload.Length >= 126)
        {
            frame.AddRange((byte)(payload.Length >> 8), (byte)payload.Length);
        }

        frame.AddRange(mask);
        for (int i = 0; i < payload.Length; i++)
        {
            frame.Add((byte)(payload[i] ^ mask[i % 4]));
        }

        return [.. frame];
    }

    internal Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>
    /// Sends bytes. A server may refuse a request before it has come in full, and reset the connection for what still comes: what it
    /// said before is what the test is about, and is there to be read.
    /// </summary>
    internal async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        using var timeout = new CancellationTokenSource(s_timeout);
        try
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await Socket.SendAsync(bytes, timeout.Token)..];
            }
        }
        catch (SocketException exception) when (IsReset(exception))
        {
            _wasReset = true;
        }
    }

    /// <summary>Reads a response head, up to and without the empty line.</summary>
    internal async Task<string> ReadHeadAsync()
    {
        int end;
        while ((end = IndexOfEmptyLine()) < 0)
        {
            Assert.True(await ReceiveAsync(), $"The connection {End} within a head: {Encoding.Latin1.GetString([.. _received])}");
        }

        string head = Encoding.Latin1.GetString(_received.GetRange(0, end).ToArray());
        _received.RemoveRange(0, end + 4);
        return head;
    }

    internal async Task<byte[]> ReadAsync(int count)
    {
        while (_received.Count < count)
        {
            Assert.True(await ReceiveAsync(), $"The connection {End} after {_received.Count} of {count} bytes.");
        }

        byte[] bytes = [.. _received.GetRange(0, count)];
        _received.RemoveRange(0, count);
        return bytes;
    }

    /// <summary>Reads a message of at most 125 bytes, in however many frames it comes: what arrives in parts is echoed in parts.</summary>
    internal async Task<byte[]> ReadMessageAsync()
    {
        var message = new List<byte>();
        byte[] head;
        do
        {
            head = await ReadAsync(2);
            message.AddRange(await ReadAsync(head[1]));
        }
        while (head[0] < 0x80);

        return [.. message];
    }

    /// <summary>Reads until the server ends its side, or resets.</summary>
    internal async Task<byte[]> ReadToEndAsync()
    {
        while (await ReceiveAsync())
        {
        }

        byte[] rest = [.. _received];
        _received.Clear();
        return rest;
    }

    public void Dispose() => Socket.Dispose();

    /// <summary>How it ended, for messages.</summary>
    private string End => _wasReset ? "was reset" : "ended";

    private static bool IsReset(SocketException exception) =>
        exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown;

    private int IndexOfEmptyLine() => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_received).IndexOf("\r\n\r\n"u8);

    private async Task<bool> ReceiveAsync()
    {
        using var timeout = new CancellationTokenSource(s_timeout);
        byte[] buffer = new byte[64 * 1024];
        int count;
        try
        {
            count = await Socket.ReceiveAsync(buffer, timeout.Token);
        }
        catch (SocketException exception) when (IsReset(exception))
        {
            _wasReset = true;
            return false;
        }

        _received.AddRange(buffer.AsSpan(0, count));
        return count > 0;
    }
}
