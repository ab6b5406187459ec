namespace Tidegate.Membership.Packets;

/// <summary>
/// Writes LZW that <see cref="LzwDecoder"/> and the peers read: a clear first, another whenever the table is full, the end
/// code last. Keeps its table for reuse; one thread at a time.
/// </summary>
internal sealed class LzwEncoder
{
    private const int Slots = 4 * LzwDecoder.Codes;

    // Open addressing: 20 bits of string (code and byte), 12 bits of the code that it has. Zero is free: no code is zero.
    private readonly uint[] _table = new uint[Slots];

    private uint _bits;
    private int _pending;
    private int _written;

    /// <summary>Encodes the source; false where that takes more than the output holds.</summary>
    internal bool TryEncode(ReadOnlySpan<byte> source, Span<byte> output, out int written)
    {
        _bits = 0;
        _pending = 0;
        _written = 0;
        written = 0;
        int width = LzwDecoder.FirstWidth;
        if (!TryPut(LzwDecoder.Clear, width, output))
        {
            return false;
        }

        if (!source.IsEmpty)
        {
            Array.Clear(_table);
            int next = LzwDecoder.FirstFree - 1;
            int current = source[0];
            foreach (byte value in source[1..])
            {
                uint key = ((uint)current << 8) | value;
                int slot = Find(key);
                if (_table[slot] != 0)
                {
                    current = (int)(_table[slot] & (LzwDecoder.Codes - 1));
                    continue;
                }

                if (!TryPut(current, width, output))
                {
                    return false;
                }

                current = value;
                if (Advance(ref next, ref width))
                {
                    _table[slot] = (key << LzwDecoder.LastWidth) | (uint)next;
                }
                else if (!TryRestart(ref next, ref width, output))
                {
                    return false;
                }
            }

            if (!TryPut(current, width, output))
            {
                return false;
            }

            if (!Advance(ref next, ref width) && !TryRestart(ref next, ref width, output))
            {
                return false;
            }
        }

        if (!TryPut(LzwDecoder.End, width, output) || !TryFlush(output))
        {
            return false;
        }

        written = _written;
        return true;
    }

    // The reader takes a code into its table one code later and widens then, so both count in step. False: table full.
    private static bool Advance(ref int next, ref int width)
    {
        next++;
        if (next == 1 << width)
        {
            width++;
        }

        return next < LzwDecoder.Codes - 1;
    }

    private bool TryRestart(ref int next, ref int width, Span<byte> output)
    {
        bool put = TryPut(LzwDecoder.Clear, width, output);
        next = LzwDecoder.FirstFree - 1;
        width = LzwDecoder.FirstWidth;
        Array.Clear(_table);
        return put;
    }

    private int Find(uint key)
    {
        int slot = (int)((key * 2_654_435_761u) >> 18);
        while (_table[slot] != 0 && _table[slot] >> LzwDecoder.LastWidth != key)
        {
            slot = (slot + 1) % Slots;
        }

        return slot;
    }

    private bool TryPut(int code, int width, Span<byte> output)
    {
        _bits |= (uint)code << _pending;
        _pending += width;
        while (_pending >= 8)
        {
            if (_written == output.Length)
            {
                return false;
            }

            output[_written++] = (byte)_bits;
            _bits >>= 8;
            _pending -= 8;
        }

        return true;
    }

    private bool TryFlush(Span<byte> output)
    {
        if (_pending == 0)
        {
            return true;
        }

        if (_written == output.Length)
        {
            return false;
        }

        output[_written++] = (byte)_bits;
        return true;
    }
}
