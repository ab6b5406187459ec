using System.Net.Sockets;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

/// <summary>RFC 6455, sections 5.5.2 and 5.5.3, and the inactivity time-out that is built on them.</summary>
public abstract class PingTests(EventSource source) : WebSocketTest(source)
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    public void A_ping_is_answered_with_its_payload(int length)
    {
        var (peer, _) = Serve(new SessionProbe());
        byte[] payload = Pattern.Bytes(length);
        peer.Send(Wire.Frame(Wire.Ping, payload));
        peer.ExpectFrame(Wire.Pong, payload);
    }

    [Fact]
    public void A_client_masks_its_pong()
    {
        var (peer, _) = Serve(new SessionProbe(), role: WebSocketRole.Client);
        peer.Send(Wire.Frame(Wire.Ping, "p", mask: false));
        WireFrame pong = peer.ReadFrame();
        Assert.True(pong.Masked);
        Assert.Equal("p"u8.ToArray(), pong.Payload);
    }

    [Fact]
    public void A_ping_within_a_message_that_this_side_sends_in_fragments_is_answered_between_them()
    {
        var (peer, session) = Serve(new SessionProbe());
        OnLoop(() => session.Relay("one"u8.ToArray(), MessageKind.Text, endOfMessage: false));
        Assert.Equal(Wire.Text, peer.ReadFrame().First);
        peer.Send(Wire.Frame(Wire.Ping, "p"));
        peer.ExpectFrame(Wire.Pong, "p"u8);
        OnLoop(() => session.Relay("two"u8.ToArray(), MessageKind.Text, endOfMessage: true));
        peer.ExpectFrame(Wire.Continuation, "two"u8);
    }

    [Fact]
    public void A_ping_to_a_paused_session_is_answered_when_it_reads_again()
    {
        var (peer, session) = Serve(new SessionProbe());
        OnLoop(session.PauseReading);
        peer.Send(Wire.Frame(Wire.Ping, "p"));
        Turns();
        OnLoop(session.ResumeReading);
        peer.ExpectFrame(Wire.Pong, "p"u8);
    }

    [Fact]
    public void Pongs_are_taken_asked_or_not()
    {
        var (peer, _) = Serve(SessionProbe.Echo());
        peer.Send([.. Wire.Frame(Wire.Pong, "unasked"), .. Wire.Frame(Wire.Text, "on")]);
        peer.ExpectFrame(Wire.Text, "on"u8);
    }

    [Fact]
    public void A_peer_that_pings_and_never_reads_does_not_grow_memory()
    {
        // Section 5.5.3: of pings that are unanswered still, only the latest need be answered.
        var (peer, session) = Serve(new SessionProbe(), receiveBuffer: 16 * 1024);
        byte[] pings = [.. Enumerable.Repeat(Wire.Frame(Wire.Ping, Pattern.Bytes(125)), 500).SelectMany(frame => frame)];
        for (int i = 0; i < 500; i++)
        {
            peer.Send(pings);
            Assert.InRange(OnLoop(() => session.PendingBytes), 0, 512 * 1024);
        }

        peer.Send(Wire.Frame(Wire.Ping, "latest"));
        WireFrame pong;
        do
        {
            pong = peer.ReadFrame();
            Assert.Equal(0x80 | Wire.Pong, pong.First);
        }
        while (!pong.Payload.AsSpan().SequenceEqual("latest"u8));
        peer.Send(Wire.Frame(Wire.Ping, "and on"));
        peer.ExpectFrame(Wire.Pong, "and on"u8);
    }

    [Fact]
    public void A_silent_peer_is_pinged_after_half_of_the_time_and_cut_off_after_all_of_it()
    {
        var (time, probe, peer, _) = Inactive();
        Pass(time, 4.9);
        Assert.Equal(0, peer.Socket.Available);
        Pass(time, 0.2);
        peer.ExpectFrame(Wire.Ping, []);
        Pass(time, 4.8);
        Assert.False(probe.End.IsCompleted);
        Pass(time, 0.3);
        SessionEnd end = Bounded.Result(probe.End);
        Assert.Equal((CloseStatus.AbnormalClosure, "the peer did not answer a ping", SocketError.OperationAborted), (end.Status, end.Reason, end.Error));
        peer.ExpectReset();
    }

    [Theory]
    [InlineData(Wire.Pong)]
    [InlineData(Wire.Ping)]
    [InlineData(Wire.Text)]
    public void Anything_that_is_heard_keeps_the_peer(int opcode)
    {
        var (time, probe, peer, _) = Inactive();
        for (int i = 0; i < 5; i++)
        {
            Pass(time, 5.1);
            while (peer.ReadFrame().Opcode != Wire.Ping)
            {
            }

            peer.Send([.. Wire.Frame(opcode, "x"), .. Wire.Frame(Wire.Ping, "fence")]);
            while (!peer.ReadFrame().Payload.AsSpan().SequenceEqual("fence"u8))
            {
            }
        }

        Assert.False(probe.End.IsCompleted);
    }

    [Fact]
    public void A_paused_session_does_not_blame_its_peer_for_silence()
    {
        var (time, probe, peer, session) = Inactive();
        OnLoop(session.PauseReading);
        for (int i = 0; i < 10; i++)
        {
            Pass(time, 5.1);
        }

        OnLoop(session.ResumeReading);
        Assert.Equal(0, peer.Socket.Available);
        Pass(time, 4.8);
        Assert.False(probe.End.IsCompleted);
        Pass(time, 5.3);
        peer.ExpectFrame(Wire.Ping, []);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_peer_that_is_said_to_be_gone_is_asked_and_cut_off_if_it_is_silent(double after)
    {
        var (time, probe, peer, session) = Inactive();
        if (after > 0)
        {
            Pass(time, after);
        }

        OnLoop(() => session.Probe(TimeSpan.FromSeconds(2)));
        peer.ExpectFrame(Wire.Ping, []);
        Pass(time, 2.1);
        Assert.False(probe.End.IsCompleted);
        Pass(time, 0.6);
        SessionEnd end = Bounded.Result(probe.End);
        Assert.Equal((CloseStatus.AbnormalClosure, "the peer did not answer a ping"), (end.Status, end.Reason));
        peer.ExpectReset();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2.1)]
    public void A_peer_that_is_said_to_be_gone_and_says_anything_is_kept(double later)
    {
        var (time, probe, peer, session) = Inactive();
        Pass(time, 1);
        OnLoop(() => session.Probe(TimeSpan.FromSeconds(2)));
        peer.ExpectFrame(Wire.Ping, []);
        Pass(time, 0.1 + later);
        peer.Send([.. Wire.Frame(Wire.Text, "here"), .. Wire.Frame(Wire.Ping, "fence")]);
        peer.ExpectFrame(Wire.Pong, "fence"u8);
        Pass(time, 2.1);
        Pass(time, 0.6);
        Assert.False(probe.End.IsCompleted);
    }

    [Fact]
    public void While_this_side_does_not_read_a_peer_that_is_said_to_be_gone_is_left_alone()
    {
        var (time, probe, peer, session) = Inactive();
        Pass(time, 1);
        OnLoop(session.PauseReading);
        OnLoop(() => session.Probe(TimeSpan.FromSeconds(2)));
        Pass(time, 2.1);
        Pass(time, 0.6);
        Assert.False(probe.End.IsCompleted);
        Assert.Equal(0, peer.Socket.Available);
    }

    private (ManualTime Time, SessionProbe Probe, RawPeer Peer, WebSocketSession Session) Inactive()
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        var probe = new SessionProbe();
        var (peer, session) = Serve(probe, new WebSocketOptions { InactivityTimeout = TimeSpan.FromSeconds(10) });
        return (time, probe, peer, session);
    }

    private void Pass(ManualTime time, double seconds)
    {
        time.Advance(TimeSpan.FromSeconds(seconds));
        Turns();
    }
}

public sealed class PingOnEpollTests() : PingTests(EventSource.Epoll);

public sealed class PingOnPortableTests() : PingTests(EventSource.Portable);
