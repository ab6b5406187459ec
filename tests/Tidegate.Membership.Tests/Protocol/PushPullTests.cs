using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

public sealed class PushPullTests
{
    [Fact]
    public void The_state_names_oneself_first_and_everyone_with_what_they_are_taken_for()
    {
        Script script = new Script(Additions.Verify).With(4);
        script.Receive(new SuspectMessage(1, "a", "x"));
        script.Receive(new DeadMessage(1, "b", "x"));
        script.Receive(new DeadMessage(1, "c", "c"));
        ClusterState state = script.Core.LocalState(join: true);
        Assert.Equal("me", state.Entries[0].Name);
        Assert.True(state.Join);
        Assert.Equal(
            [MemberStatus.Alive, MemberStatus.Suspect, MemberStatus.Dead, MemberStatus.Left, MemberStatus.Alive],
            state.Entries.Select(entry => entry.Status));
        Assert.Equal([42], state.UserState.ToArray());
    }

    [Fact]
    public void The_answer_contains_what_the_request_brought()
    {
        PushPullAnswer answer = AnswerToNewcomer(Additions.None);
        Assert.Contains(answer.State!.Entries, entry => entry.Name == "a");
        Assert.True(answer.State.Join);
    }

    [Fact]
    public void Without_merging_first_it_would_not() =>
        Assert.DoesNotContain(AnswerToNewcomer(Additions.MergeFirst).State!.Entries, entry => entry.Name == "a");

    private static PushPullAnswer AnswerToNewcomer(Additions without) =>
        new Script(without).Core.OnPushPullRequest(0, At(2), State(join: true, Entry("a", 2)));

    [Fact]
    public void Whoever_is_called_dead_in_a_request_answers_with_a_higher_incarnation()
    {
        Script script = new Script().With(1);
        PushPullAnswer answer = script.Core.OnPushPullRequest(0, At(2), State(join: false, Entry("a", 2), Entry("me", 1, MemberStatus.Dead, 1_000)));
        Assert.Equal(1_001u, answer.State!.Entries[0].Incarnation);
    }

    [Fact]
    public void The_suspected_the_gone_and_the_left_of_another_state_are_taken_as_the_rules_say()
    {
        Script script = new Script(Additions.Verify).With(4);
        script.Core.OnPushPullRequest(0, At(9), State(
            join: false, Entry("x", 9), Entry("a", 2, MemberStatus.Suspect), Entry("b", 3, MemberStatus.Dead), Entry("c", 4, MemberStatus.Left)));
        Assert.Equal(MemberStatus.Suspect, script["a"].Status);
        Assert.Equal(MemberStatus.Suspect, script["b"].Status);
        Assert.Equal(MemberStatus.Left, script["c"].Status);
        Assert.Equal(MemberStatus.Alive, script["d"].Status);
        Assert.Equal(MemberStatus.Alive, script["x"].Status);
    }

    [Fact]
    public void User_state_goes_to_the_layer_above_unless_it_is_empty()
    {
        Script script = new();
        script.Core.OnPushPullRequest(0, At(2), new ClusterState(true, [Entry("a", 2)], new byte[] { 1, 2 }));
        script.Core.OnPushPullRequest(0, At(2), new ClusterState(true, [Entry("a", 2)], default));
        Assert.Equal([[1, 2]], script.Host.MergedUserStates);
    }

    [Fact]
    public void A_newcomer_with_a_taken_name_is_refused_with_both_addresses()
    {
        Script script = new Script().With(1);
        PushPullAnswer answer = script.Core.OnPushPullRequest(0, At(50), State(join: true, Entry("a", 50)));
        Assert.Null(answer.State);
        Assert.StartsWith(NameConflict.Prefix, answer.Refusal);
        Assert.Contains("10.0.0.2:7946", answer.Refusal);
        Assert.Contains("10.0.0.50:7946", answer.Refusal);
        Assert.Equal(At(2), script["a"].Address);
        Assert.Equal(answer.Refusal, Assert.Single(script.Host.Refusals));
    }

    [Fact]
    public void A_gateway_that_is_not_let_in_gets_the_reason_and_is_not_merged()
    {
        Script script = new();
        script.Host.Refusing = name => name == "a" ? "the clusters Mine and Other do not mix" : null;
        PushPullAnswer answer = script.Core.OnPushPullRequest(0, At(2), State(join: true, Entry("a", 2), Entry("b", 3)));
        Assert.Equal("the clusters Mine and Other do not mix", answer.Refusal);
        Assert.Equal(1, script.Core.Members.Count);
    }

    [Fact]
    public void A_guest_that_knows_such_a_gateway_is_let_in_without_it()
    {
        Script script = new();
        script.Host.Refusing = name => name == "a" ? "the clusters Mine and Other do not mix" : null;
        PushPullAnswer answer = script.Core.OnPushPullRequest(0, At(3), State(join: true, Entry("a", 2), Entry("b", 3)));
        Assert.Null(answer.Refusal);
        Assert.Equal(["me", "b"], answer.State!.Entries.Select(entry => entry.Name));
    }

    [Fact]
    public void Clusters_with_and_without_Serf_refuse_each_other()
    {
        Script script = new();
        PushPullAnswer answer = script.Core.OnPushPullRequest(0, At(2), State(join: true, Entry("a", 2, versions: ProtocolOptions.PlainVersions)));
        Assert.Contains("with Serf or without it", answer.Refusal);
        Assert.Null(script["a"]);
    }

    [Fact]
    public void The_dead_count_too_when_versions_are_compared()
    {
        Script script = new();
        RawBytes old = RawBytes.CopyOf([1, 5, 6, 2, 5, 5]);
        PushPullAnswer answer = script.Core.OnPushPullRequest(0, At(2), State(join: true, Entry("a", 2), Entry("b", 3, MemberStatus.Dead, versions: old)));
        Assert.Contains("'b' speaks version 6", answer.Refusal);
    }

    [Fact]
    public void Versions_that_nobody_gave_are_no_reason_to_refuse()
    {
        Script script = new();
        Assert.Null(script.Core.OnPushPullRequest(0, At(2), State(join: true, Entry("a", 2, versions: RawBytes.Nil))).Refusal);
    }

    [Fact]
    public void A_refusal_that_comes_back_is_told()
    {
        Script script = new(seeds: [At(2)]);
        script.Run(1);
        script.Core.OnPushPullFailed(script.Now, script.Host.PushPulls[0].Exchange, "name conflict: 'me' is taken");
        Assert.Equal(["name conflict: 'me' is taken"], script.Host.Refusals);
    }

    [Fact]
    public void An_answer_that_nobody_waits_for_changes_nothing()
    {
        Script script = new();
        script.Core.OnPushPullAnswer(0, 17, State(join: false, Entry("a", 2)));
        Assert.Null(script["a"]);
    }

    [Fact]
    public void States_are_exchanged_with_somebody_every_interval()
    {
        Script script = new Script().With(3);
        script.Run(30_001);
        Assert.Equal(2, script.Host.PushPulls.Count);
        Assert.All(script.Host.PushPulls, pushPull => Assert.False(pushPull.Join));
    }

    [Fact]
    public void No_more_push_pulls_are_under_way_than_the_bound()
    {
        Script script = new(change: options => options with { MaximumExchanges = 3 });
        for (byte i = 50; i < 60; i++)
        {
            script.Core.Join(0, At(i));
            script.Core.Join(0, At(i));
        }

        Assert.Equal(3, script.Host.PushPulls.Count);
        Assert.Equal(3, script.Core.OpenExchanges);
        script.Core.OnPushPullFailed(0, script.Host.PushPulls[0].Exchange, null);
        script.Core.Join(0, At(70));
        Assert.Equal(4, script.Host.PushPulls.Count);
    }
}
