using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>The user state of a push/pull, both ways.</summary>
public sealed class StateMergeTests
{
    private readonly SerfTestHost _host = new();

    public StateMergeTests()
    {
        _host.Up("self", 1);
        _host.Up("b", 2);
    }

    [Fact]
    public void A_state_tells_clocks_times_who_left_and_events()
    {
        _host.Receive(new JoinMessage(6, "self"));
        _host.Receive(new LeaveMessage(8, "b", false));
        _host.Down("b");
        _host.Receive(new UserEventMessage(3, "e", Raw("01"), true));
        SerfState state = Own();
        Assert.Equal((9UL, 4UL, 1UL), (state.Time, state.EventTime, state.QueryTime));
        Assert.Equal([("b", 8UL), ("self", 6UL)], state.StatusTimes.Select(entry => (entry.Key, entry.Value)).Order());
        Assert.Equal(["b"], state.LeftMembers);
        EventsOfOneTime slot = Assert.Single(state.Events)!;
        Assert.Equal(3UL, slot.Time);
        Assert.Equal([("e", Raw("01"))], slot.Events);
        Assert.True(state.Records.IsNil);
    }

    [Fact]
    public void A_member_that_returned_is_no_longer_among_those_that_left()
    {
        _host.Receive(new LeaveMessage(8, "b", false));
        _host.Down("b");
        Assert.Equal(["b"], Own().LeftMembers);
        _host.Up("b", 2);
        Assert.Empty(Own().LeftMembers);
    }

    [Fact]
    public void Clocks_are_witnessed_less_one_and_not_if_they_are_missing()
    {
        Merge(new SerfState { Time = 10, EventTime = 20, QueryTime = 30 });
        Merge(new SerfState());
        SerfState state = Own();
        Assert.Equal((10UL, 20UL, 30UL), (state.Time, state.EventTime, state.QueryTime));
    }

    [Fact]
    public void Those_that_left_are_left_one_time_later_and_the_others_have_joined()
    {
        _host.Up("c", 3);
        _host.Down("b");
        Merge(new SerfState { StatusTimes = new Dictionary<string, ulong> { ["b"] = 5, ["c"] = 7 }, LeftMembers = ["b"] });
        Assert.Equal((SerfStatus.Left, 6UL), (_host.Status("b"), _host.Layer.Find("b")!.StatusTime));
        Assert.Equal((SerfStatus.Alive, 6UL), (_host.Status("c"), _host.Layer.Find("c")!.StatusTime));
        Assert.Empty(_host.Broadcasts);
    }

    [Fact]
    public void A_push_pull_in_the_midst_of_a_leave_does_not_make_the_leave_old()
    {
        SerfTestHost other = new("c");
        other.Up("b", 2);
        other.Up("c", 3);
        other.Receive(new LeaveMessage(8, "b", false));
        Assert.True(_host.Layer.MergeState(other.Layer.WriteState(), joining: false));

        // Agents list the member at the time of its intent.
        Merge(new SerfState { Time = 9, StatusTimes = new Dictionary<string, ulong> { ["b"] = 8, ["new"] = 8 } });
        _host.Receive(new LeaveMessage(8, "b", false));
        Assert.Equal(SerfStatus.Leaving, _host.Status("b"));
        _host.Receive(new LeaveMessage(8, "new", false));
        _host.Up("new", 4);
        Assert.Equal(SerfStatus.Leaving, _host.Status("new"));

        // And what they list does not turn it back.
        Merge(new SerfState { Time = 9, StatusTimes = new Dictionary<string, ulong> { ["b"] = 8 } });
        _host.Down("b");
        Assert.Equal(SerfStatus.Left, _host.Status("b"));
    }

    [Fact]
    public void A_leaving_member_that_joined_again_is_turned_back_by_a_push_pull()
    {
        _host.Receive(new LeaveMessage(8, "b", false));
        Merge(new SerfState { StatusTimes = new Dictionary<string, ulong> { ["b"] = 9 } });
        Assert.Equal((SerfStatus.Alive, 9UL), (_host.Status("b"), _host.Layer.Find("b")!.StatusTime));
    }

    [Fact]
    public void A_member_that_is_back_is_not_leaving_because_someone_has_not_heard_of_it()
    {
        Merge(new SerfState { Time = 30, StatusTimes = new Dictionary<string, ulong> { ["b"] = 20 }, LeftMembers = ["b"] });
        Assert.Equal(SerfStatus.Alive, _host.Status("b"));
        Assert.Equal(30UL, Own().Time);
    }

    [Theory]
    [InlineData(8, 8)]
    [InlineData(8, 6)]
    public void Two_that_know_that_a_member_left_do_not_raise_its_time_forever(ulong here, ulong there)
    {
        SerfTestHost other = new("c");
        foreach (SerfTestHost host in (SerfTestHost[])[_host, other])
        {
            host.Up("self", 1);
            host.Up("b", 2);
            host.Up("c", 3);
            host.Receive(new LeaveMessage(host == _host ? here : there, "b", false));
            host.Down("b");
        }

        for (int round = 0; round < 10; round++)
        {
            Assert.True(other.Layer.MergeState(_host.Layer.WriteState(), false));
            Assert.True(_host.Layer.MergeState(other.Layer.WriteState(), false));
        }

        Assert.Equal(8UL, _host.Layer.Find("b")?.StatusTime);
        Assert.Equal(8UL, other.Layer.Find("b")?.StatusTime);
    }

    [Fact]
    public void Events_of_a_push_pull_are_delivered_and_not_passed_on()
    {
        Merge(WithEvents());
        Assert.Equal(["e1", "e2"], _host.Events.Select(received => received.Name));
        Merge(WithEvents());
        Assert.Equal(2, _host.Events.Count);
        Assert.Empty(_host.Broadcasts);
    }

    [Fact]
    public void Who_joins_does_not_get_the_events_of_before()
    {
        Assert.True(_host.Layer.MergeState(WithEvents().ToBytes(), joining: true));
        Assert.Empty(_host.Events);
        _host.Receive(new UserEventMessage(8, "late", RawBytes.Nil, false));
        Assert.Empty(_host.Events);
        _host.Receive(new UserEventMessage(9, "new", RawBytes.Nil, false));
        Assert.Equal(["new"], _host.Events.Select(received => received.Name));
    }

    [Fact]
    public void Who_joins_with_replay_gets_them()
    {
        SerfTestHost host = new(options: new SerfOptions { Name = "self", ReplayEvents = true });
        Assert.True(host.Layer.MergeState(WithEvents().ToBytes(), joining: true));
        Assert.Equal(["e1", "e2"], host.Events.Select(received => received.Name));
    }

    [Fact]
    public void An_empty_state_is_that_of_a_member_without_Serf_and_an_unreadable_one_is_refused_whole()
    {
        Assert.True(_host.Layer.MergeState([], joining: true));
        Assert.Equal(0, _host.Layer.Counters.Unreadable);
        byte[] state = new SerfState { Time = 10, StatusTimes = new Dictionary<string, ulong> { ["b"] = 5 } }.ToBytes();
        Assert.False(_host.Layer.MergeState(state.AsSpan(..^1), false));
        Assert.False(_host.Layer.MergeState(new JoinMessage(3, "b").ToBytes(), false));
        Assert.Equal(2, _host.Layer.Counters.Unreadable);
        Assert.Equal(1UL, Own().Time);
        Assert.Equal(0UL, _host.Layer.Find("b")?.StatusTime);
    }

    [Fact]
    public void A_state_of_a_hundred_thousand_made_up_members_leaves_a_bounded_trace()
    {
        Dictionary<string, ulong> times = Enumerable.Range(0, 100_000).ToDictionary(i => $"x{i}", i => (ulong)i + 1);
        Merge(new SerfState { StatusTimes = times, LeftMembers = [.. times.Keys.Take(50_000)] });
        Assert.Equal(["b", "self"], _host.Layer.Members.Select(member => member.Name).Order());
        Assert.Equal(2, Own().StatusTimes.Count);
        Assert.Empty(_host.Broadcasts);
    }

    private static SerfState WithEvents() => new()
    {
        EventTime = 9,
        Events = [new EventsOfOneTime(7, [("e1", Raw("01"))]), null, new EventsOfOneTime(8, [("e2", RawBytes.Nil)])],
    };

    private void Merge(SerfState state) => Assert.True(_host.Layer.MergeState(state.ToBytes(), joining: false));

    private SerfState Own()
    {
        Assert.True(SerfFields.TryRead(_host.Layer.WriteState(), out SerfState state));
        return state;
    }
}
