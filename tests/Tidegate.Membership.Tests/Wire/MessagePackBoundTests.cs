using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Wire;

/// <summary>Lengths, depths and unknown values that a hostile packet may carry.</summary>
public sealed class MessagePackBoundTests
{
    [Theory]
    [InlineData("a4 'abcd'")]
    [InlineData("d9 04 'abcd'")]
    [InlineData("c6 ffffffff")]
    [InlineData("db 80000000")]
    public void A_byte_string_over_the_bound_of_its_field_is_too_long(string notation)
    {
        MessagePackReader reader = new(Bytes(notation));
        Assert.True(reader.ReadRaw(3).IsEmpty);
        Assert.Equal(ReadFailure.TooLong, reader.Failure);
    }

    [Theory]
    [InlineData("84 01 01 02 02 03 03 04 04")]
    [InlineData("de ffff")]
    [InlineData("df ffffffff")]
    public void A_map_over_the_bound_of_its_field_is_too_long(string notation)
    {
        MessagePackReader reader = new(Bytes(notation));
        Assert.Equal(0, reader.ReadMapHeader(3));
        Assert.Equal(ReadFailure.TooLong, reader.Failure);
    }

    [Theory]
    [InlineData("db 7fffffff 00", nameof(ReadFailure.Truncated))]
    [InlineData("c6 7fffffff 00", nameof(ReadFailure.Truncated))]
    [InlineData("dd 7fffffff 00", nameof(ReadFailure.Truncated))]
    [InlineData("df 3fffffff 00", nameof(ReadFailure.Truncated))]
    [InlineData("82 00 00 00", nameof(ReadFailure.Truncated))]
    [InlineData("db 80000000 00", nameof(ReadFailure.TooLong))]
    [InlineData("c9 ffffffff 00", nameof(ReadFailure.TooLong))]
    [InlineData("dd ffffffff 00", nameof(ReadFailure.TooLong))]
    [InlineData("df 40000000 00", nameof(ReadFailure.TooLong))]
    [InlineData("df ffffffff 00", nameof(ReadFailure.TooLong))]
    public void A_length_that_promises_more_than_there_is_ends_the_skipping_at_once(string notation, string failure)
    {
        MessagePackReader reader = new(Bytes(notation));
        reader.Skip();
        Assert.Equal(Enum.Parse<ReadFailure>(failure), reader.Failure);
    }

    [Fact]
    public void A_length_bomb_allocates_nothing()
    {
        byte[] bytes = Bytes("dbffffffff");
        _ = new MessagePackReader(bytes).ReadBytes(int.MaxValue);
        long before = GC.GetAllocatedBytesForCurrentThread();
        RawBytes read = new MessagePackReader(bytes).ReadBytes(int.MaxValue);
        string text = new MessagePackReader(bytes).ReadText(int.MaxValue);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(read.IsNil);
        Assert.Equal("", text);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void Sixteen_containers_inside_each_other_are_skipped_and_a_seventeenth_is_not()
    {
        MessagePackReader sixteen = new([.. Enumerable.Repeat((byte)0x91, 16), 0x01]);
        sixteen.Skip();
        Assert.Equal(ReadFailure.None, sixteen.Failure);
        Assert.Equal(17, sixteen.Consumed);

        MessagePackReader seventeen = new([.. Enumerable.Repeat((byte)0x91, 17), 0x01]);
        seventeen.Skip();
        Assert.Equal(ReadFailure.TooDeep, seventeen.Failure);
    }

    [Fact]
    public void Depth_counts_the_containers_that_were_entered_before_the_skipping()
    {
        MessagePackReader reader = new([.. Enumerable.Repeat((byte)0x91, 17), 0x01]);
        for (int depth = 1; depth <= 10; depth++)
        {
            Assert.Equal(1, reader.ReadArrayHeader(1));
        }

        reader.Skip();
        Assert.Equal(ReadFailure.TooDeep, reader.Failure);
    }

    [Fact]
    public void A_million_containers_inside_each_other_are_refused_without_using_the_stack()
    {
        byte[] bomb = new byte[1_000_000];
        Array.Fill(bomb, (byte)0x91);
        MessagePackReader reader = new(bomb);
        reader.Skip();
        Assert.Equal(ReadFailure.TooDeep, reader.Failure);
        Assert.InRange(reader.Consumed, 16, 17);
    }

    [Theory]
    [InlineData("c0")]
    [InlineData("c3")]
    [InlineData("ca 3f800000")]
    [InlineData("cb 3ff0000000000000")]
    [InlineData("c7 03 01 aabbcc")]
    [InlineData("c8 0003 01 aabbcc")]
    [InlineData("c9 00000003 01 aabbcc")]
    [InlineData("c7 00 01")]
    [InlineData("d4 01 aa")]
    [InlineData("d5 01 aabb")]
    [InlineData("d6 01 aabbccdd")]
    [InlineData("d7 01 aabbccddaabbccdd")]
    [InlineData("d8 01 aabbccddaabbccddaabbccddaabbccdd")]
    [InlineData("83 a1 'a' 93 01 02 80 01 82 c0 90 c2 cb 0000000000000000 c0 c0")]
    [InlineData("dc 0002 de 0001 01 02 dd 00000001 df 00000001 01 02")]
    public void One_value_of_any_kind_is_skipped_exactly_and_not_cut_short(string notation)
    {
        byte[] value = Bytes(notation);
        MessagePackReader reader = new([.. value, 0x2a]);
        reader.Skip();
        Assert.Equal(0, reader.Depth);
        Assert.Equal(42, reader.ReadByte());
        Assert.False(reader.Failed);

        for (int length = 0; length < value.Length; length++)
        {
            MessagePackReader cut = new(value.AsSpan(0, length));
            cut.Skip();
            Assert.Equal(ReadFailure.Truncated, cut.Failure);
        }
    }

    [Fact]
    public void The_code_without_a_meaning_is_refused()
    {
        MessagePackReader reader = new(Bytes("92 01 c1"));
        reader.Skip();
        Assert.Equal(ReadFailure.WrongType, reader.Failure);
    }
}
