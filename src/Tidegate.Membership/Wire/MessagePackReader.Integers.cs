namespace Tidegate.Membership.Wire;

/// <summary>
/// Integers. Peers write the same field as shortest unsigned or as signed, depending on their codec (annex A1), so every
/// form is read for every field, and only the field's range decides.
/// </summary>
internal ref partial struct MessagePackReader
{
    internal byte ReadByte() => (byte)ReadUnsigned(byte.MaxValue);

    internal ushort ReadUInt16() => (ushort)ReadUnsigned(ushort.MaxValue);

    internal uint ReadUInt32() => (uint)ReadUnsigned(uint.MaxValue);

    internal ulong ReadUInt64() => ReadUnsigned(ulong.MaxValue);

    internal int ReadInt32() => (int)ReadSigned(int.MinValue, int.MaxValue);

    internal long ReadInt64() => ReadSigned(long.MinValue, long.MaxValue);

    private ulong ReadUnsigned(ulong maximum)
    {
        if (!TryReadInteger(out ulong bits, out bool negative))
        {
            return 0;
        }

        if (negative || bits > maximum)
        {
            Fail(ReadFailure.OutOfRange);
            return 0;
        }

        return bits;
    }

    private long ReadSigned(long minimum, long maximum)
    {
        if (!TryReadInteger(out ulong bits, out bool negative))
        {
            return 0;
        }

        if (negative ? (long)bits < minimum : bits > (ulong)maximum)
        {
            Fail(ReadFailure.OutOfRange);
            return 0;
        }

        return (long)bits;
    }

    // The bits are the value itself, or its two's complement in 64 bits where it is negative.
    private bool TryReadInteger(out ulong bits, out bool negative)
    {
        bits = 0;
        negative = false;
        if (!TryReadCode(out byte code))
        {
            return false;
        }

        switch (code)
        {
            case <= MessagePackCode.PositiveFixMax:
                bits = code;
                break;
            case >= MessagePackCode.NegativeFix:
                bits = (ulong)(sbyte)code;
                negative = true;
                break;
            case MessagePackCode.Nil:
                break;
            case >= MessagePackCode.UInt8 and <= MessagePackCode.UInt64:
                if (!TryReadNumber(1 << (code - MessagePackCode.UInt8), out bits))
                {
                    return false;
                }

                break;
            case >= MessagePackCode.Int8 and <= MessagePackCode.Int64:
                int width = 1 << (code - MessagePackCode.Int8);
                if (!TryReadNumber(width, out bits))
                {
                    return false;
                }

                int unused = 64 - (8 * width);
                long value = (long)(bits << unused) >> unused;
                bits = (ulong)value;
                negative = value < 0;
                break;
            default:
                Fail(ReadFailure.WrongType);
                return false;
        }

        Complete();
        return true;
    }

    private bool TryReadNumber(int width, out ulong number)
    {
        number = 0;
        if (!TryTake((uint)width, out ReadOnlySpan<byte> bytes))
        {
            return false;
        }

        foreach (byte value in bytes)
        {
            number = (number << 8) | value;
        }

        return true;
    }
}
