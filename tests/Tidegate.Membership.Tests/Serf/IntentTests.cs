using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Intents to join and to leave, one's own and others'.</summary>
public sealed class IntentTests
{
    private readonly SerfTestHost _host = new();

    public IntentTests()
    {
        _host.Up("self", 1);
        _host.Up("b", 2);
    }

    [Fact]
    public void A_clock_starts_at_one_and_goes_past_whatever_it_witnesses()
    {
        LamportClock clock = new();
        Assert.Equal(1UL, clock.Time);
        Assert.Equal(1UL, clock.Take());
        clock.Witness(1);
        Assert.Equal(2UL, clock.Time);
        clock.Witness(2);
        Assert.Equal(3UL, clock.Time);
        clock.WitnessClock(0);
        clock.WitnessClock(3);
        Assert.Equal(3UL, clock.Time);
        clock.WitnessClock(10);
        Assert.Equal(10UL, clock.Time);
        clock.Witness(ulong.MaxValue);
        Assert.Equal(ulong.MaxValue, clock.Time);
        Assert.Equal(ulong.MaxValue, clock.Take());
    }

    [Fact]
    public void A_new_intent_is_passed_on_as_it_came_and_only_once()
    {
        byte[] message = Bytes("00 84 a4'Node'a1'b' a5'LTime'09 a3'New'c3 a5'Prune'c2");
        _host.Layer.UserMessageReceived([.. message, 0xc1, 0xc1]);
        (SerfTier tier, byte[] passedOn, Action? _) = Assert.Single(_host.Broadcasts);
        Assert.Equal(SerfTier.Intents, tier);
        Assert.Equal(message, passedOn);
        Assert.Equal(SerfStatus.Leaving, _host.Status("b"));
        _host.Layer.UserMessageReceived(message);
        Assert.Single(_host.Broadcasts);
    }

    [Fact]
    public void Announcing_a_join_takes_the_clock_and_then_witnesses_it()
    {
        _host.Layer.AnnounceJoin();
        Assert.Equal([new JoinMessage(1, "self")], _host.TakeBroadcasts<JoinMessage>());
        Assert.Equal(1UL, _host.Layer.Find("self")?.StatusTime);
        _host.Receive(new JoinMessage(40, "b"));
        Assert.Equal([new JoinMessage(40, "b")], _host.TakeBroadcasts<JoinMessage>());
        _host.Layer.AnnounceJoin();
        Assert.Equal([new JoinMessage(41, "self")], _host.TakeBroadcasts<JoinMessage>());
    }

    [Fact]
    public void Who_is_said_to_leave_and_does_not_answers_with_a_join()
    {
        _host.Receive(new LeaveMessage(20, "self", false));
        Assert.Equal([new JoinMessage(21, "self")], _host.TakeBroadcasts<JoinMessage>());
        Assert.Equal(SerfStatus.Alive, _host.Status("self"));
        _host.Receive(new LeaveMessage(20, "self", false));
        Assert.Empty(_host.Broadcasts);
    }

    [Fact]
    public void A_left_member_in_a_push_pull_that_is_oneself_is_answered_too()
    {
        SerfState state = new() { Time = 9, StatusTimes = new Dictionary<string, ulong> { ["self"] = 7 }, LeftMembers = ["self"] };
        Assert.True(_host.Layer.MergeState(state.ToBytes(), joining: true));
        Assert.Equal([new JoinMessage(9, "self")], _host.TakeBroadcasts<JoinMessage>());
        Assert.Equal(SerfStatus.Alive, _host.Status("self"));
    }

    [Fact]
    public void Leaving_says_so_with_the_clock_and_waits_until_it_has_spread()
    {
        List<bool> spread = [];
        _host.Layer.Leave(spread.Add);
        Action? sent = Assert.Single(_host.Broadcasts).Sent;
        Assert.Equal([new LeaveMessage(1, "self", false)], _host.TakeBroadcasts<LeaveMessage>());
        Assert.Equal(SerfStatus.Leaving, _host.Status("self"));
        _host.Pass(4_999);
        Assert.Empty(spread);
        sent?.Invoke();
        Assert.Equal([true], spread);
        _host.Pass(10_000);
        Assert.Equal([true], spread);
        Assert.Throws<InvalidOperationException>(() => _host.Layer.Leave(spread.Add));
    }

    [Fact]
    public void Leaving_gives_up_waiting_after_five_seconds()
    {
        List<bool> spread = [];
        _host.Layer.Leave(spread.Add);
        Action? sent = Assert.Single(_host.Broadcasts).Sent;
        _host.Pass(5_000);
        Assert.Equal([false], spread);
        sent?.Invoke();
        Assert.Equal([false], spread);
    }

    [Fact]
    public void With_no_other_live_member_leaving_waits_for_nothing()
    {
        _host.Down("b");
        List<bool> spread = [];
        _host.Layer.Leave(spread.Add);
        Assert.Equal([true], spread);
        Assert.Empty(_host.Broadcasts);
    }

    [Fact]
    public void Who_leaves_does_not_deny_it()
    {
        _host.Layer.Leave(_ => { });
        _host.Broadcasts.Clear();
        _host.Receive(new LeaveMessage(20, "self", false));
        Assert.Equal([new LeaveMessage(20, "self", false)], _host.TakeBroadcasts<LeaveMessage>());
        Assert.Equal(SerfStatus.Leaving, _host.Status("self"));
    }

    [Fact]
    public void A_member_that_goes_with_an_intent_has_left_and_without_one_has_failed()
    {
        _host.Up("c", 3);
        _host.Receive(new LeaveMessage(5, "b", false));
        _host.Down("b");
        _host.Down("c");
        Assert.Equal(SerfStatus.Left, _host.Status("b"));
        Assert.Equal(SerfStatus.Failed, _host.Status("c"));
        _host.Drop("c");
        Assert.Null(_host.Layer.Find("c"));
        Assert.Equal(("c", SerfStatus.Failed, SerfStatus.None), _host.Changes[^1]);
    }

    [Fact]
    public void A_failed_member_is_forced_to_have_left_and_everyone_is_told()
    {
        _host.Up("c", 3);
        _host.Down("b");
        Assert.True(_host.Layer.ForceLeave("b", prune: false));
        Assert.Equal(SerfStatus.Left, _host.Status("b"));
        Assert.Equal([new LeaveMessage(1, "b", false)], _host.TakeBroadcasts<LeaveMessage>());
        Assert.False(_host.Layer.ForceLeave("nobody", prune: false));
        Assert.Empty(_host.Broadcasts);
    }

    [Fact]
    public void Forcing_with_pruning_forgets_the_member_altogether()
    {
        _host.Up("c", 3);
        _host.Down("b");
        Assert.True(_host.Layer.ForceLeave("b", prune: true));
        Assert.Equal([new LeaveMessage(1, "b", true)], _host.TakeBroadcasts<LeaveMessage>());
        Assert.Equal(["b"], _host.Forgotten);
        Assert.Equal(["c", "self"], _host.Layer.Members.Select(member => member.Name).Order());
    }

    [Fact]
    public void Forcing_oneself_to_leave_is_refused()
    {
        Assert.Throws<ArgumentException>(() => _host.Layer.ForceLeave("self", prune: false));
        Assert.Empty(_host.Broadcasts);
    }

    [Fact]
    public void Tags_are_set_as_metadata()
    {
        _host.Layer.SetTags(new Dictionary<string, string> { ["tg"] = "1" });
        Assert.Equal([Raw("ff 81 a2'tg'a1'1'")], _host.Metas);
    }

    [Fact]
    public void Unreadable_and_misplaced_messages_are_counted_and_change_nothing()
    {
        _host.Changes.Clear();
        foreach (string notation in (string[])["00", "01 93", "03 c1", "04 91 01", "05 81", "09 80"])
        {
            _host.Layer.UserMessageReceived(Bytes(notation));
        }

        _host.Layer.UserMessageReceived([0, .. new byte[SerfLimits.Message]]);
        Assert.Equal(7, _host.Layer.Counters.Unreadable);
        foreach (string notation in (string[])["", "02 80", "06 c0", "07 80", "08 80", "c8 90", "ff"])
        {
            _host.Layer.UserMessageReceived(Bytes(notation));
        }

        Assert.Equal(7, _host.Layer.Counters.UnknownType);
        Assert.Empty(_host.Changes);
        Assert.Empty(_host.Broadcasts);
        Assert.Empty(_host.Sends);
    }
}
