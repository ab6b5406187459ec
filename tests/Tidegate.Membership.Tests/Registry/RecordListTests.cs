using System.Buffers;
using System.Text;
using Tidegate.Membership.Registry;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Registry;

/// <summary>Records on the wire.</summary>
public sealed class RecordListTests
{
    [Fact]
    public void Records_are_an_array_of_maps()
    {
        PublishedRecord[] records = [new("a", 1, 2, Raw("01")), new("b", 1UL << 32, 300, RawBytes.Nil), new("c", 0, 0, Raw(""))];
        const string Notation = "93 84 a1'i'01 a1'o'a1'a' a1'p'a101 a1'v'02 84 a1'i'cf0000000100000000 a1'o'a1'b' a1'p'c0 a1'v'cd012c"
            + "84 a1'i'00 a1'o'a1'c' a1'p'a0 a1'v'00";
        ArrayBufferWriter<byte> output = new();
        RecordList.Write(output, records);
        Assert.Equal(Convert.ToHexString(Bytes(Notation)), Convert.ToHexString(output.WrittenSpan));
        Assert.True(RecordList.TryRead(output.WrittenSpan, out List<PublishedRecord> read));
        Assert.Equal(records, read);
        Assert.Equal([false, true, false], read.Select(record => record.IsWithdrawn));
    }

    [Theory]
    [InlineData("")]
    [InlineData("91")]
    [InlineData("80")]
    [InlineData("91 80")]
    [InlineData("91 81 a1'o'a0")]
    [InlineData("91 82 a1'o'a1'a' a1'i'ff")]
    [InlineData("91 82 a1'o'a1'a' a1'v'a0")]
    [InlineData("91 82 a1'o'a1'a' a1'p'db00010001")]
    [InlineData("dd 00004001")]
    [InlineData("92 81 a1'o'a1'a' 80")]
    public void One_record_that_breaks_a_rule_refuses_all(string notation)
    {
        Assert.False(RecordList.TryRead(Bytes(notation), out List<PublishedRecord> records));
        Assert.Empty(records);
    }

    [Fact]
    public void Unknown_fields_are_skipped_so_that_a_later_version_may_add_some()
    {
        Assert.True(RecordList.TryRead(Bytes("91 83 a1'x'92 01 80 a1'o'a1'a' a1'v'd3 0000000000000007"), out List<PublishedRecord> records));
        Assert.Equal([new PublishedRecord("a", 0, 7, RawBytes.Nil)], records);
    }

    [Fact]
    public void A_payload_may_have_64_KiB()
    {
        foreach (int length in (int[])[65_536, 65_537])
        {
            ArrayBufferWriter<byte> output = new();
            RecordList.Write(output, [new PublishedRecord("a", 1, 1, RawBytes.CopyOf(new byte[length]))]);
            Assert.Equal(length == 65_536, RecordList.TryRead(output.WrittenSpan, out List<PublishedRecord> _));
        }
    }

    [Fact]
    public void The_hash_is_FNV_1a_over_owner_instance_and_version()
    {
        // The function's published values for the empty text and for "a", and the same reckoned the long way.
        Assert.Equal(0xcbf29ce484222325, Fnv([]));
        Assert.Equal(0xaf63dc4c8601ec8c, Fnv(Encoding.UTF8.GetBytes("a")));
        byte[] bytes = [.. Encoding.UTF8.GetBytes("gwé"), 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 3];
        Assert.Equal(Fnv(bytes), new PublishedRecord("gwé", 0x0102, 3, Raw("01")).Hash());
        Assert.Equal(new PublishedRecord("a", 1, 2, Raw("01")).Hash(), new PublishedRecord("a", 1, 2, Raw("02")).Hash());
    }

    private static ulong Fnv(byte[] bytes)
    {
        System.Numerics.BigInteger hash = 14_695_981_039_346_656_037;
        foreach (byte value in bytes)
        {
            hash = ((hash ^ value) * 1_099_511_628_211) % (System.Numerics.BigInteger.One << 64);
        }

        return (ulong)hash;
    }
}
