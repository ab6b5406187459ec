using System.Buffers.Binary;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Fanout;

/// <summary>
/// A whole message that many sessions send: encoded once for each encoding that one of them needs, and then the same bytes for all.
/// Immutable to the outside; may be sent on several loops at once.
/// </summary>
public sealed class SharedMessage
{
    private readonly byte[] _bytes;
    private readonly StreamFraming _framing;
    private byte[]? _compressed;
    private byte[]? _stream;

    /// <summary>Copies a message.</summary>
    /// <param name="message">Its bytes; where it is text, UTF-8.</param>
    /// <param name="kind">What it is made of.</param>
    /// <param name="framing">How clients that read a stream of bytes are to tell messages apart.</param>
    public SharedMessage(ReadOnlySpan<byte> message, MessageKind kind, StreamFraming framing = StreamFraming.None)
    {
        Kind = kind;
        _framing = framing;
        _bytes = GC.AllocateUninitializedArray<byte>(FrameHeader.LengthFor(message.Length, masked: false) + message.Length);
        Length = message.Length;
        Fill(_bytes, HeaderFor(message.Length), message);
    }

    /// <summary>What the message is made of.</summary>
    public MessageKind Kind { get; }

    /// <summary>Its length in bytes, without what any encoding adds.</summary>
    public int Length { get; }

    /// <summary>The message itself.</summary>
    public ReadOnlySpan<byte> Payload => _bytes.AsSpan(_bytes.Length - Length);

    /// <summary>As a server sends it in a WebSocket without extensions.</summary>
    internal ReadOnlySpan<byte> Frame => _bytes;

    /// <summary>The same with permessage-deflate, where it becomes shorter by it. No window is kept between messages, so that it is the same for everyone.</summary>
    internal ReadOnlySpan<byte> CompressedFrame => _compressed ??= Compress();

    /// <summary>As it is sent in a stream of bytes.</summary>
    internal ReadOnlySpan<byte> InStream => _framing == StreamFraming.None ? Payload : _stream ??= Delimit();

    private byte[] Compress()
    {
        ReadOnlySpan<byte> deflated = Length == 0 ? [] : DeflatedMessage.Deflate(Payload);
        if (Length == 0 || deflated.Length >= Length)
        {
            return _bytes;
        }

        FrameHeader header = HeaderFor(deflated.Length);
        header.Reserved = 0x40;
        byte[] frame = new byte[FrameHeader.LengthFor(deflated.Length, masked: false) + deflated.Length];
        Fill(frame, header, deflated);
        return frame;
    }

    private byte[] Delimit()
    {
        if (_framing == StreamFraming.Line)
        {
            return [.. Payload, (byte)'\n'];
        }

        byte[] prefixed = new byte[sizeof(uint) + Length];
        BinaryPrimitives.WriteUInt32BigEndian(prefixed, (uint)Length);
        Payload.CopyTo(prefixed.AsSpan(sizeof(uint)));
        return prefixed;
    }

    private static unsafe void Fill(byte[] frame, FrameHeader header, ReadOnlySpan<byte> payload)
    {
        fixed (byte* pointer = frame)
        {
            payload.CopyTo(frame.AsSpan(header.Write(pointer)));
        }
    }

    private FrameHeader HeaderFor(int length) => new()
    {
        Opcode = Kind == MessageKind.Text ? Opcode.Text : Opcode.Binary,
        Final = true,
        PayloadLength = length,
    };
}
