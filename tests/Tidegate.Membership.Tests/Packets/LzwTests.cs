using Tidegate.Membership.Packets;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Packets;

public sealed class LzwTests
{
    // Codes 256, 61, 102, 101 in nine bits each, packed by hand from the low bit.
    private static readonly byte[] ThreeAs = Bytes("00 c3 08 0c 08");

    [Fact]
    public void Reads_codes_packed_by_hand() => Assert.Equal("aaa"u8, Decoded(ThreeAs));

    [Fact]
    public void Writes_what_was_packed_by_hand() => Assert.Equal(ThreeAs, Encoded("aaa"u8.ToArray()));

    [Fact]
    public void The_first_code_need_not_be_a_clear() => Assert.Equal("ab"u8, Decoded(Packed((97, 9), (98, 9), (257, 9))));

    [Fact]
    public void What_follows_the_end_is_ignored() => Assert.Equal("aaa"u8, Decoded([.. ThreeAs, 1, 2, 3]));

    [Fact]
    public void Nothing_at_all_is_a_clear_and_an_end() => Assert.Equal(Packed((256, 9), (257, 9)), Encoded([]));

    [Theory]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(3_838)]
    [InlineData(3_839)]
    [InlineData(3_840)]
    [InlineData(65_000)]
    public void Everything_written_is_read_again(int length)
    {
        for (int kinds = 1; kinds <= 256; kinds *= 4)
        {
            Random random = new(length + kinds);
            byte[] source = [.. Enumerable.Range(0, length).Select(_ => (byte)random.Next(kinds))];
            byte[] output = new byte[(2 * length) + 16];
            Assert.True(new LzwEncoder().TryEncode(source, output, out int written));
            Assert.Equal(source, Decoded(output[..written]));
        }
    }

    /// <summary>The writer's width must change exactly where the reader's does, wherever the end falls.</summary>
    [Fact]
    public void The_end_may_fall_on_every_code_around_a_change_of_width_and_a_clear()
    {
        LzwEncoder encoder = new();
        byte[] source = new byte[9_000];
        new Random(1).NextBytes(source);
        byte[] output = new byte[20_000];
        foreach (int middle in (int[])[255, 767, 1_791, 3_838, 7_676])
        {
            for (int length = middle - 4; length <= middle + 4; length++)
            {
                Assert.True(encoder.TryEncode(source.AsSpan(0, length), output, out int written));
                Assert.Equal(source[..length], Decoded(output[..written]));
            }
        }
    }

    [Fact]
    public void A_table_that_is_full_goes_on_without_a_clear()
    {
        // One new entry a code fills the table; every later code of twelve bits must still be understood.
        List<(int Code, int Width)> codes = [(256, 9)];
        int next = 257;
        for (int i = 0; i < 6_000; i++)
        {
            codes.Add((i % 256, Width(Math.Min(next++, 4_095))));
        }

        codes.Add((4_095, 12));
        codes.Add((257, 12));
        byte[] decoded = Decoded(Packed([.. codes]));

        // Entry 258 is the first two bytes, so the last entry is the bytes 3837 and 3838.
        Assert.Equal(6_002, decoded.Length);
        Assert.Equal([3_837 % 256, 3_838 % 256], decoded[^2..]);
    }

    [Fact]
    public void A_code_that_nothing_defined_is_refused()
    {
        Assert.Equal(LzwFailure.UnknownCode, Failure(Packed((256, 9), (258, 9), (257, 9))));
        Assert.Equal(LzwFailure.UnknownCode, Failure(Packed((97, 9), (259, 9), (257, 9))));
        Assert.Equal(LzwFailure.UnknownCode, Failure(Packed((97, 9), (97, 9), (256, 9), (97, 9), (259, 9), (257, 9))));
    }

    [Fact]
    public void Bytes_without_an_end_are_refused()
    {
        Assert.Equal(LzwFailure.Truncated, Failure([]));
        Assert.Equal(LzwFailure.Truncated, Failure(ThreeAs[..^1]));
    }

    [Fact]
    public void More_than_the_output_holds_is_refused()
    {
        byte[] bomb = Encoded(new byte[60_000]);
        Assert.True(bomb.Length < 1_000);
        Assert.Equal(LzwFailure.TooLong, new LzwDecoder().Decode(bomb, new byte[59_999], out _));
        Assert.False(new LzwEncoder().TryEncode("aaa"u8, new byte[4], out _));
    }

    [Fact]
    public void The_checksum_of_the_nine_digits_is_the_published_one() => Assert.Equal(0xcbf43926, Crc32.Of("123456789"u8));

    internal static byte[] Encoded(byte[] source)
    {
        byte[] output = new byte[(2 * source.Length) + 16];
        Assert.True(new LzwEncoder().TryEncode(source, output, out int written));
        return output[..written];
    }

    private static int Width(int next) => next switch
    {
        < 512 => 9,
        < 1_024 => 10,
        < 2_048 => 11,
        _ => 12,
    };

    private static byte[] Packed(params (int Code, int Width)[] codes)
    {
        byte[] bytes = new byte[(codes.Sum(code => code.Width) + 7) / 8];
        int bit = 0;
        foreach ((int code, int width) in codes)
        {
            for (int i = 0; i < width; i++, bit++)
            {
                bytes[bit / 8] |= (byte)(((code >> i) & 1) << (bit % 8));
            }
        }

        return bytes;
    }

    private static byte[] Decoded(byte[] source)
    {
        byte[] output = new byte[100_000];
        Assert.Equal(LzwFailure.None, new LzwDecoder().Decode(source, output, out int written));
        return output[..written];
    }

    private static LzwFailure Failure(byte[] source) => new LzwDecoder().Decode(source, new byte[100], out _);
}
