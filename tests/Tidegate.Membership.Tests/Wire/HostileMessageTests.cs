using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Wire;

/// <summary>Messages that no well-behaved peer of today sends.</summary>
public sealed class HostileMessageTests
{
    [Fact]
    public void A_message_cut_off_at_any_byte_is_truncated_and_nothing_else()
    {
        AssertCutOff(SampleMessages.Ping);
        AssertCutOff(SampleMessages.IndirectPing);
        AssertCutOff(SampleMessages.Ack);
        AssertCutOff(SampleMessages.Nack);
        AssertCutOff(SampleMessages.Suspect);
        AssertCutOff(SampleMessages.Dead);
        AssertCutOff(SampleMessages.Alive);
    }

    [Fact]
    public void Bytes_after_a_message_are_left_alone()
    {
        byte[] body = [.. Written(SampleMessages.Alive)[1..], 0xc1, 0xff];
        Assert.Equal(ReadFailure.None, Read(body, out AliveMessage alive, out int consumed));
        Assert.Equal(SampleMessages.Alive, alive);
        Assert.Equal(body.Length - 2, consumed);
    }

    [Fact]
    public void Missing_fields_are_zero_and_so_are_nil_ones()
    {
        AliveMessage nothing = new(0, "", RawBytes.Nil, 0, RawBytes.Nil, RawBytes.Nil);
        foreach (string body in (string[])["80", "c0", "de 0000", "86 a4'Addr'c0 ab'Incarnation'c0 a4'Meta'c0 a4'Node'c0 a4'Port'c0 a3'Vsn'c0"])
        {
            Assert.Equal(ReadFailure.None, Read(Bytes(body), out AliveMessage alive));
            Assert.Equal(nothing, alive);
        }

        Assert.Equal(ReadFailure.None, Read(Bytes("81 a4'Nack'c0"), out IndirectPingMessage indirect));
        Assert.Equal(new IndirectPingMessage(0, RawBytes.Nil, 0, "", false, MessageSource.None), indirect);
    }

    [Fact]
    public void Unknown_keys_are_skipped_with_all_that_is_in_them()
    {
        string body = "de 0006 a3'New'83 01 92 c0 c3 a1'x'80 c0 c70201aabb a5'SeqNo'01 a4'node'a1'z' a0 cb0000000000000000 c0 05 a4'Node'a1'b'";
        Assert.Equal(ReadFailure.None, Read(Bytes(body), out PingMessage ping));
        Assert.Equal(new PingMessage(1, "b", MessageSource.None), ping);
    }

    [Fact]
    public void Keys_come_in_any_order_and_of_a_repeated_one_the_last_counts()
    {
        Assert.Equal(ReadFailure.None, Read(Bytes("84 a4'Node'a1'x' ab'Incarnation'd2 00000003 a4'Node'd901'b' a4'From'c401'a'"), out SuspectMessage suspect));
        Assert.Equal(new SuspectMessage(3, "b", "a"), suspect);
    }

    [Theory]
    [InlineData("81 a4'Port'ce 00010000", nameof(ReadFailure.OutOfRange))]
    [InlineData("81 a4'Port'ff", nameof(ReadFailure.OutOfRange))]
    [InlineData("81 ab'Incarnation'cf 0000000100000000", nameof(ReadFailure.OutOfRange))]
    [InlineData("81 ab'Incarnation'd3 ffffffffffffffff", nameof(ReadFailure.OutOfRange))]
    [InlineData("81 a4'Addr'a3 010203", nameof(ReadFailure.OutOfRange))]
    [InlineData("81 a4'Addr'b1 0102030405060708090a0b0c0d0e0f1011", nameof(ReadFailure.TooLong))]
    [InlineData("81 a3'Vsn'a5 0105020205", nameof(ReadFailure.OutOfRange))]
    [InlineData("81 a3'Vsn'a7 01050202050505", nameof(ReadFailure.TooLong))]
    [InlineData("81 a3'Vsn'96 010502020505", nameof(ReadFailure.WrongType))]
    [InlineData("81 a4'Node'01", nameof(ReadFailure.WrongType))]
    [InlineData("81 a4'Node'a1 ff", nameof(ReadFailure.NotText))]
    [InlineData("81 a4'Meta'da 0201", nameof(ReadFailure.TooLong))]
    [InlineData("81 a4'Node'da 0201", nameof(ReadFailure.TooLong))]
    [InlineData("81 01 02", nameof(ReadFailure.WrongType))]
    [InlineData("91 01", nameof(ReadFailure.WrongType))]
    [InlineData("de 0041", nameof(ReadFailure.TooLong))]
    [InlineData("df ffffffff", nameof(ReadFailure.TooLong))]
    [InlineData("81 da 0100", nameof(ReadFailure.TooLong))]
    [InlineData("", nameof(ReadFailure.Truncated))]
    public void A_field_that_breaks_its_rule_fails_the_whole_message(string body, string expected)
    {
        Assert.Equal(Enum.Parse<ReadFailure>(expected), Read(Bytes(body), out AliveMessage alive));
        Assert.Equal(default, alive);
    }

    [Fact]
    public void Metadata_of_512_bytes_is_read()
    {
        AliveMessage alive = SampleMessages.Alive with { Meta = RawBytes.CopyOf(new byte[512]) };
        Assert.Equal(ReadFailure.None, Read(Written(alive).AsSpan(1), out AliveMessage read));
        Assert.Equal(alive, read);
    }

    [Fact]
    public void An_unknown_field_that_nests_too_deep_fails_the_message()
    {
        byte[] fits = [.. Bytes("81 a1'x'"), .. Enumerable.Repeat((byte)0x91, 15), 0x01];
        Assert.Equal(ReadFailure.None, Read(fits, out NackMessage _));
        byte[] tooDeep = [.. Bytes("81 a1'x'"), .. Enumerable.Repeat((byte)0x91, 16), 0x01];
        Assert.Equal(ReadFailure.TooDeep, Read(tooDeep, out NackMessage _));
    }

    private static void AssertCutOff<T>(T message)
        where T : struct, IMessage<T>
    {
        byte[] bytes = Written(message);
        for (int end = 1; end < bytes.Length; end++)
        {
            Assert.Equal(ReadFailure.Truncated, Read(bytes.AsSpan(1, end - 1), out T read));
            Assert.Equal(default, read);
        }
    }
}
