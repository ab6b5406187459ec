using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

public sealed class UserEventTests
{
    private readonly SerfTestHost _host = new();

    [Fact]
    public void Firing_takes_the_clock_of_events_and_delivers_to_oneself()
    {
        _host.Layer.Fire("a", Raw("01"), coalesce: false);
        _host.Layer.Fire("b", RawBytes.Nil, coalesce: false);
        Assert.All(_host.Broadcasts, broadcast => Assert.Equal(SerfTier.Events, broadcast.Tier));
        Assert.Equal([new UserEventMessage(1, "a", Raw("01"), false), new UserEventMessage(2, "b", RawBytes.Nil, false)], _host.TakeBroadcasts<UserEventMessage>());
        Assert.Equal([new SerfEvent(1, "a", Raw("01"), false), new SerfEvent(2, "b", RawBytes.Nil, false)], _host.Events);
    }

    [Fact]
    public void An_event_is_delivered_and_passed_on_at_first_sight_only()
    {
        UserEventMessage message = new(5, "a", Raw("01"), false);
        _host.Receive(message);
        _host.Receive(message);
        Assert.Single(_host.Events);
        Assert.Equal([message], _host.TakeBroadcasts<UserEventMessage>());
    }

    [Fact]
    public void Events_are_the_same_by_time_name_and_payload_and_CC_does_not_count()
    {
        _host.Receive(new UserEventMessage(5, "a", Raw("01"), false));
        _host.Receive(new UserEventMessage(5, "a", Raw("01"), true));
        Assert.Single(_host.Events);
        _host.Receive(new UserEventMessage(5, "a", Raw("02"), false));
        _host.Receive(new UserEventMessage(5, "b", Raw("01"), false));
        _host.Receive(new UserEventMessage(6, "a", Raw("01"), false));
        Assert.Equal(4, _host.Events.Count);
    }

    [Fact]
    public void An_event_older_than_the_ring_is_dropped()
    {
        _host.Receive(new UserEventMessage(1_000, "now", RawBytes.Nil, false));
        _host.Receive(new UserEventMessage(1_001 - 512, "old", RawBytes.Nil, false));
        _host.Receive(new UserEventMessage(1_001 - 513, "too old", RawBytes.Nil, false));
        Assert.Equal(["now", "old"], _host.Events.Select(received => received.Name));
        Assert.Equal(1, _host.Layer.Counters.TooOld);
    }

    [Fact]
    public void A_slot_is_used_again_when_its_time_is_over()
    {
        UserEventMessage first = new(1, "a", RawBytes.Nil, false);
        _host.Receive(first);
        _host.Receive(first with { Time = 513 });
        Assert.Equal([1UL, 513UL], _host.Events.Select(received => received.Time));
        Assert.True(SerfFields.TryRead(_host.Layer.WriteState(), out SerfState state));
        Assert.Equal([513UL], state.Events.Select(slot => slot!.Time));
    }

    [Fact]
    public void An_event_is_bounded_with_its_name()
    {
        _host.Layer.Fire("name", RawBytes.CopyOf(new byte[400]), coalesce: false);
        int fits = _host.Broadcasts[0].Message.Length;
        int most = 400 + (512 - fits);
        _host.Layer.Fire("name", RawBytes.CopyOf(new byte[most]), coalesce: false);
        Assert.Equal(512, _host.Broadcasts[1].Message.Length);
        ArgumentException refused = Assert.Throws<ArgumentException>(() => _host.Layer.Fire("name", RawBytes.CopyOf(new byte[most + 1]), coalesce: false));
        Assert.Contains("takes 513 bytes", refused.Message, StringComparison.Ordinal);
        Assert.Equal(2, _host.Events.Count);
    }

    [Fact]
    public void The_bound_may_be_raised_to_9_KiB_and_not_further()
    {
        SerfTestHost host = new(options: new SerfOptions { Name = "self", EventLength = int.MaxValue });
        host.Layer.Fire("name", RawBytes.CopyOf(new byte[9_000]), coalesce: false);
        Assert.Throws<ArgumentException>(() => host.Layer.Fire("name", RawBytes.CopyOf(new byte[9 * 1024]), coalesce: false));
    }

    [Fact]
    public void Events_of_one_time_are_bounded()
    {
        for (int i = 0; i < 1_000; i++)
        {
            _host.Receive(new UserEventMessage(5, $"e{i}", RawBytes.Nil, false));
        }

        Assert.Equal(SerfLimits.EventsOfOneTime, _host.Events.Count);
        Assert.Equal(1_000 - SerfLimits.EventsOfOneTime, _host.Layer.Counters.NoRoom);
        _host.Receive(new UserEventMessage(6, "next", RawBytes.Nil, false));
        Assert.Equal("next", _host.Events[^1].Name);
    }

    [Fact]
    public void Remembered_events_are_bounded_in_bytes_and_room_comes_with_time()
    {
        RawBytes payload = RawBytes.CopyOf(new byte[9_000]);
        for (int i = 0; i < 2_000; i++)
        {
            _host.Receive(new UserEventMessage(5 + (ulong)(i % 500), $"e{i}", payload, false));
        }

        Assert.InRange(_host.Events.Count, 900, 935);
        Assert.InRange(_host.Layer.WriteState().Length, 1, SerfLimits.RememberedEventBytes + 100_000);
        int before = _host.Events.Count;
        _host.Receive(new UserEventMessage(5 + 512, "later", payload, false));
        Assert.Equal(before + 1, _host.Events.Count);
    }

    [Fact]
    public void Of_events_that_may_be_merged_the_newest_of_a_name_is_delivered_after_a_quiet_second()
    {
        _host.Receive(new UserEventMessage(5, "a", Raw("05"), true));
        _host.Receive(new UserEventMessage(7, "a", Raw("07"), true));
        _host.Receive(new UserEventMessage(6, "a", Raw("06"), true));
        _host.Receive(new UserEventMessage(8, "b", Raw("08"), true));
        _host.Receive(new UserEventMessage(9, "c", Raw("09"), false));
        Assert.Equal(["c"], _host.Events.Select(received => received.Name));
        Assert.Equal(5, _host.Broadcasts.Count);
        _host.Pass(999);
        Assert.Single(_host.Events);
        _host.Pass(1);
        Assert.Equal([9UL, 7UL, 8UL], _host.Events.Select(received => received.Time));
        _host.Pass(10_000);
        Assert.Equal(3, _host.Events.Count);
    }

    [Fact]
    public void Events_without_end_are_merged_for_three_seconds_at_most()
    {
        for (int i = 0; i < 10; i++)
        {
            _host.Receive(new UserEventMessage((ulong)i + 1, "a", RawBytes.Nil, true));
            Assert.Equal(i < 6 ? [] : [6UL], _host.Events.Select(received => received.Time));
            _host.Pass(500);
        }
    }

    [Fact]
    public void Names_that_wait_to_be_merged_are_bounded()
    {
        for (int i = 0; i < SerfLimits.CoalescedNames + 5; i++)
        {
            _host.Receive(new UserEventMessage((ulong)i + 1, $"e{i}", RawBytes.Nil, true));
        }

        Assert.Equal(5, _host.Events.Count);
    }

    [Fact]
    public void Without_a_period_nothing_is_merged()
    {
        SerfTestHost host = new(options: new SerfOptions { Name = "self", CoalescePeriod = TimeSpan.Zero });
        host.Receive(new UserEventMessage(5, "a", RawBytes.Nil, true));
        Assert.Single(host.Events);
    }
}
