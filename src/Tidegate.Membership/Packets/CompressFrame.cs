using System.Buffers;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Packets;

/// <summary>The message that carries another one compressed: a map of Algo (0 = LZW) and Buf.</summary>
internal static class CompressFrame
{
    /// <summary>The most that the type byte and the map around Buf take.</summary>
    internal const int Overhead = 16;

    private const int Lzw = 0;

    /// <summary>
    /// Reads the body, which follows the type byte. The buffer is a slice of it, at most as long as is allowed. An
    /// algorithm that is not LZW is <see cref="ReadFailure.OutOfRange"/>.
    /// </summary>
    internal static ReadFailure Read(ReadOnlySpan<byte> body, int maximum, out ReadOnlySpan<byte> buffer)
    {
        MessagePackReader reader = new(body);
        int algorithm = Lzw;
        buffer = default;
        for (int left = reader.ReadFieldCount(); left > 0 && !reader.Failed; left--)
        {
            ReadOnlySpan<byte> key = reader.ReadKey();
            if (key.SequenceEqual("Algo"u8))
            {
                algorithm = reader.ReadByte();
            }
            else if (key.SequenceEqual("Buf"u8))
            {
                buffer = reader.ReadRaw(maximum);
            }
            else
            {
                reader.Skip();
            }
        }

        if (!reader.Failed && algorithm != Lzw)
        {
            reader.Fail(ReadFailure.OutOfRange);
        }

        return reader.Failure;
    }

    /// <summary>Writes the type byte and the body.</summary>
    internal static void Write(IBufferWriter<byte> output, ReadOnlySpan<byte> buffer)
    {
        MessagePackWriter writer = MessageFields.Begin(output, MessageType.Compress, fields: 2);
        writer.WriteRaw("Algo"u8);
        writer.WriteUnsigned(Lzw);
        writer.WriteRaw("Buf"u8);
        writer.WriteRaw(buffer);
    }
}
