using System.Buffers;
using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Tidegate.EndToEnd.Tests.Redis;

/// <summary>
/// Speaks Redis's protocol (RESP) in binary WebSocket messages. Redis knows nothing of messages, so a reply may begin and end anywhere in one.
/// </summary>
internal sealed class RespClient(ClientWebSocket socket) : IDisposable
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly List<byte> _lastReply = [];
    private int _start;
    private int _end;

    /// <summary>How the gateway closed the connection, once a read has ended with <see cref="EndOfStreamException"/>.</summary>
    internal WebSocketCloseStatus? CloseStatus => socket.CloseStatus;

    /// <summary>What has come of the last reply, as it came.</summary>
    internal ReadOnlySpan<byte> LastReply => CollectionsMarshal.AsSpan(_lastReply);

    internal string? CloseReason => socket.CloseStatusDescription;

    internal static async Task<RespClient> ConnectAsync(Uri url, bool compressed = false)
    {
        var socket = new ClientWebSocket();
        socket.Options.DangerousDeflateOptions = compressed ? new WebSocketDeflateOptions() : null;
        await socket.ConnectAsync(url, Patience.Token);
        return new RespClient(socket);
    }

    /// <summary>A command as Redis reads it.</summary>
    internal static byte[] Command(params ReadOnlySpan<byte[]> words)
    {
        var command = new ArrayBufferWriter<byte>();
        command.Write(Encoding.ASCII.GetBytes($"*{words.Length}\r\n"));
        foreach (byte[] word in words)
        {
            command.Write(Encoding.ASCII.GetBytes($"${word.Length}\r\n"));
            command.Write(word);
            command.Write("\r\n"u8);
        }

        return command.WrittenSpan.ToArray();
    }

    internal static byte[] Command(params string[] words) => Command([.. words.Select(Encoding.ASCII.GetBytes)]);

    /// <summary>A value as Redis sends it.</summary>
    internal static byte[] Reply(byte[] value) => [.. Encoding.ASCII.GetBytes($"${value.Length}\r\n"), .. value, .. "\r\n"u8];

    /// <summary>Sends bytes as one message.</summary>
    internal Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation) =>
        socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellation).AsTask();

    /// <summary>Reads a bulk string (<c>$</c>) or the line of a simple reply (<c>+</c>, <c>-</c>, <c>:</c>), its first character included.</summary>
    /// <exception cref="EndOfStreamException">The connection was closed.</exception>
    internal async Task<byte[]> ReadReplyAsync(CancellationToken cancellation)
    {
        _lastReply.Clear();
        byte[] line = await ReadLineAsync(cancellation);
        if (line[0] != '$')
        {
            return line;
        }

        var bulk = new byte[int.Parse(line.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) + 2];
        for (int filled = 0; filled < bulk.Length;)
        {
            await FillAsync(cancellation);
            int count = Math.Min(_end - _start, bulk.Length - filled);
            _buffer.AsSpan(_start, count).CopyTo(bulk.AsSpan(filled));
            _lastReply.AddRange(_buffer.AsSpan(_start, count));
            _start += count;
            filled += count;
        }

        Assert.Equal("\r\n"u8, bulk.AsSpan(^2));
        return bulk[..^2];
    }

    internal async Task<string> ReadTextAsync(CancellationToken cancellation) => Encoding.ASCII.GetString(await ReadReplyAsync(cancellation));

    public void Dispose() => socket.Dispose();

    private async Task<byte[]> ReadLineAsync(CancellationToken cancellation)
    {
        var line = new List<byte>();
        while (true)
        {
            await FillAsync(cancellation);
            int end = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            int stop = end < 0 ? _end : _start + end + 1;
            line.AddRange(_buffer.AsSpan(_start, stop - _start));
            _lastReply.AddRange(_buffer.AsSpan(_start, stop - _start));
            _start = stop;
            if (end >= 0)
            {
                Assert.Equal((byte)'\r', line[^2]);
                return [.. line[..^2]];
            }
        }
    }

    private async ValueTask FillAsync(CancellationToken cancellation)
    {
        while (_start == _end)
        {
            ValueWebSocketReceiveResult result = await socket.ReceiveAsync(_buffer.AsMemory(), cancellation);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                throw new EndOfStreamException("The WebSocket was closed.");
            }

            Assert.Equal(WebSocketMessageType.Binary, result.MessageType);
            (_start, _end) = (0, result.Count);
        }
    }
}
