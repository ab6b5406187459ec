using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Tidegate.Engine.Emulation;

/// <summary>
/// Messages as the data of events (HTML standard, section 9.2.6). Whatever a message holds, each of its lines begins with the name of
/// the field, so that none can be taken for another one. A line ends where a client would see an end: CR, LF, or both.
/// </summary>
internal static class EventText
{
    private const byte Cr = (byte)'\r', Lf = (byte)'\n';

    /// <summary>Writes the data of one event. What is no UTF-8 becomes U+FFFD, as it would at the client.</summary>
    internal static void WriteData(IBufferWriter<byte> target, ReadOnlySpan<byte> message)
    {
        while (true)
        {
            int end = message.IndexOfAny(Cr, Lf);
            ReadOnlySpan<byte> line = end < 0 ? message : message[..end];

            // A client takes one space away behind the colon.
            target.Write(line.StartsWith((byte)' ') ? "data: "u8 : "data:"u8);
            WriteProper(target, line);
            target.Write("\n"u8);
            if (end < 0)
            {
                return;
            }

            bool pair = message[end] == Cr && end + 1 < message.Length && message[end + 1] == Lf;
            message = message[(end + (pair ? 2 : 1))..];
        }
    }

    /// <summary>How many bytes at the end are the beginning of a character whose rest is not there: 0 to 3.</summary>
    internal static int UnfinishedTail(ReadOnlySpan<byte> text)
    {
        for (int back = 1; back <= Math.Min(3, text.Length); back++)
        {
            byte value = text[^back];
            if ((value & 0xc0) != 0x80)
            {
                int length = value switch { >= 0xc2 and < 0xe0 => 2, >= 0xe0 and < 0xf0 => 3, >= 0xf0 and < 0xf5 => 4, _ => 1 };
                return length > back ? back : 0;
            }
        }

        return 0;
    }

    private static void WriteProper(IBufferWriter<byte> target, ReadOnlySpan<byte> line)
    {
        if (Utf8.IsValid(line))
        {
            target.Write(line);
            return;
        }

        while (!line.IsEmpty)
        {
            // An improper sequence is decoded as U+FFFD.
            Rune.DecodeFromUtf8(line, out Rune rune, out int consumed);
            target.Advance(rune.EncodeToUtf8(target.GetSpan(4)));
            line = line[consumed..];
        }
    }
}
