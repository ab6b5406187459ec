using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Tests.Protocol;

public sealed class BroadcastQueueTests
{
    private readonly BroadcastQueue _queue = new(capacity: 4);
    private readonly List<BroadcastEnd> _ends = [];

    [Fact]
    public void The_least_often_sent_goes_first()
    {
        _queue.Add("old", [1, 1, 1], null);
        Assert.Equal([1, 1, 1], Assert.Single(Fill()));
        _queue.Add("new", [2], null);
        Assert.Equal([[2], [1, 1, 1]], Fill());
    }

    [Fact]
    public void Of_those_sent_equally_often_the_largest_that_fits_and_then_the_newest_goes_first()
    {
        _queue.Add("a", [1], null);
        _queue.Add("b", [2, 2, 2], null);
        _queue.Add("c", [3], null);
        _queue.Add("d", new byte[50], null);
        Assert.Equal([[2, 2, 2], [3], [1]], Fill(room: 20));
    }

    [Fact]
    public void Each_message_takes_two_bytes_more_than_its_length()
    {
        _queue.Add("a", [1, 1, 1], null);
        Assert.Empty(Fill(room: 4));
        Assert.Single(Fill(room: 5));
    }

    [Fact]
    public void A_message_is_sent_as_often_as_the_limit_says_and_then_told_about()
    {
        _queue.Add("a", [1], _ends.Add);
        Assert.Single(Fill(limit: 2));
        Assert.Empty(_ends);
        Assert.Single(Fill(limit: 2));
        Assert.Equal([BroadcastEnd.Sent], _ends);
        Assert.Empty(Fill(limit: 2));
        Assert.Equal(0, _queue.Count);
    }

    [Fact]
    public void A_newer_message_about_the_same_replaces_the_older()
    {
        _queue.Add("a", [1], _ends.Add);
        _queue.Add("a", [2], null);
        Assert.Equal([BroadcastEnd.Replaced], _ends);
        Assert.Equal([2], Assert.Single(Fill()));
    }

    [Fact]
    public void A_full_queue_drops_the_message_that_was_sent_most_often()
    {
        _queue.Add("a", [1], _ends.Add);
        Fill();
        foreach (byte i in new byte[] { 2, 3, 4 })
        {
            Assert.Equal(0, _queue.Add(null, [i], null));
        }

        Assert.Equal(1, _queue.Add(null, [5], null));
        Assert.Equal([BroadcastEnd.Dropped], _ends);
        Assert.Equal(4, _queue.Count);
    }

    [Fact]
    public void News_are_sent_more_often_than_the_rest()
    {
        _queue.Add("suspicion", [1], null);
        _queue.Add("death", [2], _ends.Add, extra: 3);
        int[] sent = new int[3];
        for (int i = 0; i < 10; i++)
        {
            Fill(limit: 4).ForEach(message => sent[message[0]]++);
        }

        Assert.Equal([0, 4, 7], sent);
        Assert.Equal([BroadcastEnd.Sent], _ends);
    }

    [Fact]
    public void A_packet_has_no_more_parts_than_a_compound_can_count()
    {
        BroadcastQueue queue = new(capacity: 1_000);
        for (int i = 0; i < 300; i++)
        {
            queue.Add(null, [1], null);
        }

        List<byte[]> packet = [];
        queue.Fill(packet, GossipQueue.Parts, 60_000, 4);
        Assert.Equal(255, packet.Count);
    }

    [Fact]
    public void Membership_goes_before_what_users_say_however_large_that_is()
    {
        GossipQueue queue = new(capacity: 10);
        queue[BroadcastTier.SerfEvent].Add(null, new byte[100], null);
        queue[BroadcastTier.SerfIntent].Add(null, [2, 2], null);
        queue[BroadcastTier.Membership].Add("a", [1], null);
        List<byte[]> packet = [];
        MemberRecord agent = Record(ProtocolOptions.SerfVersions, gateway: false);
        queue.Fill(packet, agent, 1_000, 4);
        Assert.Equal([1, 2, 100], packet.Select(message => message.Length));
    }

    [Fact]
    public void Serf_messages_go_to_those_that_speak_Serf_and_records_to_gateways()
    {
        GossipQueue queue = new(capacity: 10);
        queue[BroadcastTier.SerfEvent].Add(null, [1], null);
        queue[BroadcastTier.Registry].Add(null, [2], null);
        Assert.Empty(Filled(queue, Record(ProtocolOptions.PlainVersions, gateway: false)));
        Assert.Empty(Filled(queue, null));
        Assert.Equal([[1]], Filled(queue, Record(ProtocolOptions.SerfVersions, gateway: false)));
        Assert.Equal([[1], [2]], Filled(queue, Record(ProtocolOptions.SerfVersions, gateway: true)));
    }

    private static List<byte[]> Filled(GossipQueue queue, MemberRecord? to)
    {
        List<byte[]> packet = [];
        queue.Fill(packet, to, 1_000, 100);
        return packet;
    }

    private static MemberRecord Record(Tidegate.Membership.Wire.RawBytes versions, bool gateway)
    {
        MemberRecord record = new("x", isSelf: false);
        record.Describe(Script.At(9), default, versions, 1, gateway);
        return record;
    }

    private List<byte[]> Fill(int room = 1_000, int limit = 8)
    {
        List<byte[]> packet = [];
        _queue.Fill(packet, GossipQueue.Parts, room, limit);
        return packet;
    }
}
