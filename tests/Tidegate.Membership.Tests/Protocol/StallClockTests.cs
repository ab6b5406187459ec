using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Tests.Protocol;

public sealed class StallClockTests
{
    [Fact]
    public void Time_that_is_looked_at_when_it_should_be_passes_as_it_is()
    {
        StallClock clock = new(enabled: true);
        clock.Observe(0, long.MaxValue);
        clock.Observe(100, 100);
        clock.Observe(205, 200);
        Assert.Equal(205, clock.Now);
        Assert.Equal(0, clock.Stalled);
    }

    [Fact]
    public void A_stall_is_not_counted_and_timers_wait_a_moment_after_it()
    {
        StallClock clock = new(enabled: true);
        clock.Observe(0, long.MaxValue);
        clock.Observe(30_000, due: 100);
        Assert.Equal(100 - StallClock.Grace, clock.Now);
        Assert.Equal(30_000 + StallClock.Grace, clock.ToHost(100));
    }

    [Fact]
    public void A_process_that_is_always_late_still_gets_on()
    {
        StallClock clock = new(enabled: true);
        clock.Observe(0, long.MaxValue);
        long host = 0;
        for (int i = 0; i < 20 && clock.Now < 100; i++)
        {
            host = clock.ToHost(100) + 50;
            clock.Observe(host, due: 100);
        }

        Assert.True(clock.Now >= 100);
    }

    [Fact]
    public void A_clock_that_goes_back_stands_still()
    {
        StallClock clock = new(enabled: true);
        clock.Observe(1_000, long.MaxValue);
        clock.Observe(10, long.MaxValue);
        Assert.Equal(1_000, clock.Now);
        clock.Observe(1_001, long.MaxValue);
        Assert.Equal(1_001, clock.Now);
    }

    [Fact]
    public void A_process_that_stood_still_accuses_nobody()
    {
        Assert.Empty(AccusationsAfterStall(Additions.None));
    }

    [Fact]
    public void Without_that_clock_it_would_accuse_somebody() =>
        Assert.NotEmpty(AccusationsAfterStall(Additions.StallClock));

    // The process stops while a ping is under way; the ack waits in its socket when it goes on, and timers are looked at first.
    private static string[] AccusationsAfterStall(Additions without)
    {
        Script script = new(without);
        script.With(3);
        script.Run(1_000);
        script.Answering.Clear();
        int before = script.Sent<Tidegate.Membership.Wire.PingMessage>().Count();
        script.Until(() => script.Sent<Tidegate.Membership.Wire.PingMessage>().Count() > before);
        uint seqNo = script.Sent<Tidegate.Membership.Wire.PingMessage>().Last().Message.SeqNo;
        MemberAddress asked = script.Sent<Tidegate.Membership.Wire.PingMessage>().Last().To;
        script.Stall(5_000);
        script.Core.OnMessage(script.Now, asked, Tidegate.Membership.Tests.Wire.WireBytes.Written(new Tidegate.Membership.Wire.AckMessage(seqNo, default)));
        script.Answering.UnionWith([Script.At(2), Script.At(3), Script.At(4)]);
        script.Run(2_000);
        return [.. script.Sent<Tidegate.Membership.Wire.SuspectMessage>().Select(sent => sent.Message.Node)];
    }
}
