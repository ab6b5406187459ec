using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>Who is only heard of is asked before it is believed to be there.</summary>
public sealed class IntroductionTests
{
    [Fact]
    public void Who_is_heard_of_and_answers_is_up_and_passed_on()
    {
        Script script = New();
        script.Answering.Add(At(2));
        script.Receive(Alive("a", 2, incarnation: 5));
        Assert.Empty(script.Host.Changes);
        Assert.Null(script["a"]);
        script.Run(1);
        Assert.Equal([("a", MemberChange.Up)], script.Host.Changes);
        script.Run(200);
        Assert.Contains(script.Sent<AliveMessage>(), sent => sent.Message.Node == "a");
        Assert.Equal(0, script.Core.OpenIntroductions);
    }

    [Fact]
    public void Who_does_not_answer_is_pinged_three_times_and_never_was()
    {
        Script script = New();
        script.Receive(Alive("a", 2));
        script.Receive(Alive("a", 2));
        script.Run(1_000);
        Assert.Empty(script.Host.Changes);
        Assert.Null(script["a"]);
        Assert.Equal([At(2), At(2), At(2)], script.Sent<PingMessage>().Select(sent => sent.To));
        Assert.All(script.Sent<PingMessage>(), sent => Assert.Equal("a", sent.Message.Node));
        Assert.DoesNotContain(script.Sent<AliveMessage>(), sent => sent.Message.Node == "a");
        Assert.Equal(1, script.Core.Counters.Unmet);
        Assert.Equal(0, script.Core.OpenIntroductions);
    }

    [Fact]
    public void Without_introductions_it_would_be_up_and_then_down()
    {
        Script script = New(Additions.Introduction);
        script.Receive(Alive("a", 2));
        script.Until(() => script.IsDown("a"));
        Assert.Contains(("a", MemberChange.Up), script.Host.Changes);
    }

    [Fact]
    public void What_the_asked_state_says_is_believed_at_once_and_what_comes_unasked_is_tried()
    {
        Script script = New(seeds: [At(2)]);
        script.Run(1);
        script.Core.OnPushPullAnswer(script.Now, script.Host.PushPulls[0].Exchange, State(join: true, Entry("a", 2), Entry("b", 3)));
        Assert.Equal([("a", MemberChange.Up), ("b", MemberChange.Up)], script.Host.Changes);
        script.Core.OnPushPullRequest(script.Now, At(9), State(join: false, Entry("x", 9)));
        Assert.Null(script["x"]);
        Assert.Equal(1, script.Core.OpenIntroductions);
    }

    [Fact]
    public void The_state_of_a_stranger_who_pinged_is_tried_too()
    {
        Script script = New();
        script.Receive(new PingMessage(1, "me", MessageSource.None), from: 9);
        script.Core.OnPushPullAnswer(script.Now, script.Host.PushPulls[0].Exchange, State(join: false, Entry("x", 9)));
        Assert.Null(script["x"]);
        Assert.Contains(script.Sent<PingMessage>(), sent => sent.To == At(9) && sent.Message.Node == "x");
    }

    [Fact]
    public void Whom_only_others_reach_is_found_in_the_state_of_one_of_them()
    {
        Script script = New(seeds: [At(2)]);
        script.Answering.Add(At(2));
        script.Run(1);
        script.Core.OnPushPullAnswer(script.Now, script.Host.PushPulls[0].Exchange, State(join: true, Entry("a", 2)));
        script.Run(3_000);
        int before = script.Host.PushPulls.Count;
        script.Receive(Alive("b", 3), from: 2);
        script.Run(250);
        (int exchange, MemberAddress to, bool join) = script.Host.PushPulls.Skip(before).Single();
        Assert.Equal((At(2), false), (to, join));
        script.Core.OnPushPullAnswer(script.Now, exchange, State(join: false, Entry("a", 2), Entry("b", 3)));
        Assert.Contains(("b", MemberChange.Up), script.Host.Changes);
    }

    [Fact]
    public void The_own_name_elsewhere_is_a_conflict_only_where_somebody_answers_to_it()
    {
        Script script = New();
        script.Receive(Alive("me", 7, 2_000));
        script.Run(1_000);
        Assert.Empty(script.Host.Conflicts);

        script.Answering.Add(At(7));
        script.Receive(Alive("me", 7, 2_000));
        script.Run(1);
        Assert.Equal([("me", At(7))], script.Host.Conflicts);
    }

    [Fact]
    public void A_member_that_left_does_not_move_to_where_nobody_answers()
    {
        Script script = New(seeds: [At(2)]);
        script.Run(1);
        script.Core.OnPushPullAnswer(script.Now, script.Host.PushPulls[0].Exchange, State(join: true, Entry("a", 2, incarnation: 5)));
        script.Receive(new DeadMessage(5, "a", "a"));
        script.Receive(Alive("a", 3, incarnation: 6));
        script.Run(1_000);
        Assert.Equal((MemberStatus.Left, At(2)), (script["a"].Status, script["a"].Address));

        script.Answering.Add(At(3));
        script.Receive(Alive("a", 3, incarnation: 6));
        script.Run(1);
        Assert.Equal((MemberStatus.Alive, At(3)), (script["a"].Status, script["a"].Address));
    }

    [Fact]
    public void A_known_member_needs_no_introduction_at_its_address()
    {
        Script script = New(seeds: [At(2)]);
        script.Run(1);
        script.Core.OnPushPullAnswer(script.Now, script.Host.PushPulls[0].Exchange, State(join: true, Entry("a", 2)));
        script.Receive(Alive("a", 2, incarnation: 2));
        Assert.Equal(2u, script["a"].Incarnation);
    }

    [Fact]
    public void Recorded_answers_to_an_earlier_process_answer_nothing()
    {
        Script script = New();
        script.Receive(Alive("a", 2));
        for (uint seqNo = 0; seqNo < 10_000; seqNo++)
        {
            script.Receive(new AckMessage(seqNo, RawBytes.Nil), from: 2);
        }

        Assert.Null(script["a"]);
    }

    [Fact]
    public void A_hundred_thousand_made_up_members_are_tried_so_many_at_a_time()
    {
        Script script = New();
        for (int i = 0; i < 100_000; i++)
        {
            script.Receive(Alive($"fake-{i}", 2));
        }

        Assert.Equal(1_024, script.Core.OpenIntroductions);
        Assert.Equal(100_000 - 1_024, script.Core.Counters.IntroductionsBeyondBound);
        script.Run(1_000);
        Assert.Equal(0, script.Core.OpenIntroductions);
        Assert.Equal(1, script.Core.Members.Count);
    }

    [Fact]
    public void What_users_said_is_taken_only_where_somebody_is_there_to_have_said_it()
    {
        Script script = New(seeds: [At(2)]);
        byte[] message = [(byte)MessageType.User, 3, 0x80];
        script.Core.OnMessage(script.Now, At(2), message);
        Assert.Empty(script.Host.UserMessages);
        Assert.Equal(1, script.Core.Counters.Replays);
        script.Run(1);
        script.Core.OnPushPullAnswer(script.Now, script.Host.PushPulls[0].Exchange, State(join: true, Entry("a", 2)));
        script.Core.OnMessage(script.Now, At(2), message);
        Assert.Single(script.Host.UserMessages);
    }

    [Fact]
    public void What_users_said_is_not_taken_before_a_state_says_how_old_it_is()
    {
        Script script = New();
        script.Receive(Alive("a", 2), from: 2);
        PingMessage asked = script.Sent<PingMessage>().Single(sent => sent.To == At(2)).Message;
        script.Receive(new AckMessage(asked.SeqNo, RawBytes.Nil), from: 2);
        Assert.Equal(2, script.Core.Members.Live);

        byte[] message = [(byte)MessageType.User, 3, 0x80];
        script.Core.OnMessage(script.Now, At(2), message);
        Assert.Empty(script.Host.UserMessages);

        script.Core.OnPushPullRequest(script.Now, At(2), State(join: false, Entry("a", 2)));
        script.Core.OnMessage(script.Now, At(2), message);
        Assert.Single(script.Host.UserMessages);
    }

    private static Script New(Additions without = Additions.None, params MemberAddress[] seeds) =>
        new(change: options => options with { Additions = Additions.All & ~without }, seeds: seeds);
}
