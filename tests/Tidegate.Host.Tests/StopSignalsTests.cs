namespace Tidegate.Host.Tests;

public sealed class StopSignalsTests
{
    [Fact]
    public void A_signal_that_comes_twice_at_once_is_one_and_a_later_one_ends_the_process()
    {
        var time = new HandTime();
        var exits = new List<int>();
        using var signals = new StopSignals(time, exits.Add);

        signals.Received(143);
        time.Now += StopSignals.SameSignal - TimeSpan.FromTicks(1);
        signals.Received(143);
        Assert.True(signals.Requested.IsCancellationRequested);
        Assert.Empty(exits);

        time.Now += TimeSpan.FromTicks(1);
        signals.Received(130);
        Assert.Equal([130], exits);
    }

    [Theory]
    [InlineData(143, true)]
    [InlineData(130, false)]
    public void Sigterm_asks_politely_and_a_keyboard_does_not(int first, bool polite)
    {
        var time = new HandTime();
        using var signals = new StopSignals(time, static _ => { });

        signals.Received(first);
        signals.Received(first == 143 ? 130 : 143);

        Assert.Equal(polite, signals.IsPolite);
    }

    private sealed class HandTime : TimeProvider
    {
        internal TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
