using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Tidegate.Bench.Load;

/// <summary>The opening handshake (RFC 6455, section 4.1): the request, made once, and the check of a response.</summary>
internal sealed class Handshake
{
    private const int LongestHead = 8192;
    private static readonly byte[] EndOfHead = "\r\n\r\n"u8.ToArray();
    private readonly string _accept;

    internal Handshake(IPEndPoint server, string path)
    {
        string key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(16));
        _accept = WebSocketKey.Accept(key);
        Request = Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {server}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            $"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n");
    }

    internal byte[] Request { get; }

    /// <summary>The length of the response head at the start of <paramref name="received"/>, or 0 while it is incomplete.</summary>
    /// <exception cref="LoadException">The upgrade was refused.</exception>
    internal int Check(ReadOnlySpan<byte> received)
    {
        int end = received.IndexOf(EndOfHead);
        if (end < 0)
            return received.Length < LongestHead ? 0 : throw new LoadException($"a response head longer than {LongestHead} bytes");
        ReadOnlySpan<byte> head = received[..end];
        if (!head.StartsWith("HTTP/1.1 101"u8))
            throw new LoadException($"the upgrade was answered with '{Encoding.ASCII.GetString(head[..Math.Max(0, head.IndexOf((byte)'\r'))])}'");
        Span<byte> accept = stackalloc byte[_accept.Length];
        Encoding.ASCII.GetBytes(_accept, accept);
        if (head.IndexOf(accept) < 0)
            throw new LoadException("the upgrade was answered with another key's Sec-WebSocket-Accept");
        return end + EndOfHead.Length;
    }
}
