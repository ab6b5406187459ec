namespace Tidegate.Gateway.Tests;

/// <summary>A clock that stands still until it is moved, and whose timers never fire: what they would do, a test does itself.</summary>
internal sealed class TimerlessTime : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new Never();

    internal void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);

    private sealed class Never : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
