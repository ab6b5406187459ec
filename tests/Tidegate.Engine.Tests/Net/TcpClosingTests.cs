using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Net;

public abstract class TcpClosingTests(EventSource source) : EngineTest(source)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);

    [Fact]
    public void The_peer_may_end_its_side_and_still_be_answered()
    {
        var probe = new Probe { ReceiveEnded = connection => { connection.Write("answer"u8); connection.EndSending(); } };
        var (peer, _) = Pair(probe);
        peer.Send("question"u8);
        peer.EndSending();
        Assert.Equal("answer"u8.ToArray(), peer.ReceiveToEnd());
        Assert.Null(Bounded.Result(probe.End));
        Assert.Equal("question"u8.ToArray(), probe.Bytes);
        Assert.Equal("rex", probe.Calls.ToString());
    }

    [Fact]
    public void This_side_may_end_sending_and_still_receives()
    {
        var probe = new Probe();
        var (peer, connection) = Pair(probe);
        OnLoop(() =>
        {
            connection.Write("all of it"u8);
            connection.EndSending();
            connection.Write("dropped"u8);
        });
        Assert.Equal("all of it"u8.ToArray(), peer.ReceiveToEnd());
        peer.Send("late"u8);
        peer.EndSending();
        Assert.Null(Bounded.Result(probe.End));
        Assert.Equal("late"u8.ToArray(), probe.Bytes);
    }

    [Fact]
    public void Ending_the_sending_flushes_what_waits_first()
    {
        const int Length = 24 * 1024 * 1024;
        var probe = new Probe();
        var (peer, connection) = Pair(probe, receiveBuffer: 16 * 1024);
        OnLoop(() =>
        {
            connection.Write(Pattern.Bytes(Length));
            connection.EndSending();
        });
        Assert.Equal(Length, Pattern.Check(peer.ReceiveToEnd(), 0));
        peer.EndSending();
        Assert.Null(Bounded.Result(probe.End));
    }

    [Fact]
    public void A_graceful_close_flushes_everything_owed_and_ends_without_an_error()
    {
        const int Length = 24 * 1024 * 1024;
        var probe = new Probe();
        var (peer, connection) = Pair(probe, receiveBuffer: 16 * 1024);
        OnLoop(() =>
        {
            connection.SetWaterMarks(int.MaxValue, 0);
            connection.Write(Pattern.Bytes(Length));
            connection.Close(Bound);
            Assert.True(connection.PendingBytes > 0);
        });
        Assert.Equal(Length, Pattern.Check(peer.ReceiveToEnd(), 0));
        Assert.False(probe.End.IsCompleted);
        peer.EndSending();
        Assert.Null(Bounded.Result(probe.End));
        Assert.Equal("x", probe.Calls.ToString());
    }

    [Fact]
    public void A_graceful_close_drops_what_still_arrives()
    {
        var probe = new Probe();
        var (peer, connection) = Pair(probe);
        OnLoop(() => connection.Close(Bound));
        peer.ExpectEnd();
        peer.Send(Pattern.Bytes(1024 * 1024));
        peer.EndSending();
        Assert.Null(Bounded.Result(probe.End));
        Assert.Empty(probe.Bytes);
    }

    [Fact]
    public void A_close_that_the_peer_does_not_answer_is_cut_off_after_its_bound()
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        var probe = new Probe();
        var (peer, connection) = Pair(probe);
        OnLoop(() => connection.Close(TimeSpan.FromSeconds(5)));
        peer.ExpectEnd();
        time.Advance(TimeSpan.FromMilliseconds(4990));
        Turns();
        Assert.False(probe.End.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(30));
        Turns();
        Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End));
    }

    [Fact]
    public void What_the_system_has_taken_still_arrives_when_a_close_is_cut_off()
    {
        const int Length = 64 * 1024;
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        var probe = new Probe();
        var (peer, connection) = Pair(probe, receiveBuffer: 4 * 1024);
        OnLoop(() =>
        {
            connection.Write(Pattern.Bytes(Length));
            connection.Close(TimeSpan.FromSeconds(5));
        });
        Bounded.Until(() => OnLoop(() => connection.PendingBytes) == 0, "the system has taken all");
        time.Advance(TimeSpan.FromSeconds(6));
        Turns();
        Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End));
        Assert.Equal(Length, Pattern.Check(peer.ReceiveToEnd(), 0));
    }

    [Fact]
    public void A_close_goes_on_while_reading_was_paused()
    {
        var probe = new Probe();
        var (peer, connection) = Pair(connection =>
        {
            connection.PauseReading();
            connection.Handler = probe;
        });
        peer.Send(Pattern.Bytes(1000));
        peer.EndSending();
        Turns();
        OnLoop(() => connection.Close(Bound));
        Assert.Null(Bounded.Result(probe.End));
    }

    [Fact]
    public void Pausing_does_not_hold_up_a_close_that_has_begun()
    {
        var probe = new Probe();
        var (peer, connection) = Pair(probe);
        OnLoop(() =>
        {
            connection.Close(Bound);
            connection.PauseReading();
        });
        peer.ExpectEnd();
        peer.EndSending();
        Assert.Null(Bounded.Result(probe.End));
    }

    [Fact]
    public void An_abort_resets_the_connection()
    {
        var probe = new Probe();
        var (peer, connection) = Pair(probe);
        OnLoop(connection.Abort);
        peer.ExpectReset();
        Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End));
        Assert.True(OnLoop(() => connection.IsEnded));
    }

    [Fact]
    public void A_reset_by_the_peer_ends_the_connection_with_its_error()
    {
        var probe = new Probe();
        var (peer, _) = Pair(probe);
        peer.Reset();
        Assert.Equal(SocketError.ConnectionReset, Bounded.Result(probe.End));
        Assert.Equal(0, Loop.ConnectionCount);
    }

    [Fact]
    public void What_a_peer_said_before_it_broke_the_connection_is_still_handed_out()
    {
        var probe = new Probe();
        var (peer, connection) = Pair(connection =>
        {
            connection.PauseReading();
            connection.Handler = probe;
        });
        peer.Send("last words"u8);
        peer.Reset();
        OnLoop(() => connection.Write("too late"u8));
        Turns();
        OnLoop(connection.ResumeReading);
        Assert.Contains(Bounded.Result(probe.End), new SocketError?[] { SocketError.ConnectionReset, SocketError.Shutdown });
        Assert.Equal("last words"u8.ToArray(), probe.Bytes);
        Assert.Equal("rx", probe.Calls.ToString());
    }

    [Fact]
    public void A_broken_connection_that_stays_paused_ends_within_a_bound()
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        var probe = new Probe();
        var (peer, connection) = Pair(connection =>
        {
            connection.PauseReading();
            connection.Handler = probe;
        });
        peer.Send("not read"u8);
        peer.Reset();
        OnLoop(() => connection.Write("too late"u8));
        Turns();
        Assert.False(probe.End.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(5020));
        Turns();
        Assert.NotNull(Bounded.Result(probe.End));
    }
}

public sealed class TcpClosingOnEpollTests() : TcpClosingTests(EventSource.Epoll)
{
    // The portable event source says nothing more of a socket that was read to its end.
    [Fact]
    public void A_reset_after_the_peer_has_ended_its_side_ends_the_connection()
    {
        var probe = new Probe();
        var (peer, _) = Pair(probe);
        peer.EndSending();
        Bounded.Wait(probe.ReceiveEnd);
        peer.Reset();
        if (IsEpoll)
        {
            Assert.NotNull(Bounded.Result(probe.End));
        }
    }

    // Nor does it of one that is not being read.
    [Fact]
    public void A_reset_ends_a_paused_connection_at_once()
    {
        var probe = new Probe();
        var (peer, _) = Pair(connection =>
        {
            connection.PauseReading();
            connection.Handler = probe;
        });
        peer.Reset();
        if (IsEpoll)
        {
            Assert.Equal(SocketError.ConnectionReset, Bounded.Result(probe.End));
            Assert.Equal("x", probe.Calls.ToString());
        }
    }

    [Fact]
    public void A_reset_ends_a_paused_connection_whose_peer_takes_nothing()
    {
        var probe = new Probe();
        var (peer, connection) = Pair(connection =>
        {
            connection.PauseReading();
            connection.Handler = probe;
        }, receiveBuffer: 16 * 1024);
        OnLoop(() => connection.Write(Pattern.Bytes(16 * 1024 * 1024)));
        peer.Reset();
        if (IsEpoll)
        {
            Assert.Equal(SocketError.ConnectionReset, Bounded.Result(probe.End));
        }
    }

    [Fact]
    public void What_came_before_a_reset_is_handed_out_when_reading_goes_on()
    {
        var probe = new Probe();
        var (peer, connection) = Pair(connection =>
        {
            connection.PauseReading();
            connection.Handler = probe;
        });
        peer.Send("last words"u8);
        peer.Reset();
        Turns(10);
        OnLoop(connection.ResumeReading);
        Assert.NotNull(Bounded.Result(probe.End));
        Assert.Equal("last words"u8.ToArray(), probe.Bytes);
    }
}

public sealed class TcpClosingOnPortableTests() : TcpClosingTests(EventSource.Portable);
