using System.Buffers.Binary;

namespace Tidegate.Bench.Cluster;

/// <summary>What came in a frame that is no data.</summary>
internal enum Control
{
    None,
    Ping,
    Close,
}

/// <summary>
/// Takes a server's frames apart. Messages may come back in fragments, so their payloads are taken for one stream of bytes, of which each
/// <see cref="MessageSize"/> are a message. Pings and closes are short (RFC 6455, section 5.5), and so is all that is sent here.
/// </summary>
internal unsafe struct EchoedFrames
{
    /// <summary>Bytes of a message: visitor, generation, number.</summary>
    internal const int MessageSize = 16;
    private const int LongestPayload = 125;
    private fixed byte _frame[2 + LongestPayload];
    private fixed byte _message[MessageSize];
    private int _framed;
    private int _gathered;

    /// <summary>Forgets what an earlier connection left.</summary>
    internal void Begin() => _framed = _gathered = 0;

    /// <summary>The payload of the control frame that was just taken.</summary>
    internal readonly byte[] ControlPayload()
    {
        fixed (byte* frame = _frame)
            return new ReadOnlySpan<byte>(frame + 2, frame[1]).ToArray();
    }

    /// <summary>Takes bytes up to the end of the next message or control frame, and takes them off <paramref name="data"/>.</summary>
    /// <returns>Whether there was one; otherwise all bytes have been taken.</returns>
    /// <exception cref="InvalidDataException">No server may send this to one who sends such messages.</exception>
    internal bool Next(ref ReadOnlySpan<byte> data, out Control control, out int visitor, out int generation, out long number)
    {
        control = Control.None;
        visitor = generation = 0;
        number = 0;
        fixed (byte* frame = _frame)
        {
            while (true)
            {
                int length = _framed < 2 ? 2 : 2 + frame[1];
                if (_framed >= 2 && frame[1] > LongestPayload)
                    throw new InvalidDataException($"a frame begins with {frame[0]:x2} {frame[1]:x2}, which is masked or longer than anything that was sent");
                if (_framed < length)
                {
                    if (data.IsEmpty)
                        return false;
                    frame[_framed++] = data[0];
                    data = data[1..];
                    continue;
                }

                int opcode = frame[0] & 0x0f;
                if (opcode >= 8)
                {
                    _framed = 0;
                    control = opcode == 9 ? Control.Ping : opcode == 8 ? Control.Close : Control.None;
                    if (control != Control.None)
                        return true;
                    continue;
                }

                if (TakePayload(frame, length))
                {
                    fixed (byte* message = _message)
                    {
                        var bytes = new ReadOnlySpan<byte>(message, MessageSize);
                        visitor = BinaryPrimitives.ReadInt32BigEndian(bytes);
                        generation = BinaryPrimitives.ReadInt32BigEndian(bytes[4..]);
                        number = BinaryPrimitives.ReadInt64BigEndian(bytes[8..]);
                    }

                    return true;
                }
            }
        }
    }

    /// <summary>Moves the payload of a whole frame to the message under way; true when that is whole.</summary>
    private bool TakePayload(byte* frame, int length)
    {
        int taken = Math.Min(length - 2, MessageSize - _gathered);
        fixed (byte* message = _message)
            Buffer.MemoryCopy(frame + 2, message + _gathered, MessageSize - _gathered, taken);
        _gathered += taken;
        int left = length - 2 - taken;
        if (left == 0)
        {
            _framed = 0;
        }
        else
        {
            // The next message begins in the same frame: what is left of it stands as a frame of its own.
            Buffer.MemoryCopy(frame + 2 + taken, frame + 2, LongestPayload, left);
            frame[1] = (byte)left;
            _framed = 2 + left;
        }

        if (_gathered < MessageSize)
            return false;
        _gathered = 0;
        return true;
    }
}
