using System.Text;

namespace Tidegate.Gateway.Http;

/// <summary>
/// Reads the digits of a <c>Content-Length</c> as they are, and makes everything else unreadable. RFC 9110, section 8.6 has digits
/// alone; Kestrel, given the choice, also takes a sign, which another server on the way may read as no length at all: what would
/// be a body to one is the next request to the other.
/// </summary>
internal sealed class DigitsOnly : Encoding
{
    // Not a part of any number.
    private const char Unreadable = '?';

    internal static DigitsOnly Instance { get; } = new();

    public override int GetByteCount(char[] chars, int index, int count) => count;

    public override int GetBytes(char[] chars, int charIndex, int charCount, byte[] bytes, int byteIndex) =>
        throw new NotSupportedException("Lengths are read with this, and never written.");

    public override int GetCharCount(byte[] bytes, int index, int count) => count;

    public override int GetCharCount(ReadOnlySpan<byte> bytes) => bytes.Length;

    public override int GetChars(byte[] bytes, int byteIndex, int byteCount, char[] chars, int charIndex) =>
        GetChars(bytes.AsSpan(byteIndex, byteCount), chars.AsSpan(charIndex));

    /// <summary>Fills what there is room for: more than that is no length either.</summary>
    public override int GetChars(ReadOnlySpan<byte> bytes, Span<char> chars)
    {
        int count = Math.Min(bytes.Length, chars.Length);
        for (int i = 0; i < count; i++)
        {
            chars[i] = bytes[i] is >= (byte)'0' and <= (byte)'9' ? (char)bytes[i] : Unreadable;
        }

        return count;
    }

    public override int GetMaxByteCount(int charCount) => charCount;

    public override int GetMaxCharCount(int byteCount) => byteCount;
}
