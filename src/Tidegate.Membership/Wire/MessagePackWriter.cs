using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Tidegate.Membership.Wire;

/// <summary>
/// Writes the old msgpack dialect (specification, section 1 and annex A1): text and byte strings both as raw, never as
/// bin or str8, which the peers' text fields refuse; integers in their shortest form, unsigned unless negative.
/// </summary>
internal readonly ref struct MessagePackWriter
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly IBufferWriter<byte> _output;

    internal MessagePackWriter(IBufferWriter<byte> output) => _output = output;

    internal void WriteNil() => WriteCode(MessagePackCode.Nil);

    internal void WriteBoolean(bool value) => WriteCode(value ? MessagePackCode.True : MessagePackCode.False);

    internal void WriteUnsigned(ulong value)
    {
        switch (value)
        {
            case <= MessagePackCode.PositiveFixMax:
                WriteCode((byte)value);
                break;
            case <= byte.MaxValue:
                WriteNumber(MessagePackCode.UInt8, value, width: 1);
                break;
            case <= ushort.MaxValue:
                WriteNumber(MessagePackCode.UInt16, value, width: 2);
                break;
            case <= uint.MaxValue:
                WriteNumber(MessagePackCode.UInt32, value, width: 4);
                break;
            default:
                WriteNumber(MessagePackCode.UInt64, value, width: 8);
                break;
        }
    }

    internal void WriteSigned(long value)
    {
        switch (value)
        {
            case >= 0:
                WriteUnsigned((ulong)value);
                break;
            case >= -32:
                WriteCode((byte)value);
                break;
            case >= sbyte.MinValue:
                WriteNumber(MessagePackCode.Int8, (ulong)value, width: 1);
                break;
            case >= short.MinValue:
                WriteNumber(MessagePackCode.Int16, (ulong)value, width: 2);
                break;
            case >= int.MinValue:
                WriteNumber(MessagePackCode.Int32, (ulong)value, width: 4);
                break;
            default:
                WriteNumber(MessagePackCode.Int64, (ulong)value, width: 8);
                break;
        }
    }

    /// <summary>A byte string that is there, even if empty.</summary>
    internal void WriteRaw(ReadOnlySpan<byte> bytes)
    {
        WriteRawHeader(bytes.Length);
        _output.Write(bytes);
    }

    /// <summary>A byte string as it was read: nil stays nil, empty stays empty.</summary>
    internal void WriteBytes(RawBytes bytes)
    {
        if (bytes.IsNil)
        {
            WriteNil();
        }
        else
        {
            WriteRaw(bytes.Span);
        }
    }

    /// <summary>Text as UTF-8.</summary>
    /// <exception cref="EncoderFallbackException">The text holds half of a surrogate pair, which UTF-8 cannot carry.</exception>
    internal void WriteText(string text)
    {
        int length = StrictUtf8.GetByteCount(text);
        WriteRawHeader(length);
        _output.Advance(StrictUtf8.GetBytes(text, _output.GetSpan(length)));
    }

    /// <summary>Begins a map; that many keys, each followed by its value, come next.</summary>
    internal void WriteMapHeader(int count) =>
        WriteHeader(count, MessagePackCode.FixMap, 15, MessagePackCode.Map16, MessagePackCode.Map32);

    /// <summary>Begins an array; that many values come next.</summary>
    internal void WriteArrayHeader(int count) =>
        WriteHeader(count, MessagePackCode.FixArray, 15, MessagePackCode.Array16, MessagePackCode.Array32);

    private void WriteRawHeader(int length) =>
        WriteHeader(length, MessagePackCode.FixRaw, 31, MessagePackCode.Raw16, MessagePackCode.Raw32);

    private void WriteHeader(int count, byte fix, int fixCount, byte wide16, byte wide32)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (count <= fixCount)
        {
            WriteCode((byte)(fix + count));
        }
        else if (count <= ushort.MaxValue)
        {
            WriteNumber(wide16, (ulong)count, width: 2);
        }
        else
        {
            WriteNumber(wide32, (ulong)count, width: 4);
        }
    }

    private void WriteCode(byte code)
    {
        _output.GetSpan(1)[0] = code;
        _output.Advance(1);
    }

    private void WriteNumber(byte code, ulong number, int width)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, number);
        Span<byte> target = _output.GetSpan(1 + width);
        target[0] = code;
        bytes[^width..].CopyTo(target[1..]);
        _output.Advance(1 + width);
    }
}
