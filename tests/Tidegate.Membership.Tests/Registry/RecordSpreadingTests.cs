using System.Buffers.Binary;
using Tidegate.Membership.Registry;
using Tidegate.Membership.Tests.Serf;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Registry;

/// <summary>How records reach the others.</summary>
public sealed class RecordSpreadingTests
{
    private static readonly RawBytes Gateway = SerfTestHost.Meta(("tg", "1"));

    private readonly SerfTestHost _host = new(registry: true);
    private readonly RecordRegistry _registry;

    public RecordSpreadingTests()
    {
        _registry = _host.Registry!;
        _host.Up("self", 1, Gateway);
        _host.Up("b", 2, Gateway);
        _host.Up("agent", 3, SerfTestHost.Meta(("tg", "0")));
        _host.Up("guest", 4);
        _host.Up("plain", 5, Gateway, SerfTestHost.PlainVersions);
    }

    [Fact]
    public void News_go_to_gateways_only_and_a_bounded_number_of_times()
    {
        _registry.Publish(Raw("01"));
        for (int round = 0; round < 50; round++)
        {
            _host.Pass(100);
        }

        Assert.Equal(4, _host.Sends.Count);
        byte[] expected = [200, .. RegistryBytes.Of(new MemberRecord("self", 1000, 1, Raw("01")))];
        Assert.All(_host.Sends, send => Assert.Equal((SerfTestHost.Address(2), false), (send.To, send.Stream)));
        Assert.All(_host.Sends, send => Assert.Equal(expected, send.Message));
        Assert.Equal(0, _registry.Pending);
    }

    [Fact]
    public void What_is_new_here_is_passed_on_and_what_is_known_is_not()
    {
        byte[] message = [200, .. RegistryBytes.Of(new MemberRecord("b", 5, 5, Raw("01")))];
        _host.Layer.UserMessageReceived(message);
        Assert.Equal(1, _registry.Pending);
        for (int round = 0; round < 50; round++)
        {
            _host.Pass(100);
        }

        _host.Layer.UserMessageReceived(message);
        Assert.Equal(0, _registry.Pending);
    }

    [Fact]
    public void Each_round_goes_to_three_gateways()
    {
        for (int i = 0; i < 20; i++)
        {
            _host.Up($"m{i}", 100 + i, Gateway);
        }

        _registry.Publish(Raw("01"));
        _host.Pass(100);
        Assert.Equal(3, _host.Sends.Select(send => send.To).Distinct().Count());
        Assert.Equal(3, _host.Sends.Count);
    }

    [Fact]
    public void Many_records_share_packets_that_fit_the_network()
    {
        for (int i = 0; i < 100; i++)
        {
            _host.Up($"m{i}", 100 + i);
            _host.Layer.UserMessageReceived([200, .. RegistryBytes.Of(new MemberRecord($"m{i}", 1, 1, RawBytes.CopyOf(new byte[200])))]);
        }

        for (int round = 0; round < 500 && _registry.Pending > 0; round++)
        {
            _host.Pass(100);
        }

        Assert.Equal(0, _registry.Pending);
        Assert.All(_host.Sends, send => Assert.InRange(send.Message.Length, 2, RegistryLimits.Packet));
        Assert.InRange(_host.Sends.Count, 80, 140);
        Assert.Equal(100, _host.Sends.SelectMany(send => Read(send.Message)).Select(record => record.Owner).Distinct().Count());
    }

    [Fact]
    public void A_record_too_long_for_a_packet_goes_by_stream_to_a_few()
    {
        _registry.Publish(RawBytes.CopyOf(new byte[5_000]));
        for (int round = 0; round < 50; round++)
        {
            _host.Pass(100);
        }

        Assert.Equal(3, _host.Sends.Count);
        Assert.All(_host.Sends, send => Assert.True(send.Stream));
    }

    [Fact]
    public void The_digest_is_54_and_the_sum_of_the_hashes_and_goes_to_gateways_only()
    {
        Assert.Equal(Raw("54 0000000000000000"), _registry.AckPayloadFor("b"));
        Assert.True(_registry.AckPayloadFor("agent").IsNil);
        Assert.True(_registry.AckPayloadFor("guest").IsNil);
        Assert.True(_registry.AckPayloadFor("plain").IsNil);
        Assert.True(_registry.AckPayloadFor("nobody").IsNil);

        _registry.Publish(Raw("01"));
        MemberRecord other = new("b", 5, 5, Raw("01"));
        _host.Layer.UserMessageReceived([200, .. RegistryBytes.Of(other)]);
        Assert.Equal(Digest(unchecked(new MemberRecord("self", 1000, 1, default).Hash() + other.Hash())), _registry.AckPayloadFor("b"));
    }

    [Fact]
    public void Members_that_are_down_do_not_count_in_the_digest_because_later_ones_never_knew_them()
    {
        _host.Up("c", 6, Gateway);
        MemberRecord other = new("c", 5, 5, Raw("01"));
        _host.Layer.UserMessageReceived([200, .. RegistryBytes.Of(other)]);
        Assert.Equal(Digest(other.Hash()), _registry.AckPayloadFor("b"));
        _host.Down("c");
        Assert.Equal(Digest(0), _registry.AckPayloadFor("b"));
        MemberRecord newer = other with { Version = 6 };
        _host.Layer.UserMessageReceived([200, .. RegistryBytes.Of(newer)]);
        Assert.Equal(Digest(0), _registry.AckPayloadFor("b"));
        _host.Up("c", 6, Gateway);
        Assert.Equal(Digest(newer.Hash()), _registry.AckPayloadFor("b"));
        _host.Down("c");
        _host.Drop("c");
        Assert.Equal(Digest(0), _registry.AckPayloadFor("b"));
    }

    [Fact]
    public void A_difference_that_gossip_does_not_mend_asks_for_a_push_pull()
    {
        _registry.Publish(Raw("01"));
        _registry.AckReceived("b", Digest(1).Span);
        Assert.Empty(_host.PushPulls);
        _host.Now += 500;
        _registry.AckReceived("b", Digest(1).Span);
        Assert.Equal(["b"], _host.PushPulls);
        _registry.AckReceived("b", Digest(1).Span);
        _host.Now += 999;
        _registry.AckReceived("b", Digest(1).Span);
        Assert.Single(_host.PushPulls);
        _host.Now += 1;
        _registry.AckReceived("b", Digest(1).Span);
        Assert.Equal(2, _host.PushPulls.Count);
        Assert.Equal(2, _registry.Counters.Repairs);
    }

    [Fact]
    public void Where_news_keep_coming_a_lasting_difference_is_mended_all_the_same()
    {
        for (int i = 0; i < 60; i++)
        {
            _registry.Publish(Raw("01"));
            _registry.AckReceived("b", Digest(1).Span);
            Assert.Equal(i < 50 ? 0 : 1, _host.PushPulls.Count);
            _host.Now += 100;
        }
    }

    [Fact]
    public void Equal_digests_ask_for_nothing_and_neither_do_those_of_strangers_or_coordinates()
    {
        _host.Now += 10_000;
        _registry.AckReceived("b", Digest(0).Span);
        _registry.AckReceived("agent", Digest(1).Span);
        _registry.AckReceived("nobody", Digest(1).Span);
        _registry.AckReceived("b", default);
        _registry.AckReceived("b", Bytes("54 01"));
        _registry.AckReceived("b", Bytes("55 0000000000000001"));
        Assert.Empty(_host.PushPulls);
    }

    [Fact]
    public void A_member_that_is_no_gateway_any_more_is_sent_nothing()
    {
        _host.Layer.MemberUpdated(_host.Find("b")! with { Meta = SerfTestHost.Meta(("tg", "0")) });
        _registry.Publish(Raw("01"));
        _host.Pass(100);
        Assert.Empty(_host.Sends);
        Assert.True(_registry.AckPayloadFor("b").IsNil);
        _host.Up("b", 2, Gateway);
        _host.Pass(100);
        Assert.Single(_host.Sends);
    }

    private static RawBytes Digest(ulong sum)
    {
        byte[] payload = [0x54, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt64BigEndian(payload.AsSpan(1), sum);
        return RawBytes.CopyOf(payload);
    }

    private static List<MemberRecord> Read(byte[] message)
    {
        Assert.True(RecordList.TryRead(message.AsSpan(1), out List<MemberRecord> records));
        return records;
    }
}
