using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>Annex A5, the rows on suspect and dead messages.</summary>
public sealed class AccusationRuleTests
{
    [Fact]
    public void Accusations_of_the_unknown_and_of_earlier_incarnations_are_ignored()
    {
        Script script = new();
        script.Receive(Alive("a", 2, incarnation: 5));
        script.Receive(new SuspectMessage(4, "a", "b"));
        script.Receive(new DeadMessage(4, "a", "b"));
        script.Receive(new SuspectMessage(4, "nobody", "b"));
        script.Receive(new DeadMessage(4, "nobody", "b"));
        Assert.Equal(MemberStatus.Alive, script["a"].Status);
        Assert.Equal(2, script.Core.Members.Count);
    }

    [Theory]
    [InlineData(5u)]
    [InlineData(6u)]
    public void A_suspicion_of_the_same_or_a_later_incarnation_counts_and_is_passed_on(uint incarnation)
    {
        Script script = new Script().With(4);
        script.Receive(Alive("x", 9, incarnation: 5));
        script.Receive(new SuspectMessage(incarnation, "x", "a"));
        Assert.Equal(MemberStatus.Suspect, script["x"].Status);
        script.Run(100);
        Assert.Contains(script.Sent<SuspectMessage>(), sent => sent.Message == new SuspectMessage(incarnation, "x", "a"));
    }

    [Fact]
    public void A_suspected_member_is_still_up_for_users()
    {
        Script script = new Script().With(4);
        script.Receive(new SuspectMessage(1, "a", "b"));
        Assert.False(script.IsDown("a"));
        Assert.Equal([MemberChange.Up, MemberChange.Suspected], script.Host.Changes.Where(change => change.Name == "a").Select(change => change.Change));
        script.Receive(Alive("a", 2, incarnation: 2));
        Assert.Equal(("a", MemberChange.Updated), script.Host.Changes[^1]);
    }

    [Fact]
    public void A_new_accuser_is_passed_on_and_shortens_the_wait_and_the_same_one_is_not()
    {
        Script script = new Script().With(4);
        script.Answering.Clear();
        script.Receive(new SuspectMessage(1, "a", "b"));
        long first = script["a"].Suspicion!.Deadline;
        script.Receive(new SuspectMessage(1, "a", "b"));
        Assert.Equal(first, script["a"].Suspicion!.Deadline);
        script.Receive(new SuspectMessage(1, "a", "c"));
        Assert.True(script["a"].Suspicion!.Deadline < first);
        script.Run(50);
        Assert.Contains(script.Sent<SuspectMessage>(), sent => sent.Message.From == "c");
    }

    [Fact]
    public void A_suspicion_that_nobody_refutes_ends_in_death_and_is_told()
    {
        Script script = new Script(Additions.Isolation).With(1, answering: false);
        script.Receive(new SuspectMessage(1, "a", "b"));
        script.Run(799);
        Assert.False(script.IsDown("a"));
        script.Run(2);
        Assert.True(script.IsDown("a"));
        script.Run(100);
        Assert.Contains(script.Sent<DeadMessage>(), sent => sent.Message == new DeadMessage(1, "a", "me"));
    }

    [Fact]
    public void Two_of_three_that_fall_silent_together_do_not_wait_for_each_others_confirmation()
    {
        Script script = new Script().With(3);
        script.Nacking.Add(At(4));
        script.Run(1_000);
        script.Answering.Remove(At(2));
        script.Answering.Remove(At(3));
        long silent = script.Now;
        script.Until(() => script["a"].Suspicion is not null && script["b"].Suspicion is not null);
        script.Receive(new SuspectMessage(1, "a", "c"));
        script.Receive(new SuspectMessage(1, "b", "c"));
        script.Until(() => script.IsDown("a") && script.IsDown("b"));
        Assert.False(script.Core.IsIsolated);
        Assert.InRange(script.Now - silent, 800, 2_500);
    }

    [Fact]
    public void A_refutation_ends_the_suspicion()
    {
        Script script = new Script().With(4);
        script.Receive(new SuspectMessage(1, "a", "b"));
        script.Receive(Alive("a", 2, incarnation: 1));
        Assert.Equal(MemberStatus.Suspect, script["a"].Status);
        script.Receive(Alive("a", 2, incarnation: 2));
        Assert.Equal(MemberStatus.Alive, script["a"].Status);
        script.Run(10_000);
        Assert.DoesNotContain(script.Host.Changes, change => change.Change == MemberChange.Down);
    }

    [Theory]
    [InlineData(900u, 1_000u)]
    [InlineData(1_000u, 1_001u)]
    [InlineData(1_500u, 1_501u)]
    public void Whoever_is_accused_itself_refutes_with_a_higher_incarnation_than_both(uint accused, uint own)
    {
        Script suspected = new Script().With(3);
        suspected.Receive(new SuspectMessage(accused, "me", "a"));
        Assert.Equal(own, suspected.Core.Self.Incarnation);
        Script buried = new Script().With(3);
        buried.Receive(new DeadMessage(accused, "me", "a"));
        Assert.Equal(own, buried.Core.Self.Incarnation);
        buried.Run(100);
        Assert.Equal(own > 1_000, buried.Sent<AliveMessage>().Any(sent => sent.Message.Node == "me" && sent.Message.Incarnation == own && own > 1_000));
    }

    [Fact]
    public void Having_to_refute_costs_health()
    {
        Script script = new();
        script.Receive(new SuspectMessage(1_000, "me", "a"));
        Assert.Equal(1, script.Core.Health);
    }

    [Fact]
    public void Leaving_is_not_failing_and_is_never_suspected()
    {
        Script script = new Script().With(3);
        script.Receive(new DeadMessage(1, "a", "a"));
        Assert.Contains(("a", MemberChange.Left), script.Host.Changes);
        script.Receive(new SuspectMessage(1, "a", "b"));
        script.Receive(new DeadMessage(1, "a", "b"));
        Assert.Equal(MemberStatus.Left, script["a"].Status);
        script.Run(5_000);
        Assert.False(script.IsDown("a"));
        Assert.DoesNotContain(script.Sent<PingMessage>(), sent => sent.Message.Node == "a");
    }

    [Fact]
    public void Nobody_is_forgotten_before_a_day_has_passed()
    {
        Script script = new(Additions.Verify, options => options with { Retention = 10_000 });
        script.Receive(Alive("a", 2));
        script.Receive(new DeadMessage(1, "a", "b"));
        script.Run(9_900);
        Assert.NotNull(script["a"]);
        script.Run(200);
        Assert.Null(script["a"]);
        Assert.Equal(24 * 60 * 60 * 1_000, new ProtocolOptions { Name = "x", Address = At(1) }.Retention);
    }

    [Fact]
    public void Whoever_returns_in_time_is_not_forgotten()
    {
        Script script = new(Additions.Verify, options => options with { Retention = 10_000 });
        script.Answering.Add(At(2));
        script.Receive(Alive("a", 2));
        script.Receive(new DeadMessage(1, "a", "b"));
        script.Run(5_000);
        script.Receive(Alive("a", 2, incarnation: 2));
        script.Run(6_000);
        Assert.Equal(MemberStatus.Alive, script["a"].Status);
    }

    [Fact]
    public void Only_the_gone_are_forgotten_on_demand()
    {
        Script script = new Script().With(2);
        Assert.False(script.Core.Forget(script.Now, "a"));
        Assert.False(script.Core.Forget(script.Now, "me"));
        Assert.False(script.Core.Forget(script.Now, "nobody"));
        script.Receive(new DeadMessage(1, "a", "a"));
        Assert.True(script.Core.Forget(script.Now, "a"));
        Assert.Null(script["a"]);
    }
}
