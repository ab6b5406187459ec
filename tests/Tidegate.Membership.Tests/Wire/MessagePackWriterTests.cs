using System.Buffers;
using System.Text;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Wire;

public sealed class MessagePackWriterTests
{
    private readonly ArrayBufferWriter<byte> _output = new();

    private MessagePackWriter Writer => new(_output);

    [Theory]
    [InlineData(0, "00")]
    [InlineData(127, "7f")]
    [InlineData(128, "cc 80")]
    [InlineData(255, "cc ff")]
    [InlineData(256, "cd 0100")]
    [InlineData(65_535, "cd ffff")]
    [InlineData(65_536, "ce 00010000")]
    [InlineData(uint.MaxValue, "ce ffffffff")]
    [InlineData(4_294_967_296, "cf 0000000100000000")]
    [InlineData(ulong.MaxValue, "cf ffffffffffffffff")]
    public void An_unsigned_number_takes_its_shortest_form(ulong value, string notation)
    {
        Writer.WriteUnsigned(value);
        Assert.Equal(Bytes(notation), _output.WrittenSpan.ToArray());
        MessagePackReader reader = new(_output.WrittenSpan);
        Assert.Equal(value, reader.ReadUInt64());
    }

    [Theory]
    [InlineData(0, "00")]
    [InlineData(200, "cc c8")]
    [InlineData(long.MaxValue, "cf 7fffffffffffffff")]
    [InlineData(-1, "ff")]
    [InlineData(-32, "e0")]
    [InlineData(-33, "d0 df")]
    [InlineData(-128, "d0 80")]
    [InlineData(-129, "d1 ff7f")]
    [InlineData(-32_768, "d1 8000")]
    [InlineData(-32_769, "d2 ffff7fff")]
    [InlineData(int.MinValue, "d2 80000000")]
    [InlineData(-2_147_483_649, "d3 ffffffff7fffffff")]
    [InlineData(long.MinValue, "d3 8000000000000000")]
    public void A_signed_number_is_written_as_unsigned_unless_it_is_negative(long value, string notation)
    {
        Writer.WriteSigned(value);
        Assert.Equal(Bytes(notation), _output.WrittenSpan.ToArray());
        MessagePackReader reader = new(_output.WrittenSpan);
        Assert.Equal(value, reader.ReadInt64());
    }

    [Theory]
    [InlineData(0, "a0")]
    [InlineData(31, "bf")]
    [InlineData(32, "da 0020")]
    [InlineData(255, "da 00ff")]
    [InlineData(65_535, "da ffff")]
    [InlineData(65_536, "db 00010000")]
    public void Text_and_bytes_are_both_raw_and_never_str8_or_bin(int length, string header)
    {
        byte[] expected = [.. Bytes(header), .. Enumerable.Repeat((byte)'x', length)];
        Writer.WriteText(new string('x', length));
        Assert.Equal(expected, _output.WrittenSpan.ToArray());
        _output.Clear();
        Writer.WriteRaw(expected.AsSpan(Bytes(header).Length));
        Assert.Equal(expected, _output.WrittenSpan.ToArray());
    }

    [Fact]
    public void Nil_bytes_are_nil_and_empty_ones_are_empty()
    {
        Writer.WriteBytes(RawBytes.Nil);
        Writer.WriteBytes(RawBytes.CopyOf([]));
        Assert.Equal(Bytes("c0 a0"), _output.WrittenSpan.ToArray());
    }

    [Theory]
    [InlineData(0, "80", "90")]
    [InlineData(15, "8f", "9f")]
    [InlineData(16, "de 0010", "dc 0010")]
    [InlineData(65_536, "df 00010000", "dd 00010000")]
    public void Containers_take_their_shortest_header(int count, string map, string array)
    {
        Writer.WriteMapHeader(count);
        Writer.WriteArrayHeader(count);
        Assert.Equal([.. Bytes(map), .. Bytes(array)], _output.WrittenSpan.ToArray());
    }

    [Fact]
    public void Booleans_are_c2_and_c3()
    {
        Writer.WriteBoolean(false);
        Writer.WriteBoolean(true);
        Assert.Equal(Bytes("c2 c3"), _output.WrittenSpan.ToArray());
    }

    [Fact]
    public void Half_a_surrogate_pair_is_an_error_and_not_another_name() =>
        Assert.Throws<EncoderFallbackException>(() => Writer.WriteText("a\ud800b"));
}
