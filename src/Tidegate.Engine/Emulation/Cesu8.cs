using System.Text.Unicode;

namespace Tidegate.Engine.Emulation;

/// <summary>
/// UTF-8 in which a character beyond U+FFFF may be two surrogates of three bytes each, as scripts send it (Unicode Technical Report 26).
/// </summary>
internal static class Cesu8
{
    private const int SurrogateBytes = 3;

    /// <summary>Makes proper UTF-8 of it where it lies; returns the new length, or -1 where it is neither.</summary>
    internal static int ToUtf8(Span<byte> text)
    {
        if (Utf8.IsValid(text))
        {
            return text.Length;
        }

        int written = 0;
        for (int at = 0; at < text.Length;)
        {
            if (IsSurrogate(text[at..], 0xa0) && IsSurrogate(text[(at + SurrogateBytes)..], 0xb0))
            {
                int high = ((text[at + 1] & 0x0f) << 6) | (text[at + 2] & 0x3f);
                int low = ((text[at + 4] & 0x0f) << 6) | (text[at + 5] & 0x3f);
                int character = 0x10000 + (high << 10) + low;
                text[written++] = (byte)(0xf0 | (character >> 18));
                text[written++] = (byte)(0x80 | ((character >> 12) & 0x3f));
                text[written++] = (byte)(0x80 | ((character >> 6) & 0x3f));
                text[written++] = (byte)(0x80 | (character & 0x3f));
                at += 2 * SurrogateBytes;
            }
            else
            {
                text[written++] = text[at++];
            }
        }

        return Utf8.IsValid(text[..written]) ? written : -1;
    }

    /// <summary>Whether bytes begin with a surrogate whose second byte is at least this: 0xa0 for high ones, 0xb0 for low ones.</summary>
    private static bool IsSurrogate(ReadOnlySpan<byte> text, byte second) =>
        text.Length >= SurrogateBytes && text[0] == 0xed && (text[1] & 0xf0) == second && (text[2] & 0xc0) == 0x80;
}
