namespace Tidegate.Membership.Packets;

internal enum LzwFailure : byte
{
    None,

    /// <summary>The bytes end without the code that ends them.</summary>
    Truncated,

    /// <summary>A code that nothing has defined.</summary>
    UnknownCode,

    /// <summary>There is more than the output holds.</summary>
    TooLong,
}

/// <summary>
/// Reads LZW as GIF has it (specification, annex A2): codes of 9 to 12 bits from the low bit, 256 clears, 257 ends. A
/// table that is full stays as it is until a clear. Keeps its tables for reuse; one thread at a time.
/// </summary>
internal sealed class LzwDecoder
{
    internal const int Clear = 256;
    internal const int End = 257;
    internal const int FirstFree = 258;
    internal const int FirstWidth = 9;
    internal const int LastWidth = 12;
    internal const int Codes = 1 << LastWidth;

    // What a code stands for is always something that was written before: where, and how long.
    private readonly int[] _starts = new int[Codes];
    private readonly int[] _lengths = new int[Codes];

    /// <summary>Decodes all of the source, which must end with the end code; what follows that is ignored.</summary>
    internal LzwFailure Decode(ReadOnlySpan<byte> source, Span<byte> output, out int written)
    {
        written = 0;
        int width = FirstWidth;
        int next = FirstFree;
        int lastStart = -1;
        int lastLength = 0;
        uint bits = 0;
        int available = 0;
        int read = 0;
        while (true)
        {
            while (available < width)
            {
                if (read == source.Length)
                {
                    return LzwFailure.Truncated;
                }

                bits |= (uint)source[read++] << available;
                available += 8;
            }

            int code = (int)(bits & ((1u << width) - 1));
            bits >>= width;
            available -= width;
            if (code == End)
            {
                return LzwFailure.None;
            }

            if (code == Clear)
            {
                width = FirstWidth;
                next = FirstFree;
                lastStart = -1;
                continue;
            }

            // The new entry is the last string and the byte after it, which is the first that this code will write.
            if (lastStart >= 0 && next < Codes)
            {
                _starts[next] = lastStart;
                _lengths[next++] = lastLength + 1;
            }

            if (code > Clear && code >= next)
            {
                return LzwFailure.UnknownCode;
            }

            int length = code < Clear ? 1 : _lengths[code];
            if (length > output.Length - written)
            {
                return LzwFailure.TooLong;
            }

            if (code < Clear)
            {
                output[written] = (byte)code;
            }
            else
            {
                Repeat(output, _starts[code], written, length);
            }

            lastStart = written;
            lastLength = length;
            written += length;
            if (next == 1 << width && width < LastWidth)
            {
                width++;
            }
        }
    }

    // The entry that was made a moment ago reaches one byte into what is being written.
    private static void Repeat(Span<byte> output, int from, int to, int length)
    {
        if (from + length <= to)
        {
            output.Slice(from, length).CopyTo(output[to..]);
            return;
        }

        for (int i = 0; i < length; i++)
        {
            output[to + i] = output[from + i];
        }
    }
}
