using System.Text;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Wire;

public sealed class MessagePackReaderTests
{
    [Theory]
    [InlineData("a3 'abc'")]
    [InlineData("d9 03 'abc'")]
    [InlineData("da 0003 'abc'")]
    [InlineData("db 00000003 'abc'")]
    [InlineData("c4 03 'abc'")]
    [InlineData("c5 0003 'abc'")]
    [InlineData("c6 00000003 'abc'")]
    public void Text_and_bytes_are_read_from_every_raw_str_and_bin_form(string notation)
    {
        byte[] bytes = Bytes(notation);
        MessagePackReader text = new(bytes);
        Assert.Equal("abc", text.ReadText(3));
        MessagePackReader raw = new(bytes);
        Assert.Equal(Raw("'abc'"), raw.ReadBytes(3));
        MessagePackReader skipping = new(bytes);
        skipping.Skip();
        Assert.False(text.Failed || raw.Failed || skipping.Failed);
        Assert.Equal((bytes.Length, bytes.Length, bytes.Length), (text.Consumed, raw.Consumed, skipping.Consumed));
    }

    [Fact]
    public void Nil_is_accepted_for_everything_and_reads_as_nothing()
    {
        MessagePackReader reader = new(Bytes("c0 c0 c0 c0 c0 c0 c0 c0 c0 c0 c0 c0"));
        Assert.False(reader.ReadBoolean());
        Assert.Equal(0, reader.ReadByte());
        Assert.Equal(0, reader.ReadUInt16());
        Assert.Equal(0u, reader.ReadUInt32());
        Assert.Equal(0ul, reader.ReadUInt64());
        Assert.Equal(0, reader.ReadInt32());
        Assert.Equal(0L, reader.ReadInt64());
        Assert.Equal("", reader.ReadText(9));
        Assert.True(reader.ReadBytes(9).IsNil);
        Assert.Equal(0, reader.ReadMapHeader(9));
        Assert.Equal(0, reader.ReadArrayHeader(9));
        Assert.True(reader.TryReadNil());
        Assert.False(reader.Failed);
        Assert.Equal(12, reader.Consumed);
    }

    [Fact]
    public void Nil_and_empty_bytes_are_told_apart_and_are_equal()
    {
        RawBytes nil = new MessagePackReader(Bytes("c0")).ReadBytes(9);
        RawBytes empty = new MessagePackReader(Bytes("a0")).ReadBytes(9);
        Assert.True(nil.IsNil);
        Assert.False(empty.IsNil);
        Assert.True(nil == empty);
        Assert.Equal(nil.GetHashCode(), empty.GetHashCode());
    }

    [Theory]
    [InlineData("82 01 02 03 04", 2)]
    [InlineData("de 0002 01 02 03 04", 2)]
    [InlineData("df 00000002 01 02 03 04", 2)]
    [InlineData("94 01 02 03 04", 1)]
    [InlineData("dc 0004 01 02 03 04", 1)]
    [InlineData("dd 00000004 01 02 03 04", 1)]
    public void Containers_are_read_in_their_short_and_wide_forms(string notation, int valuesPerEntry)
    {
        MessagePackReader reader = new(Bytes(notation));
        int entries = valuesPerEntry == 2 ? reader.ReadMapHeader(4) : reader.ReadArrayHeader(4);
        Assert.Equal(4 / valuesPerEntry, entries);
        for (byte value = 1; value <= 4; value++)
        {
            Assert.Equal(1, reader.Depth);
            Assert.Equal(value, reader.ReadByte());
        }

        Assert.Equal(0, reader.Depth);
        Assert.False(reader.Failed);
    }

    [Fact]
    public void A_container_is_left_with_its_last_value_and_so_are_those_around_it()
    {
        MessagePackReader reader = new(Bytes("92 01 91 81 02 80 05"));
        Assert.Equal(2, reader.ReadArrayHeader(9));
        Assert.Equal(1, reader.ReadByte());
        Assert.Equal(1, reader.ReadArrayHeader(9));
        Assert.Equal(1, reader.ReadMapHeader(9));
        Assert.Equal(3, reader.Depth);
        Assert.Equal(2, reader.ReadByte());
        Assert.Equal(0, reader.ReadMapHeader(9));
        Assert.Equal(0, reader.Depth);
        Assert.Equal(Bytes("05"), reader.Rest.ToArray());
    }

    [Fact]
    public void Booleans_are_read_and_numbers_are_not_taken_for_them()
    {
        MessagePackReader reader = new(Bytes("c3 c2 01"));
        Assert.True(reader.ReadBoolean());
        Assert.False(reader.ReadBoolean());
        Assert.False(reader.Failed);
        Assert.False(reader.ReadBoolean());
        Assert.Equal(ReadFailure.WrongType, reader.Failure);
    }

    [Fact]
    public void The_first_failure_stays_and_everything_after_it_reads_as_nothing()
    {
        MessagePackReader reader = new(Bytes("c3 07 a1 'x'"));
        Assert.Equal(0u, reader.ReadUInt32());
        int consumed = reader.Consumed;
        Assert.Equal(0u, reader.ReadUInt32());
        Assert.Equal("", reader.ReadText(9));
        Assert.Equal(0, reader.ReadMapHeader(9));
        Assert.False(reader.TryReadNil());
        reader.Skip();
        reader.Fail(ReadFailure.TooDeep);
        Assert.Equal(ReadFailure.WrongType, reader.Failure);
        Assert.Equal(consumed, reader.Consumed);
    }

    [Theory]
    [InlineData("a1 ff")]
    [InlineData("a2 c3 28")]
    [InlineData("a2 c0 80")]
    [InlineData("a3 ed a0 80")]
    public void Text_that_is_not_utf8_is_refused(string notation)
    {
        MessagePackReader reader = new(Bytes(notation));
        Assert.Equal("", reader.ReadText(9));
        Assert.Equal(ReadFailure.NotText, reader.Failure);
    }

    [Fact]
    public void Text_may_be_any_utf8()
    {
        byte[] utf8 = Encoding.UTF8.GetBytes("Zürich–東京 🌊");
        MessagePackReader reader = new([(byte)(0xa0 + utf8.Length), .. utf8]);
        Assert.Equal("Zürich–東京 🌊", reader.ReadText(utf8.Length));
    }
}
