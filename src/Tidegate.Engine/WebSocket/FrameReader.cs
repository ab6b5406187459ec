using System.Buffers.Binary;
using System.Text.Unicode;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.WebSocket;

/// <summary>What a <see cref="FrameReader"/> finds.</summary>
internal unsafe interface IFrameSink
{
    /// <summary>A part of a data message, unmasked and checked; the headroom in front of it is free.</summary>
    void OnData(byte* data, int length, int headroom, Opcode kind, bool compressed, bool endOfMessage);

    void OnPing(ReadOnlySpan<byte> payload);

    void OnPong(ReadOnlySpan<byte> payload);

    void OnClose(ReadOnlySpan<byte> payload);

    /// <summary>The peer broke a rule; nothing more is read.</summary>
    void OnViolation(CloseStatus status, string rule);

    /// <summary>True where nothing more is to be read.</summary>
    bool IsFinished { get; }

    /// <summary>True where what follows the message that was just handed out is to wait.</summary>
    bool MustWait { get; }
}

/// <summary>
/// Takes frames (RFC 6455, section 5) out of a stream of bytes, in place: data is handed out as it comes, control frames
/// whole. Holds nothing between reads but its position and at most one unfinished header or control frame.
/// </summary>
internal unsafe struct FrameReader
{
    // The first byte of a frame that is a whole, uncompressed message; and the header of a masked one of up to 125 bytes.
    private const byte FinalText = 0x80 | (byte)Opcode.Text;
    private const byte FinalBinary = 0x80 | (byte)Opcode.Binary;
    private const byte MaskBit = 0x80;
    private const int ShortMaskedHeader = 6;
    private byte[]? _carry;
    private long _remaining;
    private long _messageLength;
    private uint _maskKey;
    private Utf8Check _text;
    private byte _carryLength;
    private Flags _flags;

    [Flags]
    private enum Flags : byte
    {
        None = 0,
        InPayload = 1,
        FinalFrame = 2,
        InMessage = 4,
        TextMessage = 8,
        Compressed = 16,
    }

    /// <summary>True between the first frame of a message and its end.</summary>
    internal readonly bool IsInMessage => (_flags & (Flags.InMessage | Flags.InPayload)) != 0;

    /// <summary>Reads what there is. <paramref name="sink"/> may end the reading at any time.</summary>
    /// <param name="sink">Told what is found.</param>
    /// <param name="pool">Where room for an unfinished header comes from.</param>
    /// <param name="input">The bytes that follow those of the call before.</param>
    /// <param name="role">Which end this is.</param>
    /// <param name="maximumMessageSize">Bytes.</param>
    /// <param name="compression">True where a first frame may be compressed.</param>
    /// <param name="join">True where whole messages that lie one behind the other may be handed out as if they were one.</param>
    /// <returns>How many bytes at the end of the input were left because the sink must wait: they have to come again.</returns>
    internal int Read<TSink>(TSink sink, BlockPool pool, Payload input, WebSocketRole role, int maximumMessageSize, bool compression, bool join)
        where TSink : class, IFrameSink
    {
        byte* position = input.Pointer;
        byte* end = position + input.Length;
        byte* free = position - input.Headroom;
        if (_carry is { } carry)
        {
            position -= _carryLength;
            carry.AsSpan(0, _carryLength).CopyTo(new Span<byte>(position, _carryLength));
            pool.ReturnCarry(carry);
            _carry = null;
        }

        while (!sink.IsFinished)
        {
            if ((_flags & Flags.InPayload) == 0)
            {
                if (join && _flags == Flags.None && role == WebSocketRole.Server)
                {
                    byte* joined = Join(position, end, maximumMessageSize, out int length, out Opcode opcode, out bool malformed);
                    if (length > 0)
                    {
                        sink.OnData(position, length, (int)(position - free), opcode, compressed: false, endOfMessage: true);
                    }

                    if (malformed)
                    {
                        sink.OnViolation(CloseStatus.InvalidPayload, "a text message is not UTF-8");
                        return 0;
                    }

                    if (joined != position)
                    {
                        position = joined;
                        free = position;
                        continue;
                    }
                }

                if (position == end)
                {
                    return 0;
                }

                int headerLength = FrameHeader.Read(position, (int)Math.Min(end - position, FrameHeader.MaximumLength), out FrameHeader header);
                if (headerLength == 0)
                {
                    Keep(pool, position, end);
                    return 0;
                }

                if (headerLength < 0)
                {
                    sink.OnViolation(CloseStatus.ProtocolError, "a frame's length is not in its shortest form");
                    return 0;
                }

                if (Violation(header, role, compression) is { } rule)
                {
                    sink.OnViolation(CloseStatus.ProtocolError, rule);
                    return 0;
                }

                if (header.IsControl)
                {
                    if (end - position < headerLength + header.PayloadLength)
                    {
                        Keep(pool, position, end);
                        return 0;
                    }

                    position += headerLength;
                    int length = (int)header.PayloadLength;
                    Masking.Apply(position, length, header.MaskKey);
                    Control(sink, header.Opcode, new ReadOnlySpan<byte>(position, length));
                    position += length;
                    free = position;
                    continue;
                }

                if (!Begin(header, maximumMessageSize))
                {
                    sink.OnViolation(CloseStatus.MessageTooBig, $"a message is longer than {maximumMessageSize} bytes");
                    return 0;
                }

                position += headerLength;
            }

            int count = (int)Math.Min(_remaining, end - position);
            if (count == 0 && _remaining > 0)
            {
                return 0;
            }

            if (_maskKey != 0)
            {
                _maskKey = Masking.Apply(position, count, _maskKey);
            }

            _remaining -= count;
            bool endOfFrame = _remaining == 0;
            bool endOfMessage = endOfFrame && (_flags & Flags.FinalFrame) != 0;
            bool compressed = (_flags & Flags.Compressed) != 0;
            Opcode kind = (_flags & Flags.TextMessage) != 0 ? Opcode.Text : Opcode.Binary;
            if (kind == Opcode.Text && !compressed && !_text.Accept(new ReadOnlySpan<byte>(position, count), endOfMessage))
            {
                sink.OnViolation(CloseStatus.InvalidPayload, "a text message is not UTF-8");
                return 0;
            }

            if (endOfFrame)
            {
                _flags &= ~Flags.InPayload;
            }

            if (endOfMessage)
            {
                _flags = Flags.None;
                _messageLength = 0;
            }

            if (count > 0 || endOfMessage)
            {
                sink.OnData(position, count, (int)(position - free), kind, compressed, endOfMessage);
            }

            position += count;
            free = position;
            if (endOfMessage && compressed && !sink.IsFinished && sink.MustWait)
            {
                return (int)(end - position);
            }
        }

        return 0;
    }

    /// <summary>Lets go of what is held.</summary>
    internal void Release(BlockPool pool)
    {
        if (_carry is { } carry)
        {
            pool.ReturnCarry(carry);
            _carry = null;
        }
    }

    private static void Control<TSink>(TSink sink, Opcode opcode, ReadOnlySpan<byte> payload)
        where TSink : class, IFrameSink
    {
        switch (opcode)
        {
            case Opcode.Ping:
                sink.OnPing(payload);
                break;
            case Opcode.Pong:
                sink.OnPong(payload);
                break;
            default:
                sink.OnClose(payload);
                break;
        }
    }

    /// <summary>The rule that a header breaks, or null.</summary>
    private readonly string? Violation(in FrameHeader header, WebSocketRole role, bool compression)
    {
        if (header.Masked != (role == WebSocketRole.Server))
        {
            return role == WebSocketRole.Server ? "a client's frame is not masked" : "a server's frame is masked";
        }

        bool inMessage = (_flags & Flags.InMessage) != 0;
        bool mayBeCompressed = compression && header.Opcode is Opcode.Text or Opcode.Binary;
        if ((header.Reserved & ~(mayBeCompressed ? 0x40 : 0)) != 0)
        {
            return "a reserved bit is set";
        }

        return header.Opcode switch
        {
            Opcode.Continuation => inMessage ? null : "a continuation frame without a message",
            Opcode.Text or Opcode.Binary => inMessage ? "a new message within a fragmented one" : null,
            Opcode.Close or Opcode.Ping or Opcode.Pong =>
                !header.Final ? "a control frame is fragmented"
                : header.PayloadLength > 125 ? "a control frame is longer than 125 bytes"
                : null,
            _ => "an unknown opcode",
        };
    }

    /// <summary>
    /// Unmasks the messages of one kind that lie whole, each in one short frame, between <paramref name="position"/> and
    /// <paramref name="end"/>, and moves their payloads together. Leaves alone whatever is rarer or breaks a rule.
    /// </summary>
    /// <returns>Where the last of them ended.</returns>
    private static byte* Join(byte* position, byte* end, int maximumMessageSize, out int length, out Opcode opcode, out bool malformed)
    {
        byte* source = position;
        byte* target = position;
        opcode = Opcode.Binary;
        malformed = false;
        byte first = position < end ? *position : (byte)0;
        if (first is FinalText or FinalBinary)
        {
            opcode = (Opcode)(first & 0x0F);
            while (end - source >= ShortMaskedHeader && *source == first && source[1] >= MaskBit)
            {
                int payload = source[1] - MaskBit;
                int header = ShortMaskedHeader;
                if (payload == 126)
                {
                    payload = BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(source + 2, sizeof(ushort)));
                    header += sizeof(ushort);
                    if (payload < 126)
                    {
                        break;
                    }
                }
                else if (payload == 127)
                {
                    break;
                }

                if (payload > maximumMessageSize || end - source < header + payload)
                {
                    break;
                }

                Masking.Move(source + header, target, payload, *(uint*)(source + header - sizeof(uint)));
                source += header + payload;
                if (opcode == Opcode.Text && !Utf8.IsValid(new ReadOnlySpan<byte>(target, payload)))
                {
                    malformed = true;
                    break;
                }

                target += payload;
            }
        }

        length = (int)(target - position);
        return source;
    }

    /// <summary>Begins a data frame; false where the message becomes too long.</summary>
    private bool Begin(in FrameHeader header, int maximumMessageSize)
    {
        if (header.Opcode != Opcode.Continuation)
        {
            _text.Reset();
            _flags = Flags.InMessage
                | (header.Opcode == Opcode.Text ? Flags.TextMessage : 0)
                | (header.Reserved != 0 ? Flags.Compressed : 0);
        }

        long maximum = (_flags & Flags.Compressed) == 0 ? maximumMessageSize : DeflatedMessage.MaximumLengthFor(maximumMessageSize);
        if (header.PayloadLength > maximum - _messageLength)
        {
            return false;
        }

        _messageLength += header.PayloadLength;
        _remaining = header.PayloadLength;
        _maskKey = header.MaskKey;
        _flags = (_flags & ~Flags.FinalFrame) | Flags.InPayload | (header.Final ? Flags.FinalFrame : 0);
        return true;
    }

    private void Keep(BlockPool pool, byte* position, byte* end)
    {
        int length = (int)(end - position);
        _carry = pool.RentCarry();
        _carryLength = (byte)length;
        new ReadOnlySpan<byte>(position, length).CopyTo(_carry);
    }
}
