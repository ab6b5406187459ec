using System.Buffers.Binary;

namespace Tidegate.Bench.Load;

/// <summary>
/// What one connection has received, frame by frame (RFC 6455, section 5.2), compared byte for byte with what it sent.
/// A relay may merge and split frames as it likes: payload bytes count, not frames.
/// </summary>
internal unsafe struct ServerFrames
{
    private const int LongestControlPayload = 125;
    private const byte Ping = 9;

    private long _left;
    private byte _opcode;
    private int _position;
    private int _headerLength;
    private int _controlLength;
    private fixed byte _header[10];
    private fixed byte _control[LongestControlPayload];

    internal void Begin(int positionInPayload)
    {
        this = default;
        _position = positionInPayload;
    }

    /// <summary>Takes in what was read and returns how many payload bytes came; <paramref name="pings"/> is how many pings to answer.</summary>
    /// <exception cref="LoadException">A byte is not the one that was sent, or the frame is not one that a server may send.</exception>
    internal int Take(byte* data, int length, MessageRing ring, out int pings)
    {
        int payload = 0;
        pings = 0;
        byte* end = data + length;
        while (data < end)
        {
            if (_left == 0)
            {
                data = TakeHeader(data, end);
                if (_left == 0)
                {
                    // Either the header is not complete, or the frame has no payload.
                    if (_headerLength == 0 && _opcode >= 8)
                        pings += EndControl();
                    continue;
                }
            }
            int here = (int)Math.Min(_left, end - data);
            if (_opcode < 8)
            {
                Compare(data, here, ring);
                payload += here;
            }
            else
            {
                for (int i = 0; i < here; i++)
                    _control[_controlLength++] = data[i];
            }
            data += here;
            _left -= here;
            if (_left == 0 && _opcode >= 8)
                pings += EndControl();
        }
        return payload;
    }

    private byte* TakeHeader(byte* data, byte* end)
    {
        fixed (byte* header = _header)
        {
            if (_headerLength == 0 && end - data >= 10)
                return data + Open(data);
            // Rare: the header is cut by the end of a read, so it is put together byte by byte.
            while (data < end)
            {
                header[_headerLength++] = *data++;
                if (_headerLength >= 2 && _headerLength == HeaderLength(header[1]))
                {
                    Open(header);
                    _headerLength = 0;
                    break;
                }
            }
            return data;
        }
    }

    private static int HeaderLength(byte second) => (second & 127) switch { 126 => 4, 127 => 10, _ => 2 };

    private int Open(byte* header)
    {
        _opcode = (byte)(header[0] & 15);
        if ((header[0] & 0x70) != 0 || (header[1] & 0x80) != 0 || _opcode is not (0 or 2 or 8 or 9 or 10))
            throw new LoadException($"a frame began with {header[0]:x2} {header[1]:x2}, which no server may send here");
        int length = HeaderLength(header[1]);
        _left = length switch
        {
            2 => header[1],
            4 => BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(header + 2, 2)),
            _ => BinaryPrimitives.ReadInt64BigEndian(new ReadOnlySpan<byte>(header + 2, 8)),
        };
        _controlLength = 0;
        if (_left < 0 || (_opcode >= 8 && _left > LongestControlPayload))
            throw new LoadException($"a frame said that it is {_left} bytes long");
        return length;
    }

    private void Compare(byte* data, int length, MessageRing ring)
    {
        while (length > 0)
        {
            int here = Math.Min(length, ring.PayloadLength - _position);
            var received = new ReadOnlySpan<byte>(data, here);
            var sent = new ReadOnlySpan<byte>(ring.Payload + _position, here);
            if (!received.SequenceEqual(sent))
                throw new LoadException($"wrong byte: {received.CommonPrefixLength(sent)} bytes into a run of {here} something else came than was sent");
            data += here;
            length -= here;
            _position += here;
            if (_position == ring.PayloadLength)
                _position = 0;
        }
    }

    /// <summary>Writes the answer to the latest ping, masked with zeros, and returns its length in bytes.</summary>
    internal readonly int WritePong(byte* target)
    {
        target[0] = 0x8A;
        target[1] = (byte)(0x80 | _controlLength);
        *(uint*)(target + 2) = 0;
        for (int i = 0; i < _controlLength; i++)
            target[6 + i] = _control[i];
        return 6 + _controlLength;
    }

    private readonly int EndControl() => _opcode switch
    {
        Ping => 1,
        8 => throw new LoadException(_controlLength >= 2 ? $"the server closed with {(_control[0] << 8) | _control[1]}" : "the server closed"),
        _ => 0,
    };
}
