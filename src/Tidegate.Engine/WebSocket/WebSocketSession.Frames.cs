using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.WebSocket;

// Writing frames that do not lie in the read buffer.
public sealed partial class WebSocketSession
{
    private FrameHeader NextHeader(int length, MessageKind kind, bool endOfMessage)
    {
        Opcode opcode = Has(Flags.SendingMessage) ? Opcode.Continuation : kind == MessageKind.Text ? Opcode.Text : Opcode.Binary;
        _flags = endOfMessage ? _flags & ~Flags.SendingMessage : _flags | Flags.SendingMessage;
        FrameHeader header = ControlHeader(opcode, length);
        header.Final = endOfMessage;
        return header;
    }

    private FrameHeader ControlHeader(Opcode opcode, int length)
    {
        bool masked = Has(Flags.Client);
        return new FrameHeader { Opcode = opcode, Final = true, PayloadLength = length, Masked = masked, MaskKey = masked ? Loop.MaskKeys.Next() : 0 };
    }

    private unsafe void WriteFrame(FrameHeader header, ReadOnlySpan<byte> payload)
    {
        byte* separate = stackalloc byte[FrameHeader.MaximumLength];
        int headerLength = header.Write(separate);
        _connection.Write(separate, headerLength);
        if (!header.Masked)
        {
            _connection.Write(payload);
            return;
        }

        // Masked in pieces on the stack: the caller's bytes stay as they are.
        Span<byte> piece = stackalloc byte[1024];
        uint key = header.MaskKey;
        while (!payload.IsEmpty)
        {
            int count = Math.Min(piece.Length, payload.Length);
            payload[..count].CopyTo(piece);
            fixed (byte* pointer = piece)
            {
                key = Masking.Apply(pointer, count, key);
                _connection.Write(pointer, count);
            }

            payload = payload[count..];
        }
    }
}
