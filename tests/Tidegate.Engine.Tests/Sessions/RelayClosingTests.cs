using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Sessions;

/// <summary>Who closes one side of a relay still gets the answers that it is owed, and then the other side's close.</summary>
public abstract class RelayClosingTests(EventSource source) : RelayTest(source)
{
    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The pairings with a WebSocket in them, and which side of it closes.</summary>
    public static TheoryData<Side, Side, bool> WhoCloses => new()
    {
        { Side.WebSocket, Side.WebSocket, false },
        { Side.WebSocket, Side.WebSocket, true },
        { Side.SecureWebSocket, Side.SecureWebSocket, false },
        { Side.WebSocket, Side.Tcp, false },
        { Side.SecureWebSocket, Side.Tls, false },
        { Side.Tcp, Side.WebSocket, true },
        { Side.Tls, Side.SecureWebSocket, true },
    };

    [Theory]
    [MemberData(nameof(WhoCloses))]
    public void What_was_asked_before_a_close_is_answered_before_it_is(Side one, Side two, bool back)
    {
        (RelayPeer closing, RelayPeer other, Side otherSide) = Relay(one, two, back, new ManualTime());
        closing.Send("question"u8);
        closing.Raw.Send(Wire.CloseFrame(1001, "enough", mask: !back));

        // The close comes behind the question.
        Assert.Equal("question"u8.ToArray(), other.Receive(8));
        ExpectClose(other, otherSide, 1001, "enough");
        other.Send("answer"u8);
        Assert.Equal("answer"u8.ToArray(), closing.Receive(6));
        End(other, otherSide, 4001, "so long", back);

        // The answer to the close is the other side's, where it has words for it.
        WireFrame close = closing.Raw.ReadFrame();
        Assert.Equal(0x80 | Wire.Close, close.First);
        Assert.Equal(otherSide.IsWebSocket() ? Wire.ClosePayload(4001, "so long") : Wire.ClosePayload(1001), close.Payload);
        closing.Raw.ExpectEnd();
        closing.Raw.EndSending();
        other.Raw.ExpectEnd();
        if (otherSide.IsWebSocket())
        {
            other.Raw.EndSending();
        }

        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
    }

    [Theory]
    [MemberData(nameof(WhoCloses))]
    public void An_answer_of_megabytes_reaches_a_slow_reader_that_has_closed(Side one, Side two, bool back)
    {
        // More than the kernel's buffers on the way take.
        const int Length = 16 * 1024 * 1024;
        (RelayPeer closing, RelayPeer other, Side otherSide) = Relay(one, two, back, new ManualTime(), receiveBuffer: 16 * 1024);
        Task asking = Bounded.Start(() =>
        {
            SendParts(closing, Length);
            closing.Raw.Send(Wire.CloseFrame(1000, mask: !back));
        });
        CheckParts(other, Length);
        ExpectClose(other, otherSide, 1000, "");
        Task answering = Bounded.Start(() =>
        {
            SendParts(other, Length);
            End(other, otherSide, 1000, "", back);
        });
        Bounded.Wait(asking);
        // Nobody reads yet, so the answer comes to a halt on its way, and no more than that is kept of it.
        Bounded.Until(() => OnLoop(() => closing.Session.PendingBytes) > MaximumPending, "the reader is waited for");
        Turns(10);
        Assert.InRange(OnLoop(() => closing.Session.PendingBytes), MaximumPending, MaximumPending + (160 * 1024));

        CheckParts(closing, Length);
        Assert.Equal(1000, closing.Raw.ReadFrame().CloseStatus);
        closing.Raw.ExpectEnd();
        Bounded.Wait(answering);
    }

    [Theory]
    [MemberData(nameof(WhoCloses))]
    public void Who_has_closed_does_not_wait_for_ever_for_a_side_that_does_not(Side one, Side two, bool back)
    {
        var time = new ManualTime();
        (RelayPeer closing, RelayPeer other, Side otherSide) = Relay(one, two, back, time);
        closing.Raw.Send(Wire.CloseFrame(1001, "enough", mask: !back));
        ExpectClose(other, otherSide, 1001, "enough");
        time.Advance(s_closeTimeout - TimeSpan.FromSeconds(0.1));
        // Not over yet.
        other.Send("late"u8);
        Assert.Equal("late"u8.ToArray(), closing.Receive(4));

        time.Advance(TimeSpan.FromSeconds(0.2));
        Turns();
        Assert.Equal(Wire.ClosePayload(1001), closing.Raw.ReadFrame().Payload);
        closing.Raw.ExpectEnd();
        closing.Raw.EndSending();
        other.Raw.ExpectGone();
        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
    }

    [Theory]
    [MemberData(nameof(WhoCloses))]
    public void Who_has_closed_and_does_not_read_is_not_waited_for_either(Side one, Side two, bool back)
    {
        var time = new ManualTime();
        (RelayPeer closing, RelayPeer other, Side otherSide) = Relay(one, two, back, time, receiveBuffer: 16 * 1024);
        closing.Raw.Send(Wire.CloseFrame(1000, mask: !back));
        ExpectClose(other, otherSide, 1000, "");
        using var gone = new CancellationTokenSource();
        Task answering = Bounded.Start(() =>
        {
            try
            {
                while (!gone.IsCancellationRequested)
                {
                    SendParts(other, 1024 * 1024);
                }
            }
            catch (Exception exception) when (exception is System.Net.Sockets.SocketException or IOException)
            {
                // Cut off, as it must be.
            }
        });
        Bounded.Until(() => OnLoop(() => closing.Session.PendingBytes) > MaximumPending, "the reader is waited for");

        // First the side that goes on sending is given up, then the one that does not take what waits.
        time.Advance(s_closeTimeout + TimeSpan.FromSeconds(0.1));
        Turns();
        time.Advance(s_closeTimeout + TimeSpan.FromSeconds(0.1));
        Turns();
        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
        gone.Cancel();
        Bounded.Wait(answering);
    }

    [Fact]
    public void Both_sides_may_close_at_once()
    {
        var (first, second) = Relay(Side.WebSocket, Side.WebSocket);
        // While the loop is held up, so that it finds both.
        OnLoop(() =>
        {
            first.Raw.Send(Wire.CloseFrame(4000, "one"));
            second.Raw.Send(Wire.CloseFrame(4001, "other", mask: false));
        });

        // Each hears what the other has said.
        Assert.Equal(Wire.ClosePayload(4001, "other"), first.Raw.ReadFrame().Payload);
        Assert.Equal(Wire.ClosePayload(4000, "one"), second.Raw.ReadFrame().Payload);
        first.Raw.ExpectEnd();
        second.Raw.ExpectEnd();
        first.Raw.EndSending();
        second.Raw.EndSending();
        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
    }

    [Theory]
    [InlineData(Side.WebSocket)]
    [InlineData(Side.Tcp)]
    public void A_client_that_closes_and_does_not_wait_is_not_kept_for_the_answer(Side back)
    {
        (RelayPeer first, RelayPeer second, _) = Relay(Side.WebSocket, back, back: false, new ManualTime());
        first.Send("last"u8);
        first.Raw.Send(Wire.CloseFrame(1000));
        Assert.Equal("last"u8.ToArray(), second.Receive(4));
        ExpectClose(second, back, 1000, "");
        first.Raw.Reset();
        Bounded.Until(() => Loop.ConnectionCount == 1, "the client's connection is gone");
        End(second, back, 1000, "", masks: false);
        second.Raw.ExpectEnd();
        second.Raw.EndSending();
        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
    }

    [Theory]
    [InlineData(Side.WebSocket)]
    [InlineData(Side.Tcp)]
    public void A_back_end_that_breaks_while_it_owes_an_answer_is_told_to_the_client_as_1014(Side back)
    {
        var (first, second) = Relay(Side.WebSocket, back);
        first.Send("question"u8);
        first.Raw.Send(Wire.CloseFrame(1000));
        Assert.Equal("question"u8.ToArray(), second.Receive(8));
        ExpectClose(second, back, 1000, "");
        second.Raw.Reset();
        Assert.Equal("the connection to the back-end broke", first.Raw.ExpectClose(1014));
    }

    [Fact]
    public void A_stream_that_has_ended_its_sending_and_does_not_read_makes_a_WebSocket_wait()
    {
        var (first, second) = Relay(Side.Tcp, Side.WebSocket, new WebSocketOptions { CloseTimeout = s_closeTimeout }, receiveBuffer: 16 * 1024, time: new ManualTime());
        const int Length = 16 * 1024 * 1024;
        Task answering = Bounded.Start(() =>
        {
            SendParts(second, Length);
            second.Raw.Send(Wire.CloseFrame(1000, mask: false));
        });
        Bounded.Until(() => OnLoop(() => first.Session.PendingBytes) > MaximumPending, "the reader is waited for");
        first.Raw.EndSending();
        Bounded.Until(() => OnLoop(() => second.Session.IsClosing), "the end was passed on");
        Turns(10);
        Assert.InRange(OnLoop(() => first.Session.PendingBytes), MaximumPending, MaximumPending + (160 * 1024));
        CheckParts(first, Length);
        first.Raw.ExpectEnd();
        Bounded.Wait(answering);
    }

    private (RelayPeer Closing, RelayPeer Other, Side OtherSide) Relay(Side one, Side two, bool back, ManualTime time, int? receiveBuffer = null)
    {
        var (first, second) = Relay(one, two, new WebSocketOptions { CloseTimeout = s_closeTimeout }, receiveBuffer, time);
        return back ? (second, first, one) : (first, second, two);
    }

    /// <summary>The side is told that nothing more comes, as its carrier does it; it may still send.</summary>
    private static void ExpectClose(RelayPeer peer, Side side, int status, string reason)
    {
        if (side.IsWebSocket())
        {
            WireFrame close = peer.Raw.ReadFrame();
            Assert.Equal(0x80 | Wire.Close, close.First);
            Assert.Equal(Wire.ClosePayload(status, reason), close.Payload);
        }
        else
        {
            peer.Raw.ExpectEnd();
        }
    }

    private static void End(RelayPeer peer, Side side, int status, string reason, bool masks)
    {
        if (side.IsWebSocket())
        {
            peer.Raw.Send(Wire.CloseFrame(status, reason, masks));
        }
        else
        {
            peer.Raw.EndSending();
        }
    }

    private static void SendParts(RelayPeer peer, int length)
    {
        for (int sent = 0; sent < length; sent += 10_000)
        {
            peer.Send(Pattern.Bytes(Math.Min(10_000, length - sent), sent));
        }
    }

    private static void CheckParts(RelayPeer peer, int length)
    {
        byte[] buffer = new byte[64 * 1024];
        long position = 0;
        while (position < length)
        {
            int count = peer.Receive(buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - position)));
            Assert.True(count > 0, $"ended after {position}");
            position = Pattern.Check(buffer.AsSpan(0, count), position);
        }
    }
}

public sealed class RelayClosingOnEpollTests() : RelayClosingTests(EventSource.Epoll);

public sealed class RelayClosingOnPortableTests() : RelayClosingTests(EventSource.Portable);
