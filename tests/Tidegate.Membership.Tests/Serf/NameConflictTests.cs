using System.Text;
using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Who may keep a name that two addresses claim.</summary>
public sealed class NameConflictTests
{
    private readonly SerfTestHost _host = new();

    public NameConflictTests()
    {
        _host.Up("self", 1);
        _host.Up("b", 2);
        _host.Up("c", 3);
        _host.Up("d", 4);
    }

    [Theory]
    [InlineData(new[] { 1, 1, 1 }, true)]
    [InlineData(new[] { 1, 1, 9 }, true)]
    [InlineData(new[] { 1, 1, 0 }, true)]
    [InlineData(new[] { 1, 9, 9 }, false)]
    [InlineData(new[] { 1, 0, 0 }, false)]
    [InlineData(new[] { 1, 9 }, false)]
    [InlineData(new[] { 1 }, true)]
    [InlineData(new[] { 9 }, false)]
    [InlineData(new int[0], false)]
    public void A_majority_of_the_answers_decides_and_no_answer_is_lost(int[] addresses, bool stays)
    {
        _host.Layer.NameClaimed(SerfTestHost.Address(9));
        QueryMessage query = Assert.Single(_host.TakeBroadcasts<QueryMessage>());
        Assert.Equal(("_serf_conflict", Raw("'self'")), (query.Name, query.Payload));
        for (int i = 0; i < addresses.Length; i++)
        {
            Vote(query, ((string[])["b", "c", "d"])[i], addresses[i] == 0
                ? ConflictAnswerMessage.Unknown
                : new ConflictAnswerMessage { Known = true, Name = "self", Address = SerfTestHost.Address(addresses[i]), Status = SerfStatus.Alive });
        }

        // When all others have answered nobody waits for more; otherwise the time has to pass.
        bool all = addresses.Length == 3;
        Assert.Equal(all && !stays, _host.Stopped is not null);
        Assert.Equal(all && stays ? 1 : 0, _host.Warnings.Count);
        _host.Pass(3_200);
        Assert.Equal(stays, _host.Stopped is null);
        Assert.Equal(stays ? 1 : 0, _host.Warnings.Count);
    }

    [Fact]
    public void Losing_says_which_name_who_has_it_and_what_to_do()
    {
        _host.Layer.NameClaimed(SerfTestHost.Address(9));
        _host.Pass(3_200);
        Assert.Equal(
            "The name self is taken: 10.0.0.9:7946 has it, and of 0 members that answered 0 know it at our address, 10.0.0.1:7946. Give this member another name.",
            _host.Stopped);
    }

    [Fact]
    public void An_address_in_16_bytes_is_the_same_place()
    {
        _host.Layer.NameClaimed(SerfTestHost.Address(9));
        QueryMessage query = Assert.Single(_host.TakeBroadcasts<QueryMessage>());
        MemberAddress mapped = MemberAddress.From(Raw("00000000000000000000ffff 0a000001"), 7946);
        Vote(query, "b", new ConflictAnswerMessage { Known = true, Name = "self", Address = mapped });
        _host.Pass(3_200);
        Assert.Null(_host.Stopped);
    }

    [Fact]
    public void Answers_that_cannot_be_read_are_no_votes()
    {
        _host.Layer.NameClaimed(SerfTestHost.Address(9));
        QueryMessage query = Assert.Single(_host.TakeBroadcasts<QueryMessage>());
        Vote(query, "b", new ConflictAnswerMessage { Known = true, Name = "self", Address = SerfTestHost.Address(1) });
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "c", 0, Raw("06 93")));
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, "d", 0, Raw("07 80")));
        _host.Pass(3_200);
        Assert.Null(_host.Stopped);
    }

    [Fact]
    public void While_a_vote_is_held_a_further_claim_asks_nothing()
    {
        _host.Layer.NameClaimed(SerfTestHost.Address(9));
        _host.Layer.NameClaimed(SerfTestHost.Address(8));
        Assert.Single(_host.Broadcasts);
        _host.Pass(3_200);
        _host.Layer.NameClaimed(SerfTestHost.Address(8));
        Assert.Equal(2, _host.Broadcasts.Count);
    }

    [Fact]
    public void Who_leaves_does_not_fight_for_the_name()
    {
        _host.Layer.Leave(_ => { });
        _host.Broadcasts.Clear();
        _host.Layer.NameClaimed(SerfTestHost.Address(9));
        Assert.Empty(_host.Broadcasts);
    }

    [Fact]
    public void Others_are_told_the_member_as_it_is_known_here()
    {
        _host.Up("e", 5, SerfTestHost.Meta(("role", "web")), Raw("010502020504"));
        _host.Down("e");
        ConflictAnswerMessage? answer = AskAbout("e");
        Assert.True(answer?.Known);
        Assert.Equal(("e", SerfTestHost.Address(5), SerfStatus.Failed), (answer!.Name, answer.Address, answer.Status));
        Assert.Equal(Raw("010502020504"), answer.Versions);
        Assert.Equal([KeyValuePair.Create("role", "web")], answer.Tags);
    }

    [Fact]
    public void About_a_name_that_is_not_known_the_answer_is_nil()
    {
        Assert.False(AskAbout("nobody")?.Known);
        Assert.False(AskAbout("\ufffd")?.Known);
    }

    [Fact]
    public void Whoever_bears_the_name_does_not_answer() => Assert.Null(AskAbout("self"));

    private ConflictAnswerMessage? AskAbout(string name)
    {
        _host.Receive(new QueryMessage
        {
            Time = 5,
            Id = (uint)_host.Random.Next(),
            Asker = SerfTestHost.Address(2),
            SourceNode = "b",
            TimeoutNanoseconds = 1_000_000_000,
            Name = "_serf_conflict",
            Payload = RawBytes.CopyOf(Encoding.UTF8.GetBytes(name)),
        });
        List<(MemberAddress To, QueryAnswerMessage Message)> sends = _host.TakeSends<QueryAnswerMessage>();
        if (sends.Count == 0)
        {
            return null;
        }

        Assert.True(SerfFields.TryRead(Assert.Single(sends).Message.Payload.Span, out ConflictAnswerMessage answer));
        return answer;
    }

    private void Vote(QueryMessage query, string from, ConflictAnswerMessage answer) =>
        _host.Receive(new QueryAnswerMessage(query.Time, query.Id, from, 0, RawBytes.CopyOf(answer.ToBytes())));
}
