using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Wire;

/// <summary>Whole messages against bytes worked out by hand.</summary>
public sealed class MessageBytesTests
{
    [Fact]
    public void A_ping_without_a_source_has_two_fields() => AssertBytes(
        new PingMessage(1, "b", MessageSource.None),
        "00 82 a4'Node'a1'b' a5'SeqNo'01");

    [Fact]
    public void A_ping_with_a_source_has_five_fields() => AssertBytes(
        new PingMessage(300, "gw2", new MessageSource(Raw("c0a80001"), 7946, "gw1")),
        "00 85 a4'Node'a3'gw2' a5'SeqNo'cd012c aa'SourceAddr'a4c0a80001 aa'SourceNode'a3'gw1' aa'SourcePort'cd1f0a");

    [Fact]
    public void Each_source_field_is_left_out_by_itself()
    {
        AssertBytes(
            new PingMessage(1, "b", new MessageSource(RawBytes.Nil, 0, "a")),
            "00 83 a4'Node'a1'b' a5'SeqNo'01 aa'SourceNode'a1'a'");
        AssertBytes(
            new PingMessage(1, "b", new MessageSource(RawBytes.Nil, 9, "")),
            "00 83 a4'Node'a1'b' a5'SeqNo'01 aa'SourcePort'09");
        AssertBytes(
            new PingMessage(1, "b", new MessageSource(Raw("7f000001"), 0, "")),
            "00 83 a4'Node'a1'b' a5'SeqNo'01 aa'SourceAddr'a47f000001");
    }

    [Fact]
    public void An_indirect_ping_always_writes_its_nack() => AssertBytes(
        new IndirectPingMessage(7, Raw("0a000002"), 7946, "b", false, MessageSource.None),
        "01 85 a4'Nack'c2 a4'Node'a1'b' a4'Port'cd1f0a a5'SeqNo'07 a6'Target'a40a000002");

    [Fact]
    public void An_indirect_ping_puts_its_source_where_the_names_sort() => AssertBytes(
        new IndirectPingMessage(7, Raw("0a000002"), 0, "b", true, new MessageSource(Raw("0a000001"), 1, "a")),
        "01 88 a4'Nack'c3 a4'Node'a1'b' a4'Port'00 a5'SeqNo'07"
        + "aa'SourceAddr'a40a000001 aa'SourceNode'a1'a' aa'SourcePort'01 a6'Target'a40a000002");

    [Fact]
    public void An_ack_without_a_payload_writes_nil() => AssertBytes(
        new AckMessage(uint.MaxValue, RawBytes.Nil),
        "02 82 a7'Payload'c0 a5'SeqNo'ceffffffff");

    [Fact]
    public void An_ack_with_a_payload_writes_it_raw() => AssertBytes(
        new AckMessage(5, Raw("54 0001020304050607")),
        "02 82 a7'Payload'a9540001020304050607 a5'SeqNo'05");

    [Fact]
    public void A_nack_is_its_number() => AssertBytes(new NackMessage(128), "0b 81 a5'SeqNo'cc80");

    [Fact]
    public void A_suspect_names_its_accuser() => AssertBytes(
        new SuspectMessage(2, "b", "a"),
        "03 83 a4'From'a1'a' ab'Incarnation'02 a4'Node'a1'b'");

    [Fact]
    public void A_dead_about_oneself_is_a_leave()
    {
        DeadMessage leave = new(65_536, "b", "b");
        AssertBytes(leave, "05 83 a4'From'a1'b' ab'Incarnation'ce00010000 a4'Node'a1'b'");
        Assert.True(leave.IsLeave);
        Assert.False(new DeadMessage(1, "b", "a").IsLeave);
    }

    [Fact]
    public void An_alive_carries_address_tags_and_versions() => AssertBytes(
        new AliveMessage(1, "gw1", Raw("c0a80001"), 7946, Raw("ff 81 a2'tg'a1'1'"), Raw("010502020505")),
        "04 86 a4'Addr'a4c0a80001 ab'Incarnation'01 a4'Meta'a7ff81a2'tg'a1'1' a4'Node'a3'gw1' a4'Port'cd1f0a a3'Vsn'a6010502020505");

    [Fact]
    public void An_alive_repeats_a_mapped_address_and_nil_as_they_came()
    {
        AliveMessage alive = new(1, "a", Raw("00000000000000000000ffffc0a80001"), 1, RawBytes.Nil, RawBytes.Nil);
        AssertBytes(alive, "04 86 a4'Addr'b000000000000000000000ffffc0a80001 ab'Incarnation'01 a4'Meta'c0 a4'Node'a1'a' a4'Port'01 a3'Vsn'c0");
        AssertBytes(
            alive with { Meta = RawBytes.CopyOf([]) },
            "04 86 a4'Addr'b000000000000000000000ffffc0a80001 ab'Incarnation'01 a4'Meta'a0 a4'Node'a1'a' a4'Port'01 a3'Vsn'c0");
    }

    [Fact]
    public void An_alive_that_would_harm_peers_is_not_written()
    {
        AliveMessage alive = new(1, "a", Raw("7f000001"), 1, RawBytes.Nil, RawBytes.Nil);
        Assert.Throws<InvalidOperationException>(() => Written(alive with { Versions = Raw("0105020205") }));
        Assert.Throws<InvalidOperationException>(() => Written(alive with { Meta = RawBytes.CopyOf(new byte[513]) }));
    }

    [Fact]
    public void The_types_have_the_numbers_of_the_table()
    {
        byte[] inOrder = [.. Enumerable.Range(0, 14).Select(type => (byte)type), 244];
        Assert.Equal(inOrder, Enum.GetValues<MessageType>().Select(type => (byte)type));
        Assert.Equal(11, (byte)MessageType.Nack);
    }

    private static void AssertBytes<T>(T message, string notation)
        where T : struct, IMessage<T>
    {
        byte[] bytes = Bytes(notation);
        Assert.Equal(Convert.ToHexString(bytes), Convert.ToHexString(Written(message)));
        Assert.Equal((byte)T.Type, bytes[0]);

        Assert.Equal(ReadFailure.None, Read(bytes.AsSpan(1), out T read, out int consumed));
        Assert.Equal(message, read);
        Assert.Equal(bytes.Length - 1, consumed);

        // Equality does not tell nil from empty, the bytes do.
        Assert.Equal(bytes, Written(read));
    }
}
