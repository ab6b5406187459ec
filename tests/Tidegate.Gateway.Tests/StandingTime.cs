namespace Tidegate.Gateway.Tests;

/// <summary>A clock that stands still until it is moved; its timers are real ones.</summary>
internal sealed class StandingTime : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    internal void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
}
