using System.Net;
using static Tidegate.Membership.Tests.Members.TestMembers;

namespace Tidegate.Membership.Tests.Members;

/// <summary>Somebody sets the machine's clock. Nothing that is waited for depends on it.</summary>
public sealed class WallClockTests
{
    [Theory]
    [InlineData(400)]
    [InlineData(-400)]
    public async Task A_wall_clock_that_jumps_changes_nothing(int days)
    {
        await using TestMembers members = new();
        JumpingTime time = new();
        Member one = await members.StartAsync("one", null, options => options with { TimeProvider = time });
        Member two = await members.StartAsync("two", one, options => options with { TimeProvider = time });
        Member three = await members.StartAsync("three", one, options => options with { TimeProvider = time });
        foreach (Member member in new[] { one, two, three })
        {
            await UntilAsync(member, view => view.Alive.Count() == 3);
        }

        List<string> told = [];
        one.MemberChanged += change => told.Add(change.ToString());
        DateTimeOffset before = time.GetUtcNow();
        time.Jump(TimeSpan.FromDays(days));

        // What happens now happens by the other clock: it is learnt of, and at the new time.
        two.Publish("later"u8.ToArray());
        await UntilAsync(one, view => view.Find("two")!.Record is not null);
        await UntilAsync(three, view => view.Find("two")!.Record is not null);
        await three.DisposeAsync();
        await UntilAsync(one, view => view.Find("three")!.State == MemberState.Failed);
        await UntilAsync(two, view => view.Find("three")!.State == MemberState.Failed);

        DateTimeOffset since = one.View.Find("three")!.Since;
        Assert.InRange(since - before, TimeSpan.FromDays(days), TimeSpan.FromDays(days) + TimeSpan.FromHours(1));
        Assert.Equal(MemberState.Alive, one.View.Find("two")!.State);
        Assert.DoesNotContain(told, line => line.Contains("two", StringComparison.Ordinal) && line.Contains("Failed", StringComparison.Ordinal));
        Assert.DoesNotContain(told, line => line.Contains("Forgotten", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_member_that_starts_again_with_a_clock_of_last_year_is_believed()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        Member two = await members.StartAsync("two", one, options => options with { Tags = new Dictionary<string, string> { ["life"] = "first" } });
        await UntilAsync(one, view => view.Find("two")?.Tags.GetValueOrDefault("life") == "first");
        IPEndPoint address = two.EndPoint;
        await two.DisposeAsync();

        JumpingTime late = new();
        late.Jump(TimeSpan.FromDays(-400));
        await members.StartAsync("two", one, options => options with
        {
            Listen = address,
            TimeProvider = late,
            Tags = new Dictionary<string, string> { ["life"] = "second" },
        });

        await UntilAsync(one, view => view.Find("two") is { State: MemberState.Alive } found && found.Tags.GetValueOrDefault("life") == "second");
    }

    /// <summary>The machine's timers and their clock; a wall clock that is set.</summary>
    private sealed class JumpingTime : TimeProvider
    {
        private long _ticks;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Volatile.Read(ref _ticks));

        internal void Jump(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}
