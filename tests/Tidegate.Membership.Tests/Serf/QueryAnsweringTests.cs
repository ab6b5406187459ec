using System.Net;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Queries of others.</summary>
public sealed class QueryAnsweringTests
{
    private static readonly QueryMessage Query = new()
    {
        Time = 5,
        Id = 77,
        Asker = SerfTestHost.Address(2),
        SourceNode = "b",
        TimeoutNanoseconds = 2_000_000_000,
        Name = "load",
        Payload = Raw("01"),
    };

    private readonly SerfTestHost _host = new();

    public QueryAnsweringTests()
    {
        _host.Up("self", 1, SerfTestHost.Meta(("role", "gateway")));
        _host.Up("b", 2);
    }

    [Fact]
    public void A_query_is_delivered_and_passed_on_once()
    {
        _host.Receive(Query);
        _host.Receive(Query);
        IncomingQuery query = Assert.Single(_host.Queries);
        Assert.Equal(("load", Raw("01"), "b", _host.Now + 2_000), (query.Name, query.Payload, query.SourceNode, query.Deadline));
        Assert.Equal(SerfTier.Queries, _host.Broadcasts[0].Tier);
        Assert.Equal([Query.ToBytes()], _host.Broadcasts.Select(broadcast => broadcast.Message));
        _host.Receive(Query with { Id = 78 });
        _host.Receive(Query with { Time = 6 });
        Assert.Equal(3, _host.Queries.Count);
    }

    [Fact]
    public void The_clock_of_queries_is_witnessed()
    {
        _host.Receive(Query with { Time = 40 });
        _host.Broadcasts.Clear();
        _host.Layer.Ask(new QueryRequest("q", default), new TestObserver());
        Assert.Equal(41UL, Assert.Single(_host.TakeBroadcasts<QueryMessage>()).Time);
    }

    [Fact]
    public void A_query_of_before_one_joined_is_not_taken_and_is_counted()
    {
        byte[] state = new SerfState { Time = 10, QueryTime = 6, StatusTimes = new Dictionary<string, ulong>() }.ToBytes();
        Assert.True(_host.Layer.MergeState(state, joining: true));
        _host.Receive(Query);
        Assert.Empty(_host.Queries);
        Assert.Equal(1, _host.Layer.Counters.TooOld);
        _host.Receive(Query with { Time = 6 });
        Assert.Single(_host.Queries);
    }

    [Fact]
    public void A_query_older_than_the_ring_is_dropped()
    {
        _host.Receive(Query with { Time = 1_000 });
        _host.Receive(Query with { Time = 1_001 - 512 });
        _host.Receive(Query with { Time = 1_001 - 513 });
        Assert.Equal(2, _host.Queries.Count);
        Assert.Equal(1, _host.Layer.Counters.TooOld);
    }

    [Fact]
    public void A_query_that_is_not_to_be_passed_on_is_not()
    {
        _host.Receive(Query with { Flags = 2 });
        Assert.Single(_host.Queries);
        Assert.Empty(_host.Broadcasts);
    }

    [Theory]
    [InlineData("self", "^gate", true)]
    [InlineData("other", "^gate", false)]
    [InlineData("self", "^web", false)]
    public void All_filters_must_match_and_the_query_is_passed_on_all_the_same(string name, string expression, bool meant)
    {
        _host.Receive(Query with { Flags = 1, Filters = [QueryFilter.ForNodes([name]), QueryFilter.ForTag("role", expression)] });
        Assert.Equal(meant ? 1 : 0, _host.Queries.Count);
        Assert.Equal(meant ? 1 : 0, _host.Sends.Count);
        Assert.Single(_host.Broadcasts);
    }

    [Theory]
    [InlineData("load")]
    [InlineData("_serf_ping")]
    [InlineData("_serf_of_the_future")]
    public void An_ack_that_is_wanted_is_sent_at_once_for_every_name(string name)
    {
        _host.Receive(Query with { Flags = 1, Name = name });
        (MemberAddress to, QueryAnswerMessage ack) = Assert.Single(_host.TakeSends<QueryAnswerMessage>());
        Assert.Equal(SerfTestHost.Address(2), to);
        Assert.Equal(new QueryAnswerMessage(5, 77, "self", 1, default), ack);
    }

    [Fact]
    public void Reachability_wants_an_ack_and_no_answer()
    {
        _host.Receive(Query with { Flags = 1, Name = "_serf_ping", Payload = default });
        Assert.Single(_host.Sends);
        Assert.Empty(_host.Queries);
    }

    [Fact]
    public void An_answer_goes_straight_to_the_asker_and_only_once()
    {
        _host.Receive(Query);
        Assert.Equal(AnswerResult.Sent, _host.Queries[0].Answer(Raw("02")));
        Assert.Equal(AnswerResult.AlreadyAnswered, _host.Queries[0].Answer(Raw("03")));
        Assert.Equal([(SerfTestHost.Address(2), new QueryAnswerMessage(5, 77, "self", 0, Raw("02")))], _host.TakeSends<QueryAnswerMessage>());
    }

    [Fact]
    public void An_answer_after_the_time_of_the_query_is_not_sent()
    {
        _host.Receive(Query);
        _host.Now += 2_000;
        Assert.Equal(AnswerResult.TooLate, _host.Queries[0].Answer(Raw("02")));
        Assert.Empty(_host.Sends);
    }

    [Fact]
    public void An_answer_of_more_than_1024_bytes_is_not_sent_and_a_shorter_one_may_follow()
    {
        _host.Receive(Query);
        int head = new QueryAnswerMessage(5, 77, "self", 0, RawBytes.CopyOf(new byte[900])).ToBytes().Length - 900;
        Assert.Equal(AnswerResult.TooLong, _host.Queries[0].Answer(RawBytes.CopyOf(new byte[1_024 - head + 1])));
        Assert.Equal(AnswerResult.Sent, _host.Queries[0].Answer(RawBytes.CopyOf(new byte[1_024 - head])));
        Assert.Equal(1_024, Assert.Single(_host.Sends).Message.Length);
    }

    [Fact]
    public void Answers_are_relayed_by_as_many_live_members_as_the_query_says()
    {
        _host.Up("c", 3);
        _host.Up("d", 4);
        _host.Up("old", 5, versions: Raw("010402020505"));
        _host.Up("down", 6);
        _host.Down("down");
        _host.Receive(Query with { Flags = 1, RelayFactor = 2 });
        Assert.Equal(SerfTestHost.Address(2), _host.Sends[0].To);
        Assert.Equal([SerfTestHost.Address(3), SerfTestHost.Address(4)], _host.Sends[1..].Select(send => send.To).OrderBy(to => to.ToString()));
        byte[] ack = _host.Sends[0].Message;
        byte[] head = new RelayMessage(SerfTestHost.Address(2), "b").ToBytes();
        Assert.All(_host.Sends[1..], send => Assert.Equal([.. head, .. ack], send.Message));
    }

    [Fact]
    public void In_too_small_a_cluster_nothing_is_relayed()
    {
        _host.Up("c", 3);
        _host.Receive(Query with { Flags = 1, RelayFactor = 3 });
        Assert.Single(_host.Sends);
        _host.Up("d", 4);
        _host.Receive(Query with { Id = 78, Flags = 1, RelayFactor = 3 });
        Assert.Equal(4, _host.Sends.Count);
    }

    [Fact]
    public void What_is_to_be_relayed_goes_to_its_destination_unread()
    {
        byte[] inner = Bytes("05 c1 'anything'");
        _host.Layer.UserMessageReceived([.. new RelayMessage(SerfTestHost.Address(2), "b").ToBytes(), .. inner]);
        (MemberAddress to, byte[] message, bool stream) = Assert.Single(_host.Sends);
        Assert.Equal(SerfTestHost.Address(2), to);
        Assert.Equal(inner, message);
        Assert.False(stream);
    }

    [Fact]
    public void A_relay_takes_the_destination_in_either_form_and_by_address_alone()
    {
        MemberAddress mapped = MemberAddress.From(Raw("00000000000000000000ffff 0a000002"), 7946);
        _host.Layer.UserMessageReceived([.. new RelayMessage(mapped, "").ToBytes(), 5]);
        Assert.Equal(mapped, Assert.Single(_host.Sends).To);
    }

    [Fact]
    public void Nothing_is_relayed_to_where_no_member_is()
    {
        MemberAddress stranger = MemberAddress.From(new IPEndPoint(IPAddress.Parse("192.0.2.1"), 53));
        _host.Layer.UserMessageReceived([.. new RelayMessage(stranger, "b").ToBytes(), 5]);
        _host.Layer.UserMessageReceived([.. new RelayMessage(default, "").ToBytes(), 5]);
        Assert.Empty(_host.Sends);
        Assert.Equal(2, _host.Layer.Counters.RelaysRefused);
        _host.Layer.UserMessageReceived(new RelayMessage(SerfTestHost.Address(2), "b").ToBytes());
        Assert.Empty(_host.Sends);
        Assert.Equal(1, _host.Layer.Counters.Unreadable);
    }

    [Theory]
    [InlineData("", 7946)]
    [InlineData("0a000002", 0)]
    [InlineData("00000000", 7946)]
    [InlineData("e0000001", 7946)]
    [InlineData("ffffffff", 7946)]
    [InlineData("ff020000000000000000000000000001", 7946)]
    [InlineData("00000000000000000000ffffe0000001", 7946)]
    [InlineData("00000000000000000000000000000000", 7946)]
    public void A_query_that_wants_answers_where_no_one_host_is_gets_none(string address, int port)
    {
        _host.Receive(Query with { Flags = 1, Asker = MemberAddress.From(Raw(address), (ushort)port) });
        Assert.Empty(_host.Sends);
        Assert.Empty(_host.Queries);
        Assert.Single(_host.Broadcasts);
    }

    [Fact]
    public void Times_that_nobody_means_do_no_harm()
    {
        _host.Receive(Query with { Id = 1, TimeoutNanoseconds = long.MinValue });
        Assert.Equal(AnswerResult.TooLate, _host.Queries[0].Answer(default));
        _host.Receive(Query with { Id = 2, TimeoutNanoseconds = long.MaxValue });
        Assert.Equal(_host.Now + 3_600_000, _host.Queries[1].Deadline);
    }

    [Fact]
    public void Queries_of_one_time_are_bounded()
    {
        for (uint id = 0; id < 1_000; id++)
        {
            _host.Receive(Query with { Id = id });
        }

        Assert.Equal(SerfLimits.QueriesOfOneTime, _host.Queries.Count);
    }
}
