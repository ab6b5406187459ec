using System.Diagnostics.CodeAnalysis;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.Emulation;

/// <summary>Told of what an <see cref="UpstreamReader"/> finds.</summary>
internal interface IUpstreamSink
{
    /// <summary>A whole message. The bytes may be changed.</summary>
    void OnMessage(Span<byte> message, MessageKind kind);

    void OnPing();

    void OnPong();

    /// <summary>The client closes.</summary>
    void OnClose();
}

/// <summary>
/// Takes the frames of an emulated WebSocket out of the body of one upstream request, in however many pieces it comes
/// (docs/spec/compat.md, chapter 3.6). One for each request: a frame does not go on in the next one.
/// </summary>
internal sealed class UpstreamReader
{
    private const byte Escape = 0x7f;
    private const byte EndOfMarked = 0xff;
    private const int CommandLength = 2;
    private const int MaximumCommands = 16;

    // Of seven bits each; more would not fit a length.
    private const int MaximumLengthBytes = 5;

    private readonly EmulationEncoding _encoding;
    private readonly int _maximumMessageSize;
    private readonly MemoryStream _message = new();
    private byte _lead;
    private bool _escaped;
    private byte _type;
    private State _state;
    private long _length;
    private int _lengthBytes;

    /// <param name="encoding">How bytes are written.</param>
    /// <param name="maximumMessageSize">Bytes of a message, as they are sent on.</param>
    internal UpstreamReader(EmulationEncoding encoding, int maximumMessageSize)
    {
        _encoding = encoding;
        _maximumMessageSize = maximumMessageSize;
    }

    private enum State : byte
    {
        Type,
        Length,
        Payload,
        // Until 0xff: a text without a length, or commands.
        Marked,
        // Behind the command that ends a request.
        Over,
    }

    /// <summary>True where the body may end here.</summary>
    internal bool IsAtEnd => _state is State.Type or State.Over && _lead == 0 && !_escaped;

    /// <summary>Reads the next piece of the body.</summary>
    /// <param name="input">The piece. It is overwritten.</param>
    /// <param name="sink">Told what is found.</param>
    /// <param name="fault">The rule that is broken, where false is returned. Nothing more may be read then.</param>
    internal bool TryRead(Span<byte> input, IUpstreamSink sink, [NotNullWhen(false)] out string? fault)
    {
        int length = input.Length;
        if ((_encoding != EmulationEncoding.Binary && !TryDecode(input, out length)) || (_encoding == EmulationEncoding.EscapedText && !TryUnescape(input, ref length)))
        {
            fault = "the text does not stand for bytes";
            return false;
        }

        fault = Parse(input[..length], sink);
        return fault is null;
    }

    /// <summary>Makes bytes of characters, in place: a character of one byte is itself, one of two is a byte from 0x80, or zero as U+0100.</summary>
    private bool TryDecode(Span<byte> input, out int length)
    {
        length = 0;
        foreach (byte one in input)
        {
            if (_lead != 0)
            {
                if ((one & 0xc0) != 0x80 || (_lead == 0xc4 && one != 0x80))
                {
                    return false;
                }

                input[length++] = (byte)(((_lead & 0x03) << 6) | (one & 0x3f));
                _lead = 0;
            }
            else if (one < 0x80)
            {
                input[length++] = one;
            }
            else if (one is >= 0xc2 and <= 0xc4)
            {
                _lead = one;
            }
            else
            {
                return false;
            }
        }

        return true;
    }

    private bool TryUnescape(Span<byte> input, ref int length)
    {
        int written = 0;
        foreach (byte one in input[..length])
        {
            if (!_escaped)
            {
                _escaped = one == Escape;
                if (!_escaped)
                {
                    input[written++] = one;
                }

                continue;
            }

            _escaped = false;
            int meant = one switch { (byte)'0' => 0, (byte)'n' => '\n', (byte)'r' => '\r', Escape => Escape, _ => -1 };
            if (meant < 0)
            {
                return false;
            }

            input[written++] = (byte)meant;
        }

        length = written;
        return true;
    }

    /// <summary>The rule that is broken, or null.</summary>
    private string? Parse(Span<byte> bytes, IUpstreamSink sink)
    {
        while (!bytes.IsEmpty)
        {
            string? fault = _state switch
            {
                State.Type => Begin(ref bytes),
                State.Length => TakeLength(ref bytes, sink),
                State.Payload => TakePayload(ref bytes, sink),
                State.Marked => TakeMarked(ref bytes, sink),
                _ => "something follows the end of the request",
            };
            if (fault is not null)
            {
                return fault;
            }
        }

        return null;
    }

    private string? Begin(ref Span<byte> bytes)
    {
        _type = bytes[0];
        bytes = bytes[1..];
        (_length, _lengthBytes) = (0, 0);
        switch (_type)
        {
            case EmulationFrames.TextUntilMark or EmulationFrames.Command:
                _state = State.Marked;
                return null;
            case EmulationFrames.Binary or EmulationFrames.Text or EmulationFrames.Ping or EmulationFrames.Pong:
                _state = State.Length;
                return null;
            default:
                return "a frame has an unknown type";
        }
    }

    private string? TakeLength(ref Span<byte> bytes, IUpstreamSink sink)
    {
        byte one = bytes[0];
        bytes = bytes[1..];
        _length = (_length << 7) | (uint)(one & 0x7f);
        _lengthBytes++;
        if (one >= 0x80)
        {
            return _lengthBytes == MaximumLengthBytes ? "a length has more than five bytes" : null;
        }

        if (_type is EmulationFrames.Ping or EmulationFrames.Pong)
        {
            if (_length > 0)
            {
                return "a ping or pong has a payload";
            }

            _state = State.Type;
            if (_type == EmulationFrames.Ping)
            {
                sink.OnPing();
            }
            else
            {
                sink.OnPong();
            }

            return null;
        }

        if (_length > _maximumMessageSize)
        {
            return TooLong();
        }

        _state = State.Payload;
        return _length == 0 ? Finish(sink) : null;
    }

    private string? TakePayload(ref Span<byte> bytes, IUpstreamSink sink)
    {
        int count = (int)Math.Min(_length - _message.Length, bytes.Length);
        _message.Write(bytes[..count]);
        bytes = bytes[count..];
        return _message.Length == _length ? Finish(sink) : null;
    }

    private string? TakeMarked(ref Span<byte> bytes, IUpstreamSink sink)
    {
        int end = bytes.IndexOf(EndOfMarked);
        int count = end < 0 ? bytes.Length : end;
        if (count > _maximumMessageSize - _message.Length)
        {
            return TooLong();
        }

        _message.Write(bytes[..count]);
        bytes = bytes[(end < 0 ? count : count + 1)..];
        if (_type == EmulationFrames.Command && _message.Length > CommandLength * MaximumCommands)
        {
            return "a frame has too many commands";
        }

        return end < 0 ? null : _type == EmulationFrames.Command ? FinishCommands(sink) : Finish(sink);
    }

    private string? Finish(IUpstreamSink sink)
    {
        Span<byte> message = _message.GetBuffer().AsSpan(0, (int)_message.Length);
        MessageKind kind = _type == EmulationFrames.Binary ? MessageKind.Binary : MessageKind.Text;
        int length = kind == MessageKind.Text ? Cesu8.ToUtf8(message) : message.Length;
        if (length < 0)
        {
            return "a text message is not UTF-8";
        }

        _message.SetLength(0);
        _state = State.Type;
        sink.OnMessage(message[..length], kind);
        return null;
    }

    private string? FinishCommands(IUpstreamSink sink)
    {
        ReadOnlySpan<byte> commands = _message.GetBuffer().AsSpan(0, (int)_message.Length);
        _message.SetLength(0);
        _state = State.Type;
        for (; commands.Length >= CommandLength; commands = commands[CommandLength..])
        {
            if (_state == State.Over)
            {
                return "something follows the end of the request";
            }

            if (commands.StartsWith("01"u8))
            {
                _state = State.Over;
            }
            else if (commands.StartsWith("02"u8))
            {
                sink.OnClose();
            }
            else if (!commands.StartsWith("00"u8))
            {
                return "a command is unknown";
            }
        }

        return commands.IsEmpty ? null : "a command is unfinished";
    }

    private string TooLong() => $"incoming message size exceeds permitted maximum of {_maximumMessageSize} bytes";
}
