namespace Tidegate.Membership.Wire;

/// <summary>Passing over values that nobody here asked for.</summary>
internal ref partial struct MessagePackReader
{
    /// <summary>
    /// Passes over one value of any kind with all that is in it. Takes time in proportion to the bytes passed and no
    /// stack: the depth is counted, not recursed.
    /// </summary>
    internal void Skip()
    {
        int depth = _depth;
        do
        {
            SkipCode();
        }
        while (!Failed && _depth > depth);
    }

    private void SkipCode()
    {
        if (!TryReadCode(out byte code))
        {
            return;
        }

        switch (code)
        {
            case <= MessagePackCode.PositiveFixMax or >= MessagePackCode.NegativeFix:
            case MessagePackCode.Nil or MessagePackCode.False or MessagePackCode.True:
                Complete();
                break;
            case <= MessagePackCode.FixMapMax:
                Enter((ulong)(code - MessagePackCode.FixMap), valuesPerEntry: 2, int.MaxValue);
                break;
            case <= MessagePackCode.FixArrayMax:
                Enter((ulong)(code - MessagePackCode.FixArray), valuesPerEntry: 1, int.MaxValue);
                break;
            case <= MessagePackCode.FixRawMax:
                SkipBytes((ulong)(code - MessagePackCode.FixRaw));
                break;
            case MessagePackCode.Str8 or MessagePackCode.Bin8:
                SkipCounted(width: 1, extra: 0);
                break;
            case MessagePackCode.Raw16 or MessagePackCode.Bin16:
                SkipCounted(width: 2, extra: 0);
                break;
            case MessagePackCode.Raw32 or MessagePackCode.Bin32:
                SkipCounted(width: 4, extra: 0);
                break;

            // An extension has a byte for its own type between its length and its data.
            case >= MessagePackCode.Ext8 and <= MessagePackCode.Ext32:
                SkipCounted(1 << (code - MessagePackCode.Ext8), extra: 1);
                break;
            case >= MessagePackCode.FixExt1 and <= MessagePackCode.FixExt16:
                SkipBytes(1 + (1UL << (code - MessagePackCode.FixExt1)));
                break;
            case MessagePackCode.Float32:
                SkipBytes(4);
                break;
            case MessagePackCode.Float64:
                SkipBytes(8);
                break;
            case >= MessagePackCode.UInt8 and <= MessagePackCode.UInt64:
                SkipBytes(1UL << (code - MessagePackCode.UInt8));
                break;
            case >= MessagePackCode.Int8 and <= MessagePackCode.Int64:
                SkipBytes(1UL << (code - MessagePackCode.Int8));
                break;
            case MessagePackCode.Array16 or MessagePackCode.Array32:
                SkipHeader(code == MessagePackCode.Array16 ? 2 : 4, valuesPerEntry: 1);
                break;
            case MessagePackCode.Map16 or MessagePackCode.Map32:
                SkipHeader(code == MessagePackCode.Map16 ? 2 : 4, valuesPerEntry: 2);
                break;
            default:
                Fail(ReadFailure.WrongType);
                break;
        }
    }

    private void SkipHeader(int width, int valuesPerEntry)
    {
        if (TryReadNumber(width, out ulong count))
        {
            Enter(count, valuesPerEntry, int.MaxValue);
        }
    }

    private void SkipCounted(int width, uint extra)
    {
        if (TryReadNumber(width, out ulong count))
        {
            SkipBytes(count + extra);
        }
    }

    private void SkipBytes(ulong count)
    {
        if (count > (ulong)_rest.Length)
        {
            // No source is longer than int.MaxValue, so beyond that no more bytes can help.
            Fail(count > int.MaxValue ? ReadFailure.TooLong : ReadFailure.Truncated);
            return;
        }

        _rest = _rest[(int)count..];
        Complete();
    }
}
