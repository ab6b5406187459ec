using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using static Tidegate.Membership.Tests.Members.TestMembers;

namespace Tidegate.Membership.Tests.Members;

/// <summary>Members that stop by themselves, leave, or lose their only other.</summary>
public sealed class StoppingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_member_that_breaks_stops_says_why_and_lets_nobody_wait()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one", null, options => options with { LoggerFactory = new Loggers(new BreakingLogger("two at")) });
        Member two = await members.StartAsync("two", one);
        await UntilAsync(one, view => view.Alive.Count() == 2);
        Task<QueryResult> query = one.QueryAsync("load", options: new QueryOptions { Timeout = TimeSpan.FromHours(1) });

        await two.DisposeAsync();

        Assert.Contains("it is broken", await one.Stopped.WaitAsync(Patience), StringComparison.Ordinal);
        InvalidOperationException failed = await Assert.ThrowsAsync<InvalidOperationException>(() => query.WaitAsync(Patience));
        Assert.Contains("it is broken", failed.Message, StringComparison.Ordinal);
        Assert.Contains("it is broken", (await Assert.ThrowsAsync<InvalidOperationException>(() => one.LeaveAsync())).Message, StringComparison.Ordinal);

        // It does not look alive to anybody.
        await RefusedAsync(one);
    }

    [Fact]
    public async Task A_member_that_leaves_publishes_nothing_any_more()
    {
        await using TestMembers members = new();
        Member one = await members.StartAsync("one");
        Member two = await members.StartAsync("two", one);
        two.Publish("ws://two/"u8.ToArray());
        await UntilAsync(one, view => view.Find("two")?.Record is not null);

        Task<LeaveResult> left = two.LeaveAsync();
        Assert.Contains("is leaving", Assert.Throws<InvalidOperationException>(() => two.Publish("ws://two/"u8.ToArray())).Message, StringComparison.Ordinal);
        two.Withdraw();
        Assert.Equal(LeaveResult.Announced, await left.WaitAsync(Patience));
        await UntilAsync(one, view => view.Find("two") is { State: MemberState.Left, Record: null });
    }

    [Fact]
    public async Task The_end_of_the_only_other_is_no_sign_of_being_cut_off()
    {
        LogLines log = new();
        await using TestMembers members = new();
        Member one = await members.StartAsync("one", null, options => options with { LoggerFactory = new Loggers(log) });
        Member two = await members.StartAsync("two", one);
        await UntilAsync(one, view => view.Alive.Count() == 2);
        await two.DisposeAsync();
        await UntilAsync(one, view => view.Find("two")!.State == MemberState.Failed);
        Assert.DoesNotContain(log.All, line => line.Contains("cut off", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_loses_all_of_many_others_says_that_it_may_be_cut_off()
    {
        LogLines log = new();
        await using TestMembers members = new();
        Member one = await members.StartAsync("one", null, options => options with { LoggerFactory = new Loggers(log) });
        List<Member> others = [];
        for (int i = 0; i < 6; i++)
        {
            others.Add(await members.StartAsync($"other-{i}", one));
        }

        await UntilAsync(one, view => view.Alive.Count() == 7);
        await Task.WhenAll(others.Select(other => other.DisposeAsync().AsTask()));
        await UntilAsync(one, view => view.Alive.Count() == 1);
        Assert.Contains(log.All, line => line.StartsWith("Warning: Most other", StringComparison.Ordinal));
    }

    private static async Task RefusedAsync(Member member)
    {
        for (long end = Environment.TickCount64 + (long)Patience.TotalMilliseconds; ; await Task.Delay(20))
        {
            using TcpClient client = new();
            try
            {
                await client.ConnectAsync(member.EndPoint);
                Assert.True(Environment.TickCount64 < end, "it still listens");
            }
            catch (SocketException)
            {
                return;
            }
        }
    }

    private sealed class Loggers(ILogger logger) : ILoggerFactory
    {
        public ILogger CreateLogger(string categoryName) => logger;

        public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

        public void Dispose()
        {
        }
    }

    /// <summary>Throws for lines about a member's end, as a full disk might.</summary>
    private sealed class BreakingLogger(string about) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            string line = formatter(state, exception);
            if (line.Contains(about, StringComparison.Ordinal) && line.Contains("is down", StringComparison.Ordinal))
            {
                throw new InvalidOperationException("it is broken");
            }
        }
    }
}
