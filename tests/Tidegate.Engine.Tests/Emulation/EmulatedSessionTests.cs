using System.Net.Sockets;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Emulation;

/// <summary>The times of an emulated WebSocket, and what becomes of what is sent while nobody fetches it.</summary>
public sealed class EmulatedSessionTests() : EngineTest(EventSource.Portable)
{
    private static readonly byte[] s_noop = [1, (byte)'0', (byte)'0', 0xff];
    private static readonly byte[] s_reconnect = [1, (byte)'0', (byte)'1', 0xff];
    private static readonly byte[] s_close = [1, (byte)'0', (byte)'2', 0xff];
    private readonly ManualTime _time = new();
    private int _gone;

    [Fact]
    public void A_session_that_nobody_fetches_from_ends()
    {
        (EmulatedSession session, SessionProbe probe) = Open();
        Pass(59);
        Assert.False(probe.End.IsCompleted);
        Pass(2);
        SessionEnd end = Bounded.Result(probe.End);
        Assert.Equal((CloseStatus.AbnormalClosure, SocketError.TimedOut, true), (end.Status, end.Error, end.ByPeer));
        Assert.True(session.IsGone);
        Assert.Equal(1, _gone);
    }

    [Fact]
    public void What_is_sent_while_nobody_fetches_waits_and_the_next_response_brings_it()
    {
        (EmulatedSession session, SessionProbe _) = Open();
        OnLoop(() => session.Send("one"u8, MessageKind.Text));
        Pass(30);
        Downstream first = Attach(session, new Downstream(longPolls: true, long.MaxValue, default));
        Assert.Equal([0x81, 3, .. "one"u8, .. s_reconnect], Take(session, first).Bytes.ToArray());
        Pass(59);
        Downstream second = Attach(session, new Downstream(longPolls: false, long.MaxValue, s_noop));
        DownstreamPart part = Take(session, second);
        Assert.Equal(s_noop, part.Bytes.ToArray());
        Assert.False(part.IsLast);
        Pass(30);
        Assert.False(session.IsGone);
    }

    [Fact]
    public void A_quiet_response_says_something_before_the_client_gives_up()
    {
        (EmulatedSession session, SessionProbe _) = Open();
        Downstream down = Attach(session, new Downstream(longPolls: false, long.MaxValue, default));
        Task<DownstreamPart> next = OnLoop(() => session.TakeAsync(down));
        Pass(44);
        Assert.False(next.IsCompleted);
        Pass(2);
        Assert.Equal(s_noop, Bounded.Result(next).Bytes.ToArray());
    }

    [Fact]
    public void A_client_that_does_not_answer_pings_is_given_up()
    {
        (EmulatedSession session, SessionProbe probe) = Open(new EmulationOptions { AnswersPings = true, InactivityTimeout = TimeSpan.FromSeconds(10) });
        Downstream down = Attach(session, new Downstream(longPolls: false, long.MaxValue, default));
        Task<DownstreamPart> next = OnLoop(() => session.TakeAsync(down));
        Pass(5.1);
        Assert.Equal([0x89, 0], Bounded.Result(next).Bytes.ToArray());
        next = OnLoop(() => session.TakeAsync(down));
        Pass(5.1);
        Assert.Equal("the client did not answer a ping", Bounded.Result(probe.End).Reason);
        Assert.True(Bounded.Result(next).IsBroken);
    }

    [Fact]
    public void A_client_that_does_not_answer_a_close_is_given_up_after_the_close_timeout()
    {
        (EmulatedSession session, SessionProbe probe) = Open();
        Downstream down = Attach(session, new Downstream(longPolls: false, long.MaxValue, default));
        OnLoop(() => session.Close(CloseStatus.NormalClosure));
        DownstreamPart part = Take(session, down);
        Assert.Equal([.. s_close, .. s_reconnect], part.Bytes.ToArray());
        Assert.True(part.IsLast);
        Pass(4);
        Assert.False(probe.End.IsCompleted);
        Pass(1.5);
        Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End).Error);
    }

    [Fact]
    public void An_answered_close_is_an_end_in_order()
    {
        (EmulatedSession session, SessionProbe probe) = Open();
        OnLoop(() =>
        {
            session.Close(CloseStatus.GoingAway, "over");
            ((IUpstreamSink)session).OnClose();
        });
        SessionEnd end = Bounded.Result(probe.End);
        Assert.Equal((CloseStatus.GoingAway, "over", true, false), (end.Status, end.Reason, end.IsOrderly, end.ByPeer));
        // The client may still fetch that.
        Assert.False(session.IsGone);
        Downstream down = Attach(session, new Downstream(longPolls: false, long.MaxValue, default));
        Assert.Equal([.. s_close, .. s_reconnect], Take(session, down).Bytes.ToArray());
        Assert.True(session.IsGone);
    }

    [Fact]
    public void A_handler_is_told_when_too_much_waits_and_when_it_was_fetched()
    {
        int congested = 0, drained = 0;
        (EmulatedSession session, SessionProbe _) = Open(probe: new SessionProbe { Congested = _ => congested++, Drained = _ => drained++ });
        OnLoop(() =>
        {
            session.SetWaterMarks(1000, 500);
            session.Send(new byte[900], MessageKind.Binary);
            session.Send(new byte[900], MessageKind.Binary);
            session.Send(new byte[900], MessageKind.Binary);
        });
        Assert.Equal((1, 0), (congested, drained));
        Downstream down = Attach(session, new Downstream(longPolls: false, long.MaxValue, default));
        Assert.Equal(3 * 903, Take(session, down).Bytes.Length);
        Assert.Equal((1, 1), (congested, drained));
    }

    [Fact]
    public void A_message_in_parts_is_one_frame_and_too_long_a_one_closes()
    {
        (EmulatedSession session, SessionProbe _) = Open(new EmulationOptions { TellsText = true, MaximumGathered = 10 });
        Downstream down = Attach(session, new Downstream(longPolls: false, long.MaxValue, default));
        OnLoop(() =>
        {
            session.Relay("on"u8.ToArray(), MessageKind.Text, endOfMessage: false);
            session.Relay("e"u8.ToArray(), MessageKind.Text, endOfMessage: true);
        });
        Assert.Equal([0x81, 3, .. "one"u8], Take(session, down).Bytes.ToArray());
        OnLoop(() => session.Relay(new byte[11], MessageKind.Text, endOfMessage: false));
        Assert.Equal([.. s_close, .. s_reconnect], Take(session, down).Bytes.ToArray());
    }

    [Fact]
    public void Responses_that_take_over_from_each_other_leave_no_timers_behind()
    {
        (EmulatedSession session, SessionProbe _) = Open();
        Attach(session, new Downstream(longPolls: false, long.MaxValue, default));
        int before = OnLoop(() => Loop.Timers.Count);
        for (int i = 0; i < 100; i++)
        {
            Attach(session, new Downstream(longPolls: false, long.MaxValue, default));
        }

        Assert.Equal(before, OnLoop(() => Loop.Timers.Count));
        OnLoop(session.Abort);
        Assert.Equal(0, OnLoop(() => Loop.Timers.Count));
    }

    [Fact]
    public void A_session_that_is_over_leaves_no_timer_behind_for_its_inactivity()
    {
        (EmulatedSession session, SessionProbe _) = Open(new EmulationOptions { AnswersPings = true, InactivityTimeout = TimeSpan.FromHours(1) });
        OnLoop(session.Abort);
        Assert.Equal(0, OnLoop(() => Loop.Timers.Count));

        // Nor where it is over before its service is ready.
        var early = new EmulatedSession(Loop, new EmulationOptions { AnswersPings = true, InactivityTimeout = TimeSpan.FromHours(1) }, null, null, _ => _gone++);
        OnLoop(early.Abort);
        OnLoop(early.Start);
        Assert.Equal(0, OnLoop(() => Loop.Timers.Count));
    }

    [Fact]
    public void A_drain_closes_one_as_well_that_was_opened_while_the_others_were_closed()
    {
        (EmulatedSession session, SessionProbe _) = Open();
        Task waiting = Loops.AwaitApartAsync(CloseStatus.ServiceRestart, "restart", CancellationToken.None);
        Bounded.Until(() => OnLoop(() => session.IsClosing), "the session is closed");
        Assert.False(waiting.IsCompleted);

        Bounded.Until(
            () =>
            {
                Pass(0.1);
                return waiting.IsCompleted;
            },
            "nobody waits for a client that does not come");
        Assert.True(OnLoop(() => session.IsGone));
    }

    [Fact]
    public void A_request_whose_last_frame_ends_the_session_is_answered_though_the_handler_had_no_room()
    {
        (EmulatedSession session, SessionProbe probe) = Open(probe: new SessionProbe { Received = (session, _, _, _) => session.PauseReading() });
        Downstream down = Attach(session, new Downstream(longPolls: false, long.MaxValue, default));
        Task<DownstreamPart> last = OnLoop(() => session.TakeAsync(down));
        Task<string?> received = OnLoop(() =>
        {
            session.CloseSending(CloseStatus.NormalClosure);
            Assert.Null(session.BeginUpstream(EmulationEncoding.Binary, null));
            return session.ReceiveAsync((byte[])[0x80, 1, 0xff, .. s_close, .. s_reconnect]);
        });
        Assert.Equal([.. s_close, .. s_reconnect], Bounded.Result(last).Bytes.ToArray());
        Assert.True(Bounded.Result(probe.End).IsOrderly);
        Assert.Null(Bounded.Result(received));
        Assert.Null(OnLoop(() => session.EndUpstream(whole: true)));
    }

    private (EmulatedSession Session, SessionProbe Probe) Open(EmulationOptions? options = null, SessionProbe? probe = null)
    {
        StartLoops(loops => loops with { TimeProvider = _time });
        probe ??= new SessionProbe();
        var session = new EmulatedSession(Loop, options ?? new EmulationOptions { TellsText = true }, null, null, _ => _gone++) { Handler = probe };
        OnLoop(session.Start);
        return (session, probe);
    }

    private Downstream Attach(EmulatedSession session, Downstream downstream)
    {
        Assert.Null(OnLoop(() => session.Attach(downstream, null)));
        return downstream;
    }

    private DownstreamPart Take(EmulatedSession session, Downstream downstream) => Bounded.Result(OnLoop(() => session.TakeAsync(downstream)));

    private void Pass(double seconds)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        Turns();
    }
}
