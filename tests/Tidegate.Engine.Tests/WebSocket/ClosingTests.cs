using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

/// <summary>RFC 6455, sections 5.5.1 and 7: the closing handshake and its statuses.</summary>
public abstract class ClosingTests(EventSource source) : WebSocketTest(source)
{
    // Section 7.4, and the registry that it opened.
    public static TheoryData<int> ValidStatuses => [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];

    public static TheoryData<int> InvalidStatuses => [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];

    [Theory]
    [MemberData(nameof(ValidStatuses))]
    public void A_close_is_echoed_with_its_status_and_told_with_its_reason(int status)
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Send(Wire.CloseFrame(status, "so long ✓"));
        Assert.Equal(string.Empty, peer.ExpectClose(status));
        peer.EndSending();
        Assert.Equal(new SessionEnd((CloseStatus)status, "so long ✓", null, true), Bounded.Result(probe.End));
        Bounded.Until(() => Loop.ConnectionCount == 0, "the connection is gone");
    }

    [Theory]
    [MemberData(nameof(InvalidStatuses))]
    public void A_status_that_may_not_be_sent_is_a_violation(int status) => Violates(Wire.CloseFrame(status), 1002);

    [Fact]
    public void A_close_payload_of_one_byte_is_a_violation() => Violates(Wire.Frame(Wire.Close, [3]), 1002);

    [Theory]
    [InlineData("FF")]
    [InlineData("C080")]
    [InlineData("EDA080")]
    [InlineData("E282")]
    public void A_reason_that_is_not_UTF8_is_refused_with_1007(string hex) =>
        Violates(Wire.Frame(Wire.Close, [3, 232, .. Convert.FromHexString(hex)]), 1007);

    [Fact]
    public void A_close_without_a_status_is_answered_without_one()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Send(Wire.Frame(Wire.Close, []));
        peer.ExpectClose(1005);
        Assert.Equal(CloseStatus.NoStatus, Bounded.Result(probe.End).Status);
    }

    [Fact]
    public void The_longest_reason_is_taken()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Send(Wire.CloseFrame(1000, new string('r', 123)));
        peer.ExpectClose(1000);
        Assert.Equal(new string('r', 123), Bounded.Result(probe.End).Reason);
    }

    [Fact]
    public void Closing_from_this_side_sends_status_and_reason_and_waits_for_the_answer()
    {
        var probe = new SessionProbe();
        var (peer, session) = Serve(probe);
        OnLoop(() =>
        {
            session.Send("last"u8, MessageKind.Text);
            session.Close(CloseStatus.GoingAway, "bye");
            Assert.True(session.IsClosing);
            session.Send("dropped"u8, MessageKind.Text);
            session.Close(CloseStatus.NormalClosure);
        });
        peer.ExpectFrame(Wire.Text, "last"u8);
        peer.ExpectFrame(Wire.Close, Wire.ClosePayload(1001, "bye"));
        // Data before the peer's answer is not for the service any more.
        peer.Send([.. Wire.Frame(Wire.Text, "ignored"), .. Wire.Frame(Wire.Ping, "ignored")]);
        Turns();
        Assert.False(probe.End.IsCompleted);
        peer.Send(Wire.CloseFrame(1001));
        peer.ExpectEnd();
        peer.EndSending();
        Assert.Equal(new SessionEnd(CloseStatus.GoingAway, "bye", null, false), Bounded.Result(probe.End));
        Assert.Empty(probe.Messages);
        Bounded.Until(() => Loop.ConnectionCount == 0, "the connection is gone");
    }

    [Fact]
    public void A_reason_that_is_too_long_is_cut_between_characters()
    {
        var (peer, session) = Serve(new SessionProbe());
        OnLoop(() => session.Close(CloseStatus.NormalClosure, new string('é', 100)));
        WireFrame close = peer.ReadFrame();
        Assert.Equal(2 + 122, close.Payload.Length);
        Assert.Equal(new string('é', 61), System.Text.Encoding.UTF8.GetString(close.Payload.AsSpan(2)));
    }

    [Fact]
    public void What_comes_after_the_peers_close_is_ignored()
    {
        // Section 5.5.1: no frames after a close.
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Send([.. Wire.Frame(Wire.Text, "a"), .. Wire.CloseFrame(1000), .. Wire.Frame(Wire.Text, "b"), .. Wire.Frame(Wire.Ping, "c"), 0xFF, 0xFF]);
        peer.ExpectClose(1000);
        peer.Send(Wire.Frame(Wire.Text, "d"));
        peer.EndSending();
        Bounded.Until(() => Loop.ConnectionCount == 0, "the connection is gone");
        Assert.Single(probe.Messages);
        Assert.True(Bounded.Result(probe.End).IsOrderly);
    }

    [Fact]
    public void A_close_in_the_middle_of_a_fragmented_message_is_a_close()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Send([.. Wire.Frame(Wire.Text, "half", final: false), .. Wire.CloseFrame(1000)]);
        peer.ExpectClose(1000);
        Assert.True(Bounded.Result(probe.End).IsOrderly);
        Assert.Empty(probe.Messages);
    }

    [Fact]
    public void A_session_that_begins_while_all_are_being_closed_is_told_as_well()
    {
        TcpConnection? connection = null;
        var (peer, _) = Pair(accepted => connection = accepted);
        Task<int> closing = Loops.CloseSessionsAsync(CloseStatus.GoingAway, "stopping", null, CancellationToken.None);
        Turns();
        OnLoop(() => new WebSocketSession(connection!, WebSocketRole.Server, Patient).Start());
        Assert.Equal(1001, peer.ReadFrame().CloseStatus);
        peer.Send(Wire.CloseFrame(1001, mask: true));
        peer.EndSending();
        Assert.Equal(0, Bounded.Result(closing));
    }

    [Fact]
    public void A_peer_that_does_not_answer_a_close_is_cut_off_in_time()
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        var probe = new SessionProbe();
        var (peer, session) = Serve(probe, new WebSocketOptions { CloseTimeout = TimeSpan.FromSeconds(5) });
        OnLoop(() => session.Close(CloseStatus.NormalClosure));
        peer.ExpectFrame(Wire.Close, Wire.ClosePayload(1000));
        time.Advance(TimeSpan.FromSeconds(4.9));
        Turns();
        Assert.False(probe.End.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.2));
        Turns();
        Assert.False(Bounded.Result(probe.End).IsOrderly);
        peer.ExpectReset();
        Assert.Equal(0, Loop.ConnectionCount);
    }

    [Fact]
    public void A_peer_that_answers_the_close_but_stays_is_cut_off_in_time()
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        var probe = new SessionProbe();
        var (peer, session) = Serve(probe, new WebSocketOptions { CloseTimeout = TimeSpan.FromSeconds(5) });
        peer.Send(Wire.CloseFrame(1000));
        peer.ExpectClose(1000);
        Assert.True(Bounded.Result(probe.End).IsOrderly);
        time.Advance(TimeSpan.FromSeconds(5.1));
        Turns();
        Assert.Equal(0, Loop.ConnectionCount);
    }

    [Fact]
    public void An_end_without_a_close_frame_is_abnormal()
    {
        // Section 7.1.5.
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.EndSending();
        Assert.Equal(new SessionEnd(CloseStatus.AbnormalClosure, string.Empty, SocketError.ConnectionReset, true), Bounded.Result(probe.End));
        peer.ExpectEnd();
    }

    [Fact]
    public void A_reset_is_abnormal()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Reset();
        SessionEnd end = Bounded.Result(probe.End);
        Assert.Equal((CloseStatus.AbnormalClosure, SocketError.ConnectionReset), (end.Status, end.Error));
    }

    [Fact]
    public void A_paused_session_that_is_closed_sees_the_peers_answer()
    {
        var probe = new SessionProbe();
        var (peer, session) = Serve(probe);
        OnLoop(session.PauseReading);
        peer.Send(Wire.Frame(Wire.Text, "unseen"));
        Turns();
        OnLoop(() =>
        {
            session.Close(CloseStatus.NormalClosure);
            session.PauseReading();
        });
        peer.ExpectFrame(Wire.Close, Wire.ClosePayload(1000));
        peer.Send(Wire.CloseFrame(1000));
        Assert.True(Bounded.Result(probe.End).IsOrderly);
    }

    [Fact]
    public void An_aborted_session_hands_out_nothing_more()
    {
        var probe = new SessionProbe { Received = (session, _, _, _) => session.Abort() };
        var (peer, _) = Serve(probe);
        peer.Send([.. Wire.Frame(Wire.Text, "a"), .. Wire.Frame(Wire.Text, "b"), .. Wire.Frame(Wire.Text, "c")]);
        Assert.Equal(SocketError.OperationAborted, Bounded.Result(probe.End).Error);
        Assert.Single(probe.Messages);
    }

    private void Violates(byte[] bytes, int status)
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Send(bytes);
        peer.ExpectClose(status);
        Assert.Equal(status, (int)Bounded.Result(probe.End).Status);
    }
}

public sealed class ClosingOnEpollTests() : ClosingTests(EventSource.Epoll);

public sealed class ClosingOnPortableTests() : ClosingTests(EventSource.Portable);
