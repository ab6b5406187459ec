namespace Tidegate.Gateway.Services.Directory;

/// <summary>A part of a file, in bytes from its beginning.</summary>
internal readonly record struct ByteRange(long Start, long Length)
{
    internal long End => Start + Length;
}

/// <summary>Which parts of a file a <c>Range</c> header asks for (RFC 9110, section 14).</summary>
internal static class ByteRanges
{
    /// <summary>Ranges in one request; whoever asks for more gets the whole file.</summary>
    internal const int Maximum = 16;

    private const string Unit = "bytes=";

    /// <summary>
    /// The parts that there are, in the order asked for; none where there is no such part of the file (416). Null where the header is to
    /// be ignored: it can not be read, has another unit, asks for more than <see cref="Maximum"/> parts, or for the same bytes twice,
    /// which no client needs and many of which would make an answer of any length (section 14.2).
    /// </summary>
    /// <param name="header">The header's value.</param>
    /// <param name="length">How long the file is.</param>
    internal static ByteRange[]? Select(ReadOnlySpan<char> header, long length)
    {
        if (!header.StartsWith(Unit, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        ReadOnlySpan<char> list = header[Unit.Length..];
        var ranges = new List<ByteRange>();
        int asked = 0;
        foreach (Range part in list.Split(','))
        {
            ReadOnlySpan<char> text = list[part].Trim(" \t");
            if (text.IsEmpty)
            {
                // Elements of a list may be empty (section 5.6.1).
                continue;
            }

            if (++asked > Maximum || !TryRead(text, length, out ByteRange range))
            {
                return null;
            }

            if (range.Length > 0)
            {
                ranges.Add(range);
            }
            else if (length == 0 && text[0] == '-' && text.ContainsAnyExcept("-0"))
            {
                // The last bytes of an empty file are there, but no Content-Range can say so.
                return null;
            }
        }

        return asked == 0 || Overlap(ranges) ? null : [.. ranges];
    }

    /// <summary>Reads one range: of no bytes where the file ends before it. False where it is none.</summary>
    private static bool TryRead(ReadOnlySpan<char> text, long length, out ByteRange range)
    {
        range = default;
        int dash = text.IndexOf('-');
        if (dash < 0)
        {
            return false;
        }

        if (dash == 0)
        {
            if (!TryReadNumber(text[1..], out long last))
            {
                return false;
            }

            long count = Math.Min(last, length);
            range = new ByteRange(length - count, count);
            return true;
        }

        long end = long.MaxValue;
        if (!TryReadNumber(text[..dash], out long start) || (dash + 1 < text.Length && !TryReadNumber(text[(dash + 1)..], out end)) || end < start)
        {
            return false;
        }

        if (start < length)
        {
            range = new ByteRange(start, Math.Min(end, length - 1) - start + 1);
        }

        return true;
    }

    /// <summary>Reads digits; what is beyond the largest number is beyond the end of every file as well.</summary>
    private static bool TryReadNumber(ReadOnlySpan<char> digits, out long number)
    {
        number = 0;
        foreach (char digit in digits)
        {
            if (!char.IsAsciiDigit(digit))
            {
                return false;
            }

            number = number > (long.MaxValue - 9) / 10 ? long.MaxValue : (number * 10) + (digit - '0');
        }

        return !digits.IsEmpty;
    }

    private static bool Overlap(List<ByteRange> ranges)
    {
        if (ranges.Count < 2)
        {
            return false;
        }

        ByteRange[] sorted = [.. ranges.OrderBy(range => range.Start)];
        for (int i = 1; i < sorted.Length; i++)
        {
            if (sorted[i].Start < sorted[i - 1].End)
            {
                return true;
            }
        }

        return false;
    }
}
