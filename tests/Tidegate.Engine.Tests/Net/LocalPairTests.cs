using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

/// <summary>Connections inside the process behave as sockets do, whichever loops they belong to.</summary>
public abstract class LocalPairTests(EventSource source) : EngineTest(source)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void What_is_written_at_one_end_arrives_at_the_other_and_the_end_follows(int loops)
    {
        StartLoops(options => options with { Loops = loops });
        var near = new Probe();
        var far = new Probe { Received = static (connection, data) => connection.Write(data.Span), ReceiveEnded = static connection => connection.EndSending() };
        var (connection, _, over) = Open(near, far);
        byte[] sent = Pattern.Bytes(1_000_000);

        OnLoop(() =>
        {
            connection.Write(sent);
            connection.EndSending();
        });

        Bounded.Wait(near.ReceiveEnd);
        near.ExpectBytes(sent);
        OnLoop(() => connection.Close(TimeSpan.FromSeconds(5)));
        Bounded.Wait(over);
        Assert.Null(Bounded.Result(near.End));
        Assert.Null(Bounded.Result(far.End));
        Bounded.Until(() => Loops.All.Sum(loop => loop.ConnectionCount) == 0, "nothing is left");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Who_does_not_read_holds_the_other_back_and_loses_nothing(int loops)
    {
        StartLoops(options => options with { Loops = loops });
        var congested = new TaskCompletionSource();
        var near = new Probe { Congested = _ => congested.TrySetResult() };
        var far = new Probe();
        var (connection, other, _) = Open(near, far, other => other.PauseReading());
        byte[] sent = Pattern.Bytes(1_000_000);

        OnLoop(() => connection.Write(sent));
        Bounded.Wait(congested.Task);
        Turns();
        long waiting = OnLoop(() => connection.PendingBytes);
        // One write of 64 KiB may go beyond the bound of the pipe.
        Assert.InRange(waiting, sent.Length - (2 * LocalPair.MaximumUnread) - 1, sent.Length);
        Assert.Equal(0, far.Count);

        OnLoop(other.ResumeReading, LastLoop);
        far.ExpectBytes(sent);
        Bounded.Until(() => OnLoop(() => connection.PendingBytes) == 0, "all is sent");
        OnLoop(connection.Abort);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void An_end_that_is_cut_off_resets_the_other(int loops)
    {
        StartLoops(options => options with { Loops = loops });
        var near = new Probe();
        var far = new Probe();
        var (connection, _, over) = Open(near, far);

        OnLoop(connection.Abort);

        Assert.Equal(SocketError.ConnectionReset, Bounded.Result(far.End));
        Bounded.Wait(over);
        Bounded.Until(() => Loops.All.Sum(loop => loop.ConnectionCount) == 0, "nothing is left");
    }

    [Fact]
    public void An_end_that_is_cut_off_while_much_waits_resets_the_other_too()
    {
        StartLoops(options => options with { Loops = 2 });
        var near = new Probe();
        var far = new Probe();
        var (connection, other, over) = Open(near, far, other => other.PauseReading());
        OnLoop(() => connection.Write(Pattern.Bytes(1_000_000)));

        OnLoop(other.Abort, LastLoop);

        Assert.Equal(SocketError.ConnectionReset, Bounded.Result(near.End));
        Bounded.Wait(over);
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(2, false)]
    public void Whether_what_came_was_cut_short_is_known_at_the_other_end(int loops, bool cut)
    {
        StartLoops(options => options with { Loops = loops });
        var near = new Probe();
        bool? truncated = null;
        var far = new Probe { ReceiveEnded = connection => truncated = connection.IsReceiveTruncated };
        var (connection, other, over) = Open(near, far);
        byte[] sent = Pattern.Bytes(300_000);

        OnLoop(() =>
        {
            connection.Write(sent);
            if (cut)
            {
                connection.CloseTruncated(TimeSpan.FromSeconds(60));
            }
            else
            {
                connection.Close(TimeSpan.FromSeconds(60));
            }
        });

        Bounded.Wait(far.ReceiveEnd);
        Assert.Equal(cut, truncated);
        far.ExpectBytes(sent);
        OnLoop(() => other.Close(TimeSpan.FromSeconds(60)), LastLoop);
        Bounded.Wait(over);
    }

    private EventLoop LastLoop => Loops.All[^1];

    private (TcpConnection Near, TcpConnection Far, Task Over) Open(Probe near, Probe far, Action<TcpConnection>? farOpened = null)
    {
        var nearOpen = new TaskCompletionSource<TcpConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        var farOpen = new TaskCompletionSource<TcpConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task over = LocalPair.OpenAsync(
            Loop,
            connection =>
            {
                connection.Handler = near;
                nearOpen.SetResult(connection);
            },
            LastLoop,
            connection =>
            {
                farOpened?.Invoke(connection);
                connection.Handler = far;
                farOpen.SetResult(connection);
            });
        return (Bounded.Result(nearOpen.Task), Bounded.Result(farOpen.Task), over);
    }
}

public sealed class LocalPairOnEpollTests() : LocalPairTests(EventSource.Epoll);

public sealed class LocalPairOnPortableTests() : LocalPairTests(EventSource.Portable);
