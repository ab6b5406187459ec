using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Unicode;

namespace Tidegate.Membership.Wire;

/// <summary>
/// Reads the msgpack of memberlist and Serf (specification, section 1 and annex A1) from bytes that a stranger may have
/// sent. It never throws and never allocates before a length is checked. The first failure stays: every later read
/// returns zero or empty, so a structure is read straight through and <see cref="Failed"/> is looked at once, at the end.
/// </summary>
/// <remarks>
/// Nil is accepted for every kind of value and reads as zero, false or empty. Text and byte strings are accepted in each
/// other's forms. A container is left by itself with its last value, so whoever enters one reads or skips all of it.
/// </remarks>
internal ref partial struct MessagePackReader
{
    private readonly int _length;
    private ReadOnlySpan<byte> _rest;
    private OpenContainers _open;
    private int _depth;

    internal MessagePackReader(ReadOnlySpan<byte> source)
    {
        _rest = source;
        _length = source.Length;
    }

    /// <summary>The first thing that went wrong.</summary>
    internal ReadFailure Failure { get; private set; }

    internal readonly bool Failed => Failure != ReadFailure.None;

    /// <summary>Bytes read so far. After a failure, somewhere inside the value that failed.</summary>
    internal readonly int Consumed => _length - _rest.Length;

    /// <summary>What follows the values read so far.</summary>
    internal readonly ReadOnlySpan<byte> Rest => _rest;

    /// <summary>Containers that are entered and not finished.</summary>
    internal readonly int Depth => _depth;

    /// <summary>Refuses the input, for a rule that only the reader of a structure knows. An earlier failure stays.</summary>
    internal void Fail(ReadFailure failure)
    {
        if (!Failed)
        {
            Failure = failure;
        }
    }

    /// <summary>Takes a nil if one is next, and otherwise nothing. Only where nil and empty differ.</summary>
    internal bool TryReadNil()
    {
        if (Failed || _rest.IsEmpty || _rest[0] != MessagePackCode.Nil)
        {
            return false;
        }

        _rest = _rest[1..];
        Complete();
        return true;
    }

    internal bool ReadBoolean()
    {
        if (!TryReadCode(out byte code))
        {
            return false;
        }

        if (code is not (MessagePackCode.True or MessagePackCode.False or MessagePackCode.Nil))
        {
            Fail(ReadFailure.WrongType);
            return false;
        }

        Complete();
        return code == MessagePackCode.True;
    }

    /// <summary>A byte string or text as it lies in the source, not copied.</summary>
    /// <param name="maximum">Its bound in bytes; a longer one fails with <see cref="ReadFailure.TooLong"/>.</param>
    internal ReadOnlySpan<byte> ReadRaw(int maximum)
    {
        if (!TryReadCode(out byte code))
        {
            return default;
        }

        uint length = 0;
        if (code is >= MessagePackCode.FixRaw and <= MessagePackCode.FixRawMax)
        {
            length = (uint)(code - MessagePackCode.FixRaw);
        }
        else if (code != MessagePackCode.Nil)
        {
            int width = code switch
            {
                MessagePackCode.Str8 or MessagePackCode.Bin8 => 1,
                MessagePackCode.Raw16 or MessagePackCode.Bin16 => 2,
                MessagePackCode.Raw32 or MessagePackCode.Bin32 => 4,
                _ => 0,
            };
            if (width == 0)
            {
                Fail(ReadFailure.WrongType);
                return default;
            }

            if (!TryReadNumber(width, out ulong number))
            {
                return default;
            }

            length = (uint)number;
        }

        if (length > (uint)maximum)
        {
            Fail(ReadFailure.TooLong);
            return default;
        }

        if (TryTake(length, out ReadOnlySpan<byte> taken))
        {
            Complete();
        }

        return taken;
    }

    /// <summary>A byte string of its own, which keeps the difference between nil and empty.</summary>
    internal RawBytes ReadBytes(int maximum)
    {
        if (TryReadNil())
        {
            return RawBytes.Nil;
        }

        ReadOnlySpan<byte> raw = ReadRaw(maximum);
        return Failed ? RawBytes.Nil : RawBytes.CopyOf(raw);
    }

    /// <summary>Text; bytes that are not UTF-8 are refused, because replacing them would make two names one.</summary>
    /// <param name="maximum">Its bound in bytes, not characters.</param>
    internal string ReadText(int maximum)
    {
        ReadOnlySpan<byte> raw = ReadRaw(maximum);
        if (!Utf8.IsValid(raw))
        {
            Fail(ReadFailure.NotText);
            return "";
        }

        return Encoding.UTF8.GetString(raw);
    }

    /// <summary>Enters a map and returns how many pairs follow.</summary>
    /// <param name="maximum">The bound on the pairs.</param>
    internal int ReadMapHeader(int maximum) => ReadHeader(
        maximum, valuesPerEntry: 2, MessagePackCode.FixMap, MessagePackCode.FixMapMax, MessagePackCode.Map16, MessagePackCode.Map32);

    /// <summary>Enters an array and returns how many values follow.</summary>
    /// <param name="maximum">The bound on the values.</param>
    internal int ReadArrayHeader(int maximum) => ReadHeader(
        maximum, valuesPerEntry: 1, MessagePackCode.FixArray, MessagePackCode.FixArrayMax, MessagePackCode.Array16, MessagePackCode.Array32);

    private int ReadHeader(int maximum, int valuesPerEntry, byte fix, byte fixMax, byte wide16, byte wide32)
    {
        if (!TryReadCode(out byte code))
        {
            return 0;
        }

        if (code == MessagePackCode.Nil)
        {
            Complete();
            return 0;
        }

        if (code >= fix && code <= fixMax)
        {
            return Enter((ulong)(code - fix), valuesPerEntry, maximum);
        }

        if (code != wide16 && code != wide32)
        {
            Fail(ReadFailure.WrongType);
            return 0;
        }

        return TryReadNumber(code == wide16 ? 2 : 4, out ulong count) ? Enter(count, valuesPerEntry, maximum) : 0;
    }

    private int Enter(ulong count, int valuesPerEntry, int maximum)
    {
        if (_depth == WireLimits.Depth)
        {
            Fail(ReadFailure.TooDeep);
        }
        else if (count > (ulong)maximum || count * (ulong)valuesPerEntry > int.MaxValue)
        {
            Fail(ReadFailure.TooLong);
        }
        else if (count * (ulong)valuesPerEntry > (ulong)_rest.Length)
        {
            // Every value takes at least a byte, so a header that promises more than there is ends the reading here.
            Fail(ReadFailure.Truncated);
        }
        else if (count == 0)
        {
            Complete();
        }
        else
        {
            _open[_depth++] = (int)count * valuesPerEntry;
            return (int)count;
        }

        return 0;
    }

    // A value is finished, and with it every container that it was the last value of.
    private void Complete()
    {
        while (_depth > 0 && --_open[_depth - 1] == 0)
        {
            _depth--;
        }
    }

    private bool TryReadCode(out byte code)
    {
        bool read = TryTake(1, out ReadOnlySpan<byte> taken);
        code = read ? taken[0] : (byte)0;
        return read;
    }

    private bool TryTake(uint count, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (Failed)
        {
            return false;
        }

        if (count > (uint)_rest.Length)
        {
            Fail(ReadFailure.Truncated);
            return false;
        }

        taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return true;
    }

    // Values still to come in each open container, outermost first.
    [InlineArray(WireLimits.Depth)]
    private struct OpenContainers
    {
        private int _first;
    }
}
