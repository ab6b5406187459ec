using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>Annex A5, the rows on alive messages.</summary>
public sealed class AliveRuleTests
{
    [Fact]
    public void A_member_that_was_not_known_is_up_and_passed_on()
    {
        Script script = new();
        script.Receive(Alive("a", 2, incarnation: 5));
        Assert.Equal([("a", MemberChange.Up)], script.Host.Changes);
        script.Run(200);
        Assert.Contains(script.Sent<AliveMessage>(), sent => sent.Message.Node == "a" && sent.Message.Incarnation == 5);
    }

    [Theory]
    [InlineData(4u, false)]
    [InlineData(5u, false)]
    [InlineData(6u, true)]
    public void Only_a_higher_incarnation_is_news(uint incarnation, bool isNews)
    {
        Script script = new();
        script.Receive(Alive("a", 2, incarnation: 5));
        script.Receive(Alive("a", 2, incarnation) with { Meta = RawBytes.CopyOf([7]) });
        Assert.Equal(isNews, script.Host.Changes.Contains(("a", MemberChange.Updated)));
        Assert.Equal(isNews ? 7 : 0xff, script["a"].Meta.Span[0]);
    }

    [Fact]
    public void Incarnation_nought_is_never_news_of_a_known_member()
    {
        Script script = new();
        script.Receive(Alive("a", 2, incarnation: 0));
        script.Receive(Alive("a", 2, incarnation: 0) with { Meta = RawBytes.CopyOf([7]) });
        Assert.Equal([("a", MemberChange.Up)], script.Host.Changes);
    }

    [Fact]
    public void A_live_members_name_at_another_address_is_a_conflict_whatever_its_incarnation()
    {
        Script script = new();
        script.Receive(Alive("a", 2, incarnation: 5));
        script.Receive(Alive("a", 3, incarnation: 50));
        Assert.Equal([("a", At(3))], script.Host.Conflicts);
        Assert.Equal(At(2), script["a"].Address);
    }

    [Fact]
    public void The_same_address_in_another_form_is_another_address()
    {
        Script script = new();
        script.Receive(Alive("a", 2, incarnation: 5));
        script.Receive(Alive("a", 2, incarnation: 6) with { Address = RawBytes.CopyOf([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 2]) });
        Assert.Single(script.Host.Conflicts);
    }

    [Fact]
    public void A_failed_members_name_does_not_move_while_it_is_remembered()
    {
        Script script = Failed();
        script.Receive(Alive("a", 3, incarnation: 50));
        Assert.Single(script.Host.Conflicts);
        Assert.Equal(MemberStatus.Dead, script["a"].Status);
    }

    [Fact]
    public void A_failed_members_name_moves_where_names_are_reclaimed()
    {
        Script script = Failed(options => options with { ReclaimDeadNames = true });
        script.Receive(Alive("a", 3, incarnation: 50));
        Assert.Equal(At(3), script["a"].Address);
    }

    [Fact]
    public void An_agent_that_left_may_return_elsewhere_with_any_incarnation()
    {
        Script script = new();
        script.Receive(Alive("a", 2, incarnation: 5, gateway: false));
        script.Receive(new DeadMessage(5, "a", "a"));
        script.Receive(Alive("a", 3, incarnation: 1, gateway: false));
        Assert.Equal(MemberStatus.Alive, script["a"].Status);
        Assert.Equal(At(3), script["a"].Address);
    }

    [Fact]
    public void What_a_gateway_said_before_it_left_does_not_bring_it_back_from_another_address() =>
        Assert.Equal(MemberStatus.Left, ReplayedAfterLeaving(Additions.None));

    [Fact]
    public void Without_the_replay_rule_it_would() =>
        Assert.Equal(MemberStatus.Alive, ReplayedAfterLeaving(Additions.Replay));

    private static MemberStatus ReplayedAfterLeaving(Additions without)
    {
        Script script = new(without);
        script.Receive(Alive("a", 2, incarnation: 5));
        script.Receive(new DeadMessage(5, "a", "a"));
        script.Receive(Alive("a", 3, incarnation: 4));
        return script["a"].Status;
    }

    [Fact]
    public void What_was_recorded_of_a_forgotten_gateway_does_not_bring_it_back()
    {
        Assert.Null(ReplayedAfterForgetting(Additions.None, incarnation: 5));
        Assert.NotNull(ReplayedAfterForgetting(Additions.None, incarnation: 6));
    }

    [Fact]
    public void Without_tombstones_a_recorded_message_would_bring_it_back() =>
        Assert.NotNull(ReplayedAfterForgetting(Additions.Replay, incarnation: 5));

    private static MemberRecord? ReplayedAfterForgetting(Additions without, uint incarnation)
    {
        Script script = new(without, options => options with { Retention = 5_000 });
        script.Receive(Alive("a", 2, incarnation: 5));
        script.Receive(new DeadMessage(5, "a", "a"));
        script.Run(6_000);
        Assert.Contains(("a", MemberChange.Forgotten), script.Host.Changes);
        Assert.Null(script["a"]);
        script.Receive(Alive("a", 2, incarnation));
        return script.Core.Members.Find("a");
    }

    [Theory]
    [InlineData(999u, 1_000u)]
    [InlineData(1_000u, 1_000u)]
    [InlineData(1_001u, 1_002u)]
    public void What_others_say_about_oneself_is_refuted_where_it_is_newer(uint heard, uint own)
    {
        Script script = new();
        script.Receive(Alive("me", 1, heard));
        Assert.Equal(own, script.Core.Self.Incarnation);
    }

    [Fact]
    public void The_same_incarnation_with_other_metadata_is_refuted_too()
    {
        Script script = new();
        script.Receive(Alive("me", 1, 1_000) with { Meta = RawBytes.CopyOf([3]) });
        Assert.Equal(1_001u, script.Core.Self.Incarnation);
    }

    [Fact]
    public void Ones_own_name_at_another_address_is_a_conflict_and_not_refuted()
    {
        Script script = new();
        script.Receive(Alive("me", 7, 2_000));
        Assert.Equal([("me", At(7))], script.Host.Conflicts);
        Assert.Equal(1_000u, script.Core.Self.Incarnation);
    }

    [Fact]
    public void A_member_that_is_not_let_in_is_counted_and_not_stored()
    {
        Script script = new();
        script.Host.Refusing = name => name == "a" ? "it belongs to the cluster Other" : null;
        script.Receive(Alive("a", 2));
        script.Core.OnPushPullRequest(0, At(9), State(join: false, Entry("x", 9), Entry("a", 2)));
        Assert.Null(script["a"]);
        Assert.NotNull(script["x"]);
        Assert.Equal(2, script.Core.Counters.RefusedMembers);
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 0)]
    [InlineData(4, 3)]
    public void An_impossible_range_of_versions_is_no_member(byte minimum, byte maximum)
    {
        Script script = new();
        script.Receive(Alive("a", 2) with { Versions = RawBytes.CopyOf([minimum, maximum, 2, 2, 5, 5]) });
        Assert.Null(script["a"]);
        Assert.Equal(1, script.Core.Counters.BadMessages);
    }

    [Fact]
    public void No_peer_can_use_up_the_incarnations()
    {
        Script script = new();
        script.Receive(Alive("a", 2));
        script.Receive(Alive("a", 2, uint.MaxValue));
        script.Receive(new SuspectMessage(uint.MaxValue, "me", "a"));
        script.Receive(new DeadMessage(uint.MaxValue, "me", "a"));
        script.Core.OnPushPullRequest(0, At(2), State(join: false, Entry("me", 1, MemberStatus.Suspect, uint.MaxValue)));
        Assert.Equal(1u, script["a"].Incarnation);
        Assert.Equal(1_000u, script.Core.Self.Incarnation);
        Assert.Equal(4, script.Core.Counters.BadMessages);
    }

    [Fact]
    public void A_hundred_thousand_made_up_members_fill_the_table_to_its_bound()
    {
        Script script = new(change: options => options with { MaximumMembers = 1_000, MaximumBroadcasts = 500 });
        for (int i = 0; i < 100_000; i++)
        {
            script.Receive(Alive($"fake-{i}", 2));
        }

        Assert.Equal(1_000, script.Core.Members.Count);
        Assert.Equal(100_000 - 999, script.Core.Counters.MembersBeyondBound);
        Assert.Equal(500, script.Core.Gossip.Count);
    }

    [Fact]
    public void A_restart_at_a_later_time_outbids_what_was_before()
    {
        DateTimeOffset now = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);
        Assert.True(ProtocolOptions.IncarnationAt(now.AddSeconds(1)) > ProtocolOptions.IncarnationAt(now));
        Assert.Equal(1u, ProtocolOptions.IncarnationAt(DateTimeOffset.MinValue));
        Assert.Equal(ProtocolCore.MaximumIncarnation, ProtocolOptions.IncarnationAt(DateTimeOffset.MaxValue));
    }

    private static Script Failed(Func<ProtocolOptions, ProtocolOptions>? change = null)
    {
        Script script = new(Additions.Verify, change);
        script.Receive(Alive("a", 2, incarnation: 5));
        script.Receive(new DeadMessage(5, "a", "b"));
        Assert.Equal(MemberStatus.Dead, script["a"].Status);
        return script;
    }
}
