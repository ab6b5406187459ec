using System.Buffers.Binary;

namespace Tidegate.Engine.WebSocket;

internal enum Opcode : byte
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}

/// <summary>A frame header (RFC 6455, section 5.2), as read or to be written.</summary>
internal unsafe struct FrameHeader
{
    /// <summary>Bytes of the longest header: two, a length of eight, a mask of four.</summary>
    internal const int MaximumLength = 14;

    internal Opcode Opcode;
    internal bool Final;
    internal bool Masked;

    // The three reserved bits, in place: 0x40 means "compressed" where permessage-deflate was agreed on.
    internal byte Reserved;
    internal uint MaskKey;
    internal long PayloadLength;

    internal readonly bool IsControl => ((byte)Opcode & 8) != 0;

    /// <summary>
    /// Reads a header. Returns its length in bytes, 0 where more bytes are needed, -1 where the length field is not a
    /// valid one: not the shortest form, or its highest bit set.
    /// </summary>
    internal static int Read(byte* data, int available, out FrameHeader header)
    {
        header = default;
        if (available < 2)
        {
            return 0;
        }

        header.Final = (data[0] & 0x80) != 0;
        header.Reserved = (byte)(data[0] & 0x70);
        header.Opcode = (Opcode)(data[0] & 0x0F);
        header.Masked = (data[1] & 0x80) != 0;
        int shortLength = data[1] & 0x7F;
        int length = 2 + (shortLength == 126 ? 2 : shortLength == 127 ? 8 : 0);
        int total = length + (header.Masked ? sizeof(uint) : 0);
        if (available < length)
        {
            return 0;
        }

        header.PayloadLength = shortLength;
        if (shortLength == 126)
        {
            header.PayloadLength = BinaryPrimitives.ReverseEndianness(*(ushort*)(data + 2));
            if (header.PayloadLength < 126)
            {
                return -1;
            }
        }
        else if (shortLength == 127)
        {
            header.PayloadLength = BinaryPrimitives.ReverseEndianness(*(long*)(data + 2));
            if (header.PayloadLength <= ushort.MaxValue)
            {
                return -1;
            }
        }

        if (available < total)
        {
            return 0;
        }

        if (header.Masked)
        {
            header.MaskKey = *(uint*)(data + length);
        }

        return total;
    }

    /// <summary>Length in bytes of the header of a frame with so many bytes of payload.</summary>
    internal static int LengthFor(long payloadLength, bool masked) =>
        (payloadLength < 126 ? 2 : payloadLength <= ushort.MaxValue ? 4 : 10) + (masked ? sizeof(uint) : 0);

    /// <summary>Writes the header; returns its length.</summary>
    internal readonly int Write(byte* target)
    {
        byte maskBit = Masked ? (byte)0x80 : (byte)0;
        target[0] = (byte)((Final ? 0x80 : 0) | Reserved | (byte)Opcode);
        int length = 2;
        if (PayloadLength < 126)
        {
            target[1] = (byte)(maskBit | (byte)PayloadLength);
        }
        else if (PayloadLength <= ushort.MaxValue)
        {
            target[1] = (byte)(maskBit | 126);
            *(ushort*)(target + 2) = BinaryPrimitives.ReverseEndianness((ushort)PayloadLength);
            length = 4;
        }
        else
        {
            target[1] = (byte)(maskBit | 127);
            *(long*)(target + 2) = BinaryPrimitives.ReverseEndianness(PayloadLength);
            length = 10;
        }

        if (Masked)
        {
            *(uint*)(target + length) = MaskKey;
            length += sizeof(uint);
        }

        return length;
    }
}
