using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>What is good once: here for certain, and in a cluster as far as it is told.</summary>
public sealed class UsedOnceTests
{
    private static readonly TimeSpan s_life = TimeSpan.FromMinutes(5);

    [Fact]
    public void It_is_remembered_for_longer_than_it_is_good()
    {
        var time = new MovingTime();
        var used = new UsedOnce(time);
        Assert.True(used.TryUse("token", "a", s_life));

        time.Advance(s_life);

        Assert.False(used.TryUse("token", "a", s_life));
        Assert.True(used.TryUse("ticket", "a", s_life));
    }

    [Fact]
    public void One_too_many_is_refused_and_none_is_forgotten_for_it()
    {
        var used = new UsedOnce(new MovingTime());
        for (int i = 0; i < UsedOnce.Maximum; i++)
        {
            Assert.True(used.TryUse("token", $"{i}", s_life));
        }

        Assert.Throws<LoginUnavailableException>(() => used.TryUse("token", "more", s_life));
        Assert.False(used.TryUse("token", "0", s_life));
    }

    [Fact]
    public void What_others_tell_takes_no_room_of_ones_own_and_is_bounded_too()
    {
        var used = new UsedOnce(new MovingTime());
        for (int i = 0; i < UsedOnce.Maximum + 10; i++)
        {
            used.Learn(UsedHash.Of($"token:{i}"), s_life);
        }

        Assert.False(used.TryUse("token", "0", s_life));
        Assert.True(used.TryUse("token", $"{UsedOnce.Maximum + 5}", s_life));
    }

    [Fact]
    public async Task What_is_used_at_one_member_is_refused_at_another_that_has_heard_of_it()
    {
        var time = new MovingTime();
        var here = new UsedOnce(time);
        var there = new UsedOnce(time);
        using var listener = new SharedUses(there, _ => { }, time);
        var told = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var teller = new SharedUses(
            here,
            bytes =>
            {
                listener.Learn(BalanceRecord.ReadUsed(BalanceRecord.Write([], used: bytes)).Span);
                told.TrySetResult();
            },
            time);

        Assert.True(here.TryUse("token", "a", s_life));
        await told.Task.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.False(there.TryUse("token", "a", s_life));
        Assert.True(there.TryUse("token", "b", s_life));
        // Until it is good no more in any case.
        time.Advance(s_life + TimeSpan.FromMinutes(2));
        Assert.True(there.TryUse("token", "a", s_life));
    }

    [Fact]
    public void What_a_member_tells_that_is_nonsense_does_no_harm()
    {
        var used = new UsedOnce(new MovingTime());
        using var uses = new SharedUses(used, _ => { }, new MovingTime());

        uses.Learn([1, 2, 3]);
        uses.Learn(new byte[20]);
        uses.Learn([.. Enumerable.Repeat((byte)0xff, 1_000_000)]);

        Assert.True(used.TryUse("token", "a", s_life));
        Assert.True(BalanceRecord.ReadUsed("{\"targets\":[],\"used\":\"?\"}"u8).IsEmpty);
        Assert.True(BalanceRecord.ReadUsed("{\"targets\":[]}"u8).IsEmpty);
    }

    [Fact]
    public async Task Of_very_many_the_last_ones_are_told_and_not_one_by_one()
    {
        var time = new MovingTime();
        var used = new UsedOnce(time);
        var lengths = new System.Collections.Concurrent.ConcurrentQueue<int>();
        using var uses = new SharedUses(used, bytes => lengths.Enqueue(bytes.Length), time);
        for (int i = 0; i < 1000; i++)
        {
            used.TryUse("token", $"{i}", s_life);
        }

        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!lengths.Contains(SharedUses.Maximum * 20))
        {
            await Task.Delay(20, patience.Token);
        }

        Assert.InRange(lengths.Count, 1, 100);
    }

    /// <summary>Both clocks are moved by hand; timers are real ones.</summary>
    private sealed class MovingTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Interlocked.Read(ref _ticks);

        public override DateTimeOffset GetUtcNow() => new(new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc) + TimeSpan.FromTicks(GetTimestamp()));

        internal void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
    }
}
