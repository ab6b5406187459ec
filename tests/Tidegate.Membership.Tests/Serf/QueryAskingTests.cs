using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Queries of one's own.</summary>
public sealed class QueryAskingTests
{
    private readonly SerfTestHost _host = new();
    private readonly TestObserver _observer = new();

    public QueryAskingTests()
    {
        _host.Up("self", 1);
        _host.Up("b", 2);
    }

    [Fact]
    public void A_query_says_who_asks_where_and_for_how_long()
    {
        OwnQuery query = _host.Layer.Ask(
            new QueryRequest("load", Raw("01")) { WantsAcks = true, RelayFactor = 3, Filters = [QueryFilter.ForNodes(["b"])] }, _observer);
        Assert.Equal(SerfTier.Queries, Assert.Single(_host.Broadcasts).Tier);
        QueryMessage message = Assert.Single(_host.TakeBroadcasts<QueryMessage>());
        Assert.Equal((1UL, query.Id, SerfTestHost.Address(1), "self"), (message.Time, message.Id, message.Asker, message.SourceNode));
        Assert.Equal(("load", Raw("01"), 1u, (byte)3), (message.Name, message.Payload, message.Flags, message.RelayFactor));
        Assert.Equal([QueryFilter.ForNodes(["b"])], message.Filters!);
        Assert.Equal(3_200_000_000, message.TimeoutNanoseconds);
        Assert.Equal(_host.Now + 3_200, query.Deadline);
        Assert.Equal(2, query.Members);
        _host.Layer.Ask(new QueryRequest("load", default), _observer);
        Assert.Equal(2UL, Assert.Single(_host.TakeBroadcasts<QueryMessage>()).Time);
    }

    [Theory]
    [InlineData(1, 3.2)]
    [InlineData(9, 3.2)]
    [InlineData(10, 6.4)]
    [InlineData(99, 6.4)]
    [InlineData(100, 9.6)]
    public void The_time_to_wait_grows_with_the_digits_of_the_members_that_are_up(int live, double seconds)
    {
        SerfTestHost host = new();
        host.Up("self", 1);
        for (int i = 1; i < live; i++)
        {
            host.Up($"m{i}", i + 1);
        }

        host.Up("down", 5_000);
        host.Down("down");
        Assert.Equal(TimeSpan.FromSeconds(seconds), host.Layer.DefaultTimeout);
    }

    [Fact]
    public void One_is_asked_oneself_without_the_network()
    {
        _host.OnQuery = query => Assert.Equal(AnswerResult.Sent, query.Answer(Raw("'me'")));
        _host.Layer.Ask(new QueryRequest("who", default) { WantsAcks = true, RelayFactor = 1 }, _observer);
        Assert.Equal(["self"], _observer.Acks);
        Assert.Equal([("self", Raw("'me'"))], _observer.Answers);
        Assert.Empty(_host.Sends);
    }

    [Fact]
    public void The_first_ack_and_the_first_answer_of_each_member_count()
    {
        OwnQuery query = _host.Layer.Ask(new QueryRequest("who", default) { WantsAcks = true }, _observer);
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "b", 1, default));
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "b", 1, default));
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "b", 0, Raw("01")));
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "b", 0, Raw("02")));
        Assert.Equal(["self", "b"], _observer.Acks);
        Assert.Equal([("b", Raw("01"))], _observer.Answers);
    }

    [Fact]
    public void Answers_to_other_queries_and_of_strangers_are_counted_and_dropped()
    {
        OwnQuery query = _host.Layer.Ask(new QueryRequest("who", default), _observer);
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id + 1, "b", 0, default));
        _host.Receive(new QueryAnswerMessage(query.Time + 1, query.Id, "b", 0, default));
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "stranger", 0, default));
        Assert.Empty(_observer.Answers);
        Assert.Equal(3, _host.Layer.Counters.UnexpectedAnswers);
    }

    [Fact]
    public void After_its_time_a_query_is_over()
    {
        OwnQuery query = _host.Layer.Ask(new QueryRequest("who", default) { Timeout = TimeSpan.FromSeconds(1) }, _observer);
        _host.Pass(999);
        Assert.Equal(0, _observer.Finishes);
        _host.Now++;
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "b", 0, default));
        Assert.Empty(_observer.Answers);
        _host.Pass(0);
        _host.Pass(1_000);
        Assert.Equal(1, _observer.Finishes);
    }

    [Fact]
    public void A_query_that_is_closed_takes_nothing_more()
    {
        OwnQuery query = _host.Layer.Ask(new QueryRequest("who", default), _observer);
        query.Close();
        query.Close();
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "b", 0, default));
        Assert.Empty(_observer.Answers);
        Assert.Equal(1, _observer.Finishes);
    }

    [Fact]
    public void A_query_of_more_than_1024_bytes_is_refused()
    {
        _host.Layer.Ask(new QueryRequest("q", RawBytes.CopyOf(new byte[850])), _observer);
        int most = 850 + 1_024 - _host.Broadcasts[0].Message.Length;
        _host.Broadcasts.Clear();
        for (int attempt = 0; _host.Broadcasts.Count == 0; attempt++)
        {
            // The number of a query is random, and takes 1 to 5 bytes.
            _host.Layer.Ask(new QueryRequest("q", RawBytes.CopyOf(new byte[most - 4])), _observer);
        }

        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => _host.Layer.Ask(new QueryRequest("q", RawBytes.CopyOf(new byte[most + 5])), _observer));
        Assert.Contains("may take 1024", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(3_601)]
    public void A_time_that_makes_no_sense_is_refused(int seconds) => Assert.Throws<ArgumentException>(
        () => _host.Layer.Ask(new QueryRequest("q", default) { Timeout = TimeSpan.FromSeconds(seconds) }, _observer));

    [Fact]
    public void Queries_that_wait_are_bounded()
    {
        for (int i = 0; i < SerfLimits.OwnQueries; i++)
        {
            _host.Layer.Ask(new QueryRequest("q", default), _observer);
        }

        Assert.Throws<InvalidOperationException>(() => _host.Layer.Ask(new QueryRequest("q", default), _observer));
        _host.Layer.NameClaimed(SerfTestHost.Address(9));
        _host.Pass(3_200);
        Assert.Equal(SerfLimits.OwnQueries, _observer.Finishes);
        _host.Layer.Ask(new QueryRequest("q", default), _observer);
    }

    [Fact]
    public void Who_is_no_member_yet_cannot_ask() => Assert.Throws<InvalidOperationException>(
        () => new SerfTestHost().Layer.Ask(new QueryRequest("q", default), _observer));
}
