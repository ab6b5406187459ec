using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Wire;

public sealed class MessagePackReaderIntegerTests
{
    [Theory]
    [InlineData("00", 0)]
    [InlineData("7f", 127)]
    [InlineData("ff", -1)]
    [InlineData("e0", -32)]
    [InlineData("c0", 0)]
    [InlineData("cc 00", 0)]
    [InlineData("cc ff", 255)]
    [InlineData("cd 0102", 0x0102)]
    [InlineData("cd ffff", 65_535)]
    [InlineData("ce 01020304", 0x01020304)]
    [InlineData("ce ffffffff", 4_294_967_295)]
    [InlineData("cf 0102030405060708", 0x0102030405060708)]
    [InlineData("cf 7fffffffffffffff", long.MaxValue)]
    [InlineData("d0 7f", 127)]
    [InlineData("d0 80", -128)]
    [InlineData("d1 7fff", 32_767)]
    [InlineData("d1 8000", -32_768)]
    [InlineData("d2 7fffffff", int.MaxValue)]
    [InlineData("d2 80000000", int.MinValue)]
    [InlineData("d3 0000000000000005", 5)]
    [InlineData("d3 7fffffffffffffff", long.MaxValue)]
    [InlineData("d3 8000000000000000", long.MinValue)]
    public void Every_integer_form_is_read_as_its_value(string notation, long value)
    {
        byte[] bytes = Bytes(notation);
        MessagePackReader reader = new(bytes);
        Assert.Equal(value, reader.ReadInt64());
        Assert.Equal(ReadFailure.None, reader.Failure);
        Assert.Equal(bytes.Length, reader.Consumed);

        MessagePackReader unsigned = new(bytes);
        ulong read = unsigned.ReadUInt64();
        Assert.Equal(value < 0 ? ReadFailure.OutOfRange : ReadFailure.None, unsigned.Failure);
        Assert.Equal(value < 0 ? 0 : (ulong)value, read);

        MessagePackReader skipping = new(bytes);
        skipping.Skip();
        Assert.Equal(ReadFailure.None, skipping.Failure);
        Assert.Equal(bytes.Length, skipping.Consumed);
    }

    [Fact]
    public void The_largest_unsigned_number_is_read_and_does_not_fit_a_signed_field()
    {
        byte[] bytes = Bytes("cf ffffffffffffffff");
        MessagePackReader reader = new(bytes);
        Assert.Equal(ulong.MaxValue, reader.ReadUInt64());
        Assert.False(reader.Failed);

        MessagePackReader signed = new(bytes);
        Assert.Equal(0, signed.ReadInt64());
        Assert.Equal(ReadFailure.OutOfRange, signed.Failure);
    }

    [Theory]
    [InlineData("cc 07")]
    [InlineData("cd 0007")]
    [InlineData("ce 00000007")]
    [InlineData("cf 0000000000000007")]
    [InlineData("d0 07")]
    [InlineData("d1 0007")]
    [InlineData("d2 00000007")]
    [InlineData("d3 0000000000000007")]
    [InlineData("07")]
    public void A_small_number_in_a_wide_form_fits_every_field(string notation)
    {
        byte[] bytes = Bytes(notation);
        Assert.Equal(7, new MessagePackReader(bytes).ReadByte());
        Assert.Equal(7, new MessagePackReader(bytes).ReadUInt16());
        Assert.Equal(7u, new MessagePackReader(bytes).ReadUInt32());
        Assert.Equal(7ul, new MessagePackReader(bytes).ReadUInt64());
        Assert.Equal(7, new MessagePackReader(bytes).ReadInt32());
        Assert.Equal(7L, new MessagePackReader(bytes).ReadInt64());
    }

    [Theory]
    [InlineData("cc ff", "cd 0100", 8)]
    [InlineData("cd ffff", "ce 00010000", 16)]
    [InlineData("ce ffffffff", "cf 0000000100000000", 32)]
    [InlineData("ce 7fffffff", "ce 80000000", 31)]
    [InlineData("d2 80000000", "d3 ffffffff7fffffff", 31)]
    public void A_number_just_outside_the_field_is_out_of_range(string inside, string outside, int width)
    {
        Assert.Equal(ReadFailure.None, FailureOf(inside, width));
        Assert.Equal(ReadFailure.OutOfRange, FailureOf(outside, width));
    }

    [Theory]
    [InlineData("c2")]
    [InlineData("a1 31")]
    [InlineData("91 01")]
    [InlineData("80")]
    [InlineData("cb 3ff0000000000000")]
    [InlineData("c1")]
    public void What_is_not_an_integer_is_not_read_as_one(string notation) =>
        Assert.Equal(ReadFailure.WrongType, FailureOf(notation, 32));

    private static ReadFailure FailureOf(string notation, int width)
    {
        MessagePackReader reader = new(Bytes(notation));
        switch (width)
        {
            case 8:
                reader.ReadByte();
                break;
            case 16:
                reader.ReadUInt16();
                break;
            case 31:
                reader.ReadInt32();
                break;
            default:
                reader.ReadUInt32();
                break;
        }

        return reader.Failure;
    }
}
