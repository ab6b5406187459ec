using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.WebSocket;

// permessage-deflate: only whole messages are compressed, and only a compressed message is gathered.
public sealed partial class WebSocketSession
{
    // Bytes that are inflated, in whole messages, before the other connections of the loop may get their turn.
    private const int InflatedAtOnce = 1024 * 1024;

    private void SendCompressed(ReadOnlySpan<byte> message, MessageKind kind)
    {
        ReadOnlySpan<byte> deflated = DeflatedMessage.Deflate(message);
        if (deflated.Length >= message.Length)
        {
            WriteFrame(NextHeader(message.Length, kind, endOfMessage: true), message);
            return;
        }

        FrameHeader header = NextHeader(deflated.Length, kind, endOfMessage: true);
        header.Reserved = 0x40;
        WriteFrame(header, deflated);
    }

    private void GatherCompressed(ReadOnlySpan<byte> part, MessageKind kind, bool endOfMessage)
    {
        // The reader bounds a compressed message by what one of the permitted size may compress to.
        _compressedMessage ??= new MemoryStream(part.Length);
        _compressedMessage.Write(part);
        if (!endOfMessage)
        {
            return;
        }

        ReadOnlyMemory<byte> message = _compressedMessage.GetBuffer().AsMemory(0, (int)_compressedMessage.Length);
        _compressedMessage = null;
        var text = default(Utf8Check);
        CloseStatus? fault = DeflatedMessage.Inflate(message, _options.MaximumMessageSize, EventLoop.Headroom, (buffer, offset, length, end) =>
        {
            if (kind == MessageKind.Text && !text.Accept(buffer.AsSpan(offset, length), end))
            {
                ((IFrameSink)this).OnViolation(CloseStatus.InvalidPayload, "a text message is not UTF-8");
                return false;
            }

            _inflated += length;
            Deliver(buffer, offset, length, kind, end);
            return Hears;
        });

        if (fault is { } status)
        {
            ((IFrameSink)this).OnViolation(
                status,
                status == CloseStatus.MessageTooBig ? $"a message is longer than {_options.MaximumMessageSize} bytes" : "a message can not be inflated");
        }
    }

    private unsafe void Deliver(byte[] buffer, int offset, int length, MessageKind kind, bool endOfMessage)
    {
        fixed (byte* pointer = buffer)
        {
            HandOut(new Payload(pointer + offset, length, offset), kind, endOfMessage);
        }
    }
}
