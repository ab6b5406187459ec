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

    [Fact]
    public void The_exit_code_is_that_of_the_first_signal()
    {
        using var signals = new StopSignals(new HandTime(), static _ => { });
        Assert.Equal(0, signals.ExitCode);

        signals.Received(143);
        signals.Received(130);

        Assert.Equal(143, signals.ExitCode);
    }

    [Fact]
    public void A_stop_that_is_asked_for_without_a_signal_is_as_by_ctrl_c_and_never_a_second_one()
    {
        var exits = new List<int>();
        var time = new HandTime();
        var signals = new StopSignals(time, exits.Add);

        signals.Request();
        Assert.True(signals.Requested.IsCancellationRequested);
        Assert.False(signals.IsPolite);
        time.Now += TimeSpan.FromHours(1);
        signals.Request();
        Assert.Empty(exits);

        // Standard input may end when everything else has.
        signals.Dispose();
        signals.Request();
        var ended = new StopSignals(time, exits.Add);
        ended.Dispose();
        ended.Request();
        Assert.Empty(exits);
    }

    private sealed class HandTime : TimeProvider
    {
        internal TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
