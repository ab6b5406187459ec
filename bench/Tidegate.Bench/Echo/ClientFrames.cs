using System.Buffers.Binary;
using System.Numerics;

namespace Tidegate.Bench.Echo;

/// <summary>Where the frames of one client stand (RFC 6455, section 5.2): what of the current one is still to come.</summary>
/// <remarks>A back-end for measurements, so it checks nothing; it serves the load generator alone.</remarks>
internal unsafe struct ClientFrames
{
    private long _left;
    private uint _mask;
    private int _headerLength;
    private fixed byte _header[14];

    /// <summary>
    /// Unmasks the payloads of all frames in <paramref name="data"/> and moves them together at its start. Returns their
    /// length, or -1 at a control frame, of which the load sends none.
    /// </summary>
    internal int Gather(byte* data, int length)
    {
        byte* target = data;
        byte* end = data + length;
        byte* start = data;
        while (data < end)
        {
            if (_left == 0)
            {
                data = TakeHeader(data, end);
                if (data is null)
                    return -1;
                continue;
            }
            int here = (int)Math.Min(_left, end - data);
            Unmask(data, target, here, _mask);
            // The next byte, should the frame go on in the next read, meets another byte of the key.
            _mask = BitOperations.RotateRight(_mask, 8 * (here & 3));
            data += here;
            target += here;
            _left -= here;
        }
        return (int)(target - start);
    }

    private byte* TakeHeader(byte* data, byte* end)
    {
        fixed (byte* header = _header)
        {
            if (_headerLength == 0 && end - data >= 14)
                return Open(data) is int taken && taken > 0 ? data + taken : null;
            while (data < end)
            {
                header[_headerLength++] = *data++;
                if (_headerLength >= 2 && _headerLength == HeaderLength(header[1]))
                {
                    _headerLength = 0;
                    return Open(header) > 0 ? data : null;
                }
            }
            return data;
        }
    }

    private static int HeaderLength(byte second) => (second & 127) switch { 126 => 8, 127 => 14, _ => 6 };

    private int Open(byte* header)
    {
        if ((header[0] & 8) != 0)
            return -1;
        int length = HeaderLength(header[1]);
        _left = length switch
        {
            6 => header[1] & 127,
            8 => BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(header + 2, 2)),
            _ => BinaryPrimitives.ReadInt64BigEndian(new ReadOnlySpan<byte>(header + 2, 8)),
        };
        _mask = *(uint*)(header + length - 4);
        return length;
    }

    /// <summary>Target lies at or before the source, so going forward never overwrites what is still to be read.</summary>
    private static void Unmask(byte* source, byte* target, int length, uint mask)
    {
        int i = 0;
        var wide = Vector.AsVectorByte(new Vector<uint>(mask));
        for (; i <= length - Vector<byte>.Count; i += Vector<byte>.Count)
            (Vector.Load(source + i) ^ wide).Store(target + i);
        for (; i < length; i++)
            target[i] = (byte)(source[i] ^ (byte)(mask >> (8 * (i & 3))));
    }
}
