using System.Buffers.Binary;
using System.Text;

namespace Tidegate.Bench.Echo;

/// <summary>
/// A back-end for peers that pass WebSocket through: the payloads of all frames that one read brought go back as one
/// frame, so that this end costs hardly more than a TCP echo.
/// </summary>
internal sealed unsafe class WebSocketEcho : IEcho
{
    private static readonly byte[] EndOfHead = "\r\n\r\n"u8.ToArray();
    private string _lastKey = "";
    private byte[] _lastResponse = [];

    public int Reply(EchoConnection connection, ref byte* data, int length)
    {
        if (!connection.Upgraded)
            return Upgrade(connection, ref data, length);
        int payload = connection.Frames.Gather(data, length);
        return payload <= 0 ? payload : WriteHeader(ref data, payload) + payload;
    }

    /// <summary>Writes the header of an unmasked frame before its payload, and moves the start there.</summary>
    private static int WriteHeader(ref byte* data, int payload)
    {
        int length = payload < 126 ? 2 : payload <= ushort.MaxValue ? 4 : 10;
        data -= length;
        data[0] = 0x82;
        switch (length)
        {
            case 2:
                data[1] = (byte)payload;
                break;
            case 4:
                data[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(data + 2, 2), (ushort)payload);
                break;
            default:
                data[1] = 127;
                BinaryPrimitives.WriteInt64BigEndian(new Span<byte>(data + 2, 8), payload);
                break;
        }
        return length;
    }

    private int Upgrade(EchoConnection connection, ref byte* data, int length)
    {
        byte[] head = [.. connection.Head, .. new ReadOnlySpan<byte>(data, length)];
        int end = head.AsSpan().IndexOf(EndOfHead);
        if (end < 0)
        {
            connection.Head = head;
            return head.Length < 8192 ? 0 : -1;
        }
        connection.Upgraded = true;
        connection.Head = [];
        byte[] response = ResponseTo(Encoding.ASCII.GetString(head, 0, end));
        int rest = head.Length - end - EndOfHead.Length;
        // A client waits for the response before it sends; one that does not is none of ours.
        if (response.Length > EchoServer.HeaderRoom || rest > 0)
            return -1;
        response.CopyTo(new Span<byte>(data, response.Length));
        return response.Length;
    }

    private byte[] ResponseTo(string head)
    {
        const string Name = "\r\nSec-WebSocket-Key:";
        int start = head.IndexOf(Name, StringComparison.OrdinalIgnoreCase) + Name.Length;
        int end = head.IndexOf('\r', start);
        ReadOnlySpan<char> key = head.AsSpan(start, (end < 0 ? head.Length : end) - start).Trim();
        // All connections of a run come with one key, so the digest does not count against the peers measured through here.
        if (!key.SequenceEqual(_lastKey))
        {
            _lastKey = key.ToString();
            _lastResponse = Encoding.ASCII.GetBytes(
                $"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {WebSocketKey.Accept(_lastKey)}\r\n\r\n");
        }
        return _lastResponse;
    }
}
