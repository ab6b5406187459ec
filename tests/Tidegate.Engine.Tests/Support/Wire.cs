using System.Buffers.Binary;
using System.Text;

namespace Tidegate.Engine.Tests.Support;

/// <summary>A frame as it came from the wire.</summary>
internal sealed record WireFrame(byte First, bool Masked, byte[] Payload)
{
    internal bool Final => (First & 0x80) != 0;

    internal int Opcode => First & 0x0F;

    internal int Reserved => First & 0x70;

    internal int CloseStatus => Payload.Length < 2 ? 1005 : BinaryPrimitives.ReadUInt16BigEndian(Payload);
}

/// <summary>Builds and reads frames byte for byte (RFC 6455, section 5.2), well-formed or not.</summary>
internal static class Wire
{
    internal const int Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10;

    internal static byte[] Frame(int opcode, ReadOnlySpan<byte> payload, bool final = true, bool mask = true, int reserved = 0, int lengthBytes = -1, ulong? claims = null, uint key = 0x3D21FA37)
    {
        var frame = new List<byte> { (byte)((final ? 0x80 : 0) | reserved | opcode) };
        ulong length = claims ?? (ulong)payload.Length;
        int maskBit = mask ? 0x80 : 0;
        if (lengthBytes < 0)
        {
            lengthBytes = length < 126 ? 0 : length < 65536 ? 2 : 8;
        }

        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, length);
        frame.Add((byte)(maskBit | (lengthBytes == 0 ? (int)length : lengthBytes == 2 ? 126 : 127)));
        frame.AddRange(bytes[(8 - lengthBytes)..]);
        if (!mask)
        {
            frame.AddRange(payload);
            return [.. frame];
        }

        byte[] keys = BitConverter.GetBytes(key);
        frame.AddRange(keys);
        for (int i = 0; i < payload.Length; i++)
        {
            frame.Add((byte)(payload[i] ^ keys[i % 4]));
        }

        return [.. frame];
    }

    internal static byte[] Frame(int opcode, string text, bool final = true, bool mask = true) => Frame(opcode, Encoding.UTF8.GetBytes(text), final, mask);

    internal static byte[] ClosePayload(int status, string reason = "") => [(byte)(status >> 8), (byte)status, .. Encoding.UTF8.GetBytes(reason)];

    internal static byte[] CloseFrame(int status, string reason = "", bool mask = true) => Frame(Close, ClosePayload(status, reason), mask: mask);

    /// <summary>The next frame.</summary>
    internal static WireFrame ReadFrame(this RawPeer peer)
    {
        byte[] head = peer.Receive(2);
        int shortLength = head[1] & 0x7F;
        ulong length = (ulong)shortLength;
        if (shortLength >= 126)
        {
            byte[] extended = peer.Receive(shortLength == 126 ? 2 : 8);
            length = extended.Aggregate(0ul, (value, next) => (value << 8) | next);
            Assert.True(length > (shortLength == 126 ? 125u : 65535u), "the length is not in its shortest form");
        }

        bool masked = (head[1] & 0x80) != 0;
        byte[] key = masked ? peer.Receive(4) : new byte[4];
        byte[] payload = peer.Receive(checked((int)length));
        for (int i = 0; i < payload.Length; i++)
        {
            payload[i] ^= key[i % 4];
        }

        return new WireFrame(head[0], masked, payload);
    }

    /// <summary>The next whole message, its fragments put together; control frames may not come in between.</summary>
    internal static (int Opcode, byte[] Payload) ReadMessage(this RawPeer peer)
    {
        WireFrame frame = peer.ReadFrame();
        Assert.InRange(frame.Opcode, Text, Binary);
        var payload = new List<byte>(frame.Payload);
        int opcode = frame.Opcode;
        while (!frame.Final)
        {
            frame = peer.ReadFrame();
            Assert.Equal(Continuation, frame.Opcode);
            payload.AddRange(frame.Payload);
        }

        return (opcode, [.. payload]);
    }

    internal static void ExpectFrame(this RawPeer peer, int opcode, ReadOnlySpan<byte> payload)
    {
        WireFrame frame = peer.ReadFrame();
        Assert.Equal(0x80 | opcode, frame.First);
        Assert.Equal(payload.ToArray(), frame.Payload);
    }

    /// <summary>A close frame with this status, and the end of the stream.</summary>
    internal static string ExpectClose(this RawPeer peer, int status)
    {
        WireFrame frame = peer.ReadFrame();
        Assert.Equal(0x80 | Close, frame.First);
        Assert.Equal(status, frame.CloseStatus);
        peer.ExpectEnd();
        return frame.Payload.Length > 2 ? new UTF8Encoding(false, true).GetString(frame.Payload.AsSpan(2)) : string.Empty;
    }
}
