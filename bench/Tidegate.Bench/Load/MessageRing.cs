using System.Runtime.InteropServices;

namespace Tidegate.Bench.Load;

/// <summary>
/// Masked frames made once, which all connections send round and round. Their payloads, laid end to end, are one run of
/// random bytes, so that a byte says where in the stream it belongs: lost, doubled, swapped or altered bytes all show.
/// </summary>
internal sealed unsafe class MessageRing
{
    /// <summary>What a ring holds at least, in bytes of payload: more than any one read, small enough for the cache.</summary>
    private const int LeastPayload = 64 * 1024;

    internal MessageRing(int messageSize, int window)
    {
        MessageSize = messageSize;
        HeaderSize = messageSize < 126 ? 6 : messageSize <= ushort.MaxValue ? 8 : 14;
        FrameSize = HeaderSize + messageSize;
        Count = PrimeFrom(Math.Max(Math.Max(LeastPayload / messageSize, (2 * window) + 1), 5));
        PayloadLength = Count * messageSize;
        FramesLength = Count * FrameSize;
        // A window more than the ring, so that whatever is due leaves in one send, across the seam too.
        SendableLength = FramesLength + (window * FrameSize);
        Payload = (byte*)NativeMemory.Alloc((nuint)PayloadLength);
        Frames = (byte*)NativeMemory.Alloc((nuint)SendableLength);

        var random = new Xorshift(0x9E3779B97F4A7C15);
        for (int i = 0; i < PayloadLength; i++)
            Payload[i] = (byte)random.Next();
        for (int i = 0; i < Count; i++)
            WriteFrame(Frames + ((long)i * FrameSize), Payload + ((long)i * messageSize), (uint)random.Next());
        Buffer.MemoryCopy(Frames, Frames + FramesLength, window * FrameSize, window * FrameSize);
    }

    internal int MessageSize { get; }

    internal int FrameSize { get; }

    /// <summary>Messages in one round: a prime, so that no block of a usual size divides the ring.</summary>
    internal int Count { get; }

    internal byte* Payload { get; }

    internal int PayloadLength { get; }

    internal byte* Frames { get; }

    internal int FramesLength { get; }

    internal int SendableLength { get; }

    private int HeaderSize { get; }

    /// <summary>Where the next message starts: each connection begins elsewhere, so that a byte on the wrong one shows.</summary>
    internal int StartOf(int connection) => (int)(connection * 7L % Count);

    private void WriteFrame(byte* frame, byte* payload, uint mask)
    {
        frame[0] = 0x82;
        if (MessageSize < 126)
        {
            frame[1] = (byte)(0x80 | MessageSize);
        }
        else if (MessageSize <= ushort.MaxValue)
        {
            frame[1] = 0x80 | 126;
            frame[2] = (byte)(MessageSize >> 8);
            frame[3] = (byte)MessageSize;
        }
        else
        {
            frame[1] = 0x80 | 127;
            for (int i = 0; i < 8; i++)
                frame[2 + i] = (byte)((ulong)MessageSize >> (56 - (8 * i)));
        }
        byte* key = frame + HeaderSize - 4;
        *(uint*)key = mask;
        for (int i = 0; i < MessageSize; i++)
            frame[HeaderSize + i] = (byte)(payload[i] ^ key[i & 3]);
    }

    private static int PrimeFrom(int least)
    {
        for (int candidate = least; ; candidate++)
        {
            bool prime = candidate > 1;
            for (int divisor = 2; prime && divisor * divisor <= candidate; divisor++)
                prime = candidate % divisor != 0;
            if (prime)
                return candidate;
        }
    }

    /// <summary>The same bytes in every run, which a seeded <see cref="Random"/> does not promise across versions.</summary>
    private struct Xorshift(ulong state)
    {
        internal ulong Next()
        {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            return state >> 24;
        }
    }
}
