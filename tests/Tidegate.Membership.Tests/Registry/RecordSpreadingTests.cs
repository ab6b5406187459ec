using System.Buffers.Binary;
using Tidegate.Membership.Registry;
using Tidegate.Membership.Serf;
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
    public void News_are_gossiped_among_gateways_and_newer_ones_replace_them()
    {
        _registry.Publish(Raw("01"));
        _registry.Publish(Raw("02"));
        Assert.Equal(["self", "self"], _host.Abouts);
        Assert.Equal([SerfTier.Records, SerfTier.Records], _host.Broadcasts.Select(broadcast => broadcast.Tier));
        byte[] expected = [200, .. RegistryBytes.Of(new PublishedRecord("self", 1000, 2, Raw("02")))];
        Assert.Equal(expected, _host.Broadcasts[1].Message);
        _host.Pass(1_000);
        Assert.Empty(_host.Sends);
    }

    [Fact]
    public void What_is_new_here_is_passed_on_and_what_is_known_is_not()
    {
        byte[] message = [200, .. RegistryBytes.Of(new PublishedRecord("b", 5, 5, Raw("01")), new PublishedRecord("guest", 5, 5, default))];
        _host.Layer.UserMessageReceived(message);
        Assert.Equal(["b", "guest"], _host.Abouts);
        _host.Layer.UserMessageReceived(message);
        Assert.Equal(2, _host.Broadcasts.Count);
    }

    [Fact]
    public void What_is_gossiped_fits_a_packet_and_what_does_not_goes_by_stream_to_a_few_gateways()
    {
        for (int i = 0; i < 20; i++)
        {
            _host.Up($"m{i}", 100 + i, Gateway);
        }

        _registry.Publish(RawBytes.CopyOf(new byte[RegistryLimits.Packet - 25]));
        Assert.InRange(Assert.Single(_host.Broadcasts).Message.Length, RegistryLimits.Packet - 5, RegistryLimits.Packet);
        _registry.Publish(RawBytes.CopyOf(new byte[RegistryLimits.Packet]));
        Assert.Single(_host.Broadcasts);
        Assert.Equal(1, _registry.Pending);
        for (int round = 0; round < 50; round++)
        {
            _host.Pass(100);
        }

        Assert.Equal(0, _registry.Pending);
        Assert.Equal(3, _host.Sends.Select(send => send.To).Distinct().Count());
        Assert.Equal(3, _host.Sends.Count);
        Assert.All(_host.Sends, send => Assert.True(send.Stream));
        Assert.DoesNotContain(_host.Sends, send => send.To == SerfTestHost.Address(3) || send.To == SerfTestHost.Address(4) || send.To == SerfTestHost.Address(5));
    }

    [Fact]
    public void A_short_record_in_place_of_a_long_one_leaves_nothing_to_stream()
    {
        _registry.Publish(RawBytes.CopyOf(new byte[5_000]));
        _registry.Publish(Raw("01"));
        _host.Pass(100);
        Assert.Empty(_host.Sends);
    }

    [Fact]
    public void Long_records_take_turns()
    {
        foreach (string owner in (string[])["b", "agent", "guest"])
        {
            _host.Layer.UserMessageReceived([200, .. RegistryBytes.Of(new PublishedRecord(owner, 1, 1, RawBytes.CopyOf(new byte[2_000])))]);
        }

        _host.Pass(100);
        _host.Pass(100);
        _host.Pass(100);
        Assert.Equal(3, _host.Sends.Select(send => Assert.Single(Read(send.Message)).Owner).Distinct().Count());
    }

    [Fact]
    public void The_digest_is_54_and_the_sum_of_the_hashes()
    {
        Assert.Equal(Raw("54 0000000000000000"), _registry.AckPayload());
        _registry.Publish(Raw("01"));
        PublishedRecord other = new("b", 5, 5, Raw("01"));
        _host.Layer.UserMessageReceived([200, .. RegistryBytes.Of(other)]);
        Assert.Equal(Digest(unchecked(new PublishedRecord("self", 1000, 1, default).Hash() + other.Hash())), _registry.AckPayload());
    }

    [Fact]
    public void A_gateway_is_told_by_its_tag()
    {
        Assert.True(Tags.IsGateway(Gateway));
        Assert.False(Tags.IsGateway(SerfTestHost.Meta(("tg", "0"))));
        Assert.False(Tags.IsGateway(default));
        Assert.False(Tags.IsGateway(Raw("ff c1")));
    }

    [Fact]
    public void Members_that_are_down_do_not_count_in_the_digest_because_later_ones_never_knew_them()
    {
        _host.Up("c", 6, Gateway);
        PublishedRecord other = new("c", 5, 5, Raw("01"));
        _host.Layer.UserMessageReceived([200, .. RegistryBytes.Of(other)]);
        Assert.Equal(Digest(other.Hash()), _registry.AckPayload());
        _host.Down("c");
        Assert.Equal(Digest(0), _registry.AckPayload());
        PublishedRecord newer = other with { Version = 6 };
        _host.Layer.UserMessageReceived([200, .. RegistryBytes.Of(newer)]);
        Assert.Equal(Digest(0), _registry.AckPayload());
        _host.Up("c", 6, Gateway);
        Assert.Equal(Digest(newer.Hash()), _registry.AckPayload());
        _host.Down("c");
        _host.Drop("c");
        Assert.Equal(Digest(0), _registry.AckPayload());
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
        _registry.Publish(RawBytes.CopyOf(new byte[5_000]));
        _host.Pass(100);
        Assert.Empty(_host.Sends);
        _host.Up("b", 2, Gateway);
        _host.Pass(100);
        Assert.Equal([SerfTestHost.Address(2)], _host.Sends.Select(send => send.To));
    }

    private static RawBytes Digest(ulong sum)
    {
        byte[] payload = [0x54, 0, 0, 0, 0, 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt64BigEndian(payload.AsSpan(1), sum);
        return RawBytes.CopyOf(payload);
    }

    private static List<PublishedRecord> Read(byte[] message)
    {
        Assert.True(RecordList.TryRead(message.AsSpan(1), out List<PublishedRecord> records));
        return records;
    }
}
