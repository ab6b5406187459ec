using System.Buffers.Binary;
using System.Text.Unicode;
using Tidegate.Engine.Fanout;
using Tidegate.Engine.Sessions;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>Makes whole messages of what one session brings: of parts of messages, or of a stream of bytes by its framing.</summary>
/// <param name="framing">How streams tell messages apart, those that go out included.</param>
/// <param name="isStream">True where a stream comes in; false where the session itself keeps messages apart.</param>
/// <param name="maximum">The length in bytes that a message may have. What arrives together in a stream without framing may be longer.</param>
internal sealed class MessageAssembler(StreamFraming framing, bool isStream, int maximum)
{
    private byte[] _held = [];
    private int _length;

    /// <summary>Bytes of a message that is not whole yet.</summary>
    internal int Held => _length;

    /// <summary>Takes what came, and hands out the messages that are whole by it.</summary>
    /// <returns>False where one is too long: nothing that follows can be made sense of.</returns>
    internal bool Take(ReadOnlySpan<byte> data, MessageKind kind, bool endOfMessage, Action<SharedMessage> message) => (isStream, framing) switch
    {
        (false, _) => TakePart(data, kind, endOfMessage, message),
        (true, StreamFraming.Line) => TakeLines(data, message),
        (true, StreamFraming.Length) => TakePrefixed(data, message),
        _ => Give(data, MessageKind.Binary, message),
    };

    private bool TakePart(ReadOnlySpan<byte> data, MessageKind kind, bool endOfMessage, Action<SharedMessage> message)
    {
        if (_length == 0 && endOfMessage)
        {
            return Give(data, kind, message);
        }

        if (!Hold(data))
        {
            return false;
        }

        return !endOfMessage || GiveHeld(kind, message);
    }

    private bool TakeLines(ReadOnlySpan<byte> data, Action<SharedMessage> message)
    {
        while (data.IndexOf((byte)'\n') is var end and >= 0)
        {
            ReadOnlySpan<byte> line = data[..end];
            data = data[(end + 1)..];
            if (_length > 0)
            {
                if (!Hold(line))
                {
                    return false;
                }

                line = _held.AsSpan(0, _length);
                _length = 0;
            }

            if (line is [.., (byte)'\r'])
            {
                line = line[..^1];
            }

            if (!Give(line, Utf8.IsValid(line) ? MessageKind.Text : MessageKind.Binary, message))
            {
                return false;
            }
        }

        bool fits = Hold(data);
        ReleaseIfEmpty();
        return fits;
    }

    private bool TakePrefixed(ReadOnlySpan<byte> data, Action<SharedMessage> message)
    {
        while (!data.IsEmpty)
        {
            int wanted = sizeof(uint);
            if (_length >= sizeof(uint) || (_length == 0 && data.Length >= sizeof(uint)))
            {
                uint length = BinaryPrimitives.ReadUInt32BigEndian(_length > 0 ? _held : data);
                if (length > maximum)
                {
                    return false;
                }

                wanted += (int)length;
            }

            if (_length == 0 && data.Length >= wanted)
            {
                Give(data[sizeof(uint)..wanted], MessageKind.Binary, message);
                data = data[wanted..];
                continue;
            }

            int count = Math.Min(data.Length, wanted - _length);
            Append(data[..count]);
            data = data[count..];
            if (_length == wanted && wanted > sizeof(uint))
            {
                Give(_held.AsSpan(sizeof(uint), wanted - sizeof(uint)), MessageKind.Binary, message);
                _length = 0;
            }
            else if (_length == sizeof(uint) && BinaryPrimitives.ReadUInt32BigEndian(_held) == 0)
            {
                Give([], MessageKind.Binary, message);
                _length = 0;
            }
        }

        ReleaseIfEmpty();
        return true;
    }

    private bool GiveHeld(MessageKind kind, Action<SharedMessage> message)
    {
        bool fits = Give(_held.AsSpan(0, _length), kind, message);
        _held = [];
        _length = 0;
        return fits;
    }

    private bool Give(ReadOnlySpan<byte> data, MessageKind kind, Action<SharedMessage> message)
    {
        if (data.Length > maximum && (!isStream || framing != StreamFraming.None))
        {
            return false;
        }

        message(new SharedMessage(data, kind, framing));
        return true;
    }

    private bool Hold(ReadOnlySpan<byte> data)
    {
        // A carriage return may still belong to what ends the line.
        if (_length + data.Length > maximum + 1)
        {
            return false;
        }

        Append(data);
        return true;
    }

    // A session that is idle holds nothing.
    private void ReleaseIfEmpty()
    {
        if (_length == 0)
        {
            _held = [];
        }
    }

    private void Append(ReadOnlySpan<byte> data)
    {
        if (_length + data.Length > _held.Length)
        {
            Array.Resize(ref _held, Math.Max(_length + data.Length, Math.Min(_held.Length * 2, maximum + sizeof(uint))));
        }

        data.CopyTo(_held.AsSpan(_length));
        _length += data.Length;
    }
}
