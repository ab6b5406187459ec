using System.Buffers.Binary;
using System.Text;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>What the client libraries of the old gateway send and read, byte by byte (docs/spec/clients.md).</summary>
internal static class ClientWire
{
    internal const string Offer = "Sec-WebSocket-Protocol: x-kaazing-handshake\r\n";

    /// <summary>The directive to stay: a whole binary message of four bytes.</summary>
    internal static readonly byte[] Stay = [0x82, 0x04, 0xef, 0x83, 0xbf, (byte)'N'];

    /// <summary>An empty binary message.</summary>
    internal static readonly byte[] Empty = [0x82, 0x00];

    /// <summary>The request of the JavaScript library within a WebSocket, as it was recorded.</summary>
    internal static string Request(string path = "/echo", string protocols = "", string extensions = "x-kaazing-idle-timeout,x-kaazing-ping-pong", string more = "") =>
        $"GET {path} HTTP/1.1\r\nWebSocket-Protocol: \r\nSec-WebSocket-Protocol: {protocols}\r\nSec-WebSocket-Extensions: {extensions}\r\n{more}\r\n";

    /// <summary>A masked frame.</summary>
    internal static byte[] Frame(byte first, ReadOnlySpan<byte> payload)
    {
        var frame = new List<byte> { first };
        if (payload.Length < 126)
        {
            frame.Add((byte)(0x80 | payload.Length));
        }
        else
        {
            frame.AddRange([0x80 | 126, (byte)(payload.Length >> 8), (byte)payload.Length]);
        }

        byte[] mask = [0x51, 0x62, 0x73, 0x04];
        frame.AddRange(mask);
        for (int i = 0; i < payload.Length; i++)
        {
            frame.Add((byte)(payload[i] ^ mask[i % 4]));
        }

        return [.. frame];
    }

    /// <summary>A text frame, or another.</summary>
    internal static byte[] Frame(string text, byte first = 0x81) => Frame(first, Encoding.UTF8.GetBytes(text));

    /// <summary>The next frame of the server.</summary>
    internal static async Task<(byte First, byte[] Payload)> ReadFrameAsync(this RawClient client)
    {
        byte[] head = await client.ReadAsync(2);
        int length = head[1] == 126 ? BinaryPrimitives.ReadUInt16BigEndian(await client.ReadAsync(2)) : head[1];
        Assert.InRange(head[1], 0, 126);
        return (head[0], await client.ReadAsync(length));
    }

    /// <summary>The next frame, which is to be a whole binary message, as text.</summary>
    internal static async Task<string> ReadResponseAsync(this RawClient client)
    {
        (byte first, byte[] payload) = await client.ReadFrameAsync();
        Assert.Equal(0x82, first);
        return Encoding.Latin1.GetString(payload);
    }

    /// <summary>The next message, in however many frames it comes.</summary>
    internal static async Task<byte[]> ReadMessageOfAnyLengthAsync(this RawClient client)
    {
        var message = new List<byte>();
        byte first;
        do
        {
            (first, byte[] part) = await client.ReadFrameAsync();
            message.AddRange(part);
        }
        while (first < 0x80);

        return [.. message];
    }

    /// <summary>Reads exactly these bytes.</summary>
    internal static async Task ExpectAsync(this RawClient client, params byte[] expected) =>
        Assert.Equal(Convert.ToHexString(expected), Convert.ToHexString(await client.ReadAsync(expected.Length)));

    /// <summary>Opens a WebSocket that another handshake follows in.</summary>
    internal static async Task<RawClient> OpenAsync(RunningGateway gateway, string path = "/echo?.kl=Y", string offer = Offer)
    {
        RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port, path, offer));
        string head = await client.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Protocol: x-kaazing-handshake", head.Split("\r\n"));
        return client;
    }
}
