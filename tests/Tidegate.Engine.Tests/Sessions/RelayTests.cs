using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Sessions;

public abstract class RelayTests(EventSource source) : RelayTest(source)
{
    [Theory]
    [MemberData(nameof(Combinations))]
    public void Bytes_go_both_ways_at_once_whatever_their_cuts(Side one, Side other)
    {
        const int Length = 3 * 1024 * 1024;
        var (first, second) = Relay(one, other);
        Task[] all =
        [
            Bounded.Start(() => SendCut(first, Length, 1)), Bounded.Start(() => Check(second, Length)),
            Bounded.Start(() => SendCut(second, Length, 2)), Bounded.Start(() => Check(first, Length)),
        ];
        Array.ForEach(all, Bounded.Wait);
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void A_small_read_buffer_changes_nothing(Side one, Side other)
    {
        StartLoops(options => options with { ReadBufferSize = 4096 });
        Bytes_go_both_ways_at_once_whatever_their_cuts(one, other);
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void When_the_first_side_ends_the_second_gets_what_it_is_owed_and_then_the_end(Side one, Side other)
    {
        const int Length = 4 * 1024 * 1024;
        var (first, second) = Relay(one, other, receiveBuffer: 16 * 1024);
        Task sending = Bounded.Start(() =>
        {
            SendCut(first, Length, 3);
            first.End();
        });
        Check(second, Length);
        second.ExpectEnd();
        second.Raw.EndSending();
        first.Raw.ExpectGone();
        Bounded.Wait(sending);
        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void When_the_second_side_ends_the_first_gets_what_it_is_owed_and_then_the_end(Side one, Side other)
    {
        const int Length = 4 * 1024 * 1024;
        var (first, second) = Relay(one, other, receiveBuffer: 16 * 1024);
        Task sending = Bounded.Start(() =>
        {
            SendCut(second, Length, 4);
            second.End();
        });
        Check(first, Length);
        first.ExpectEnd();
        first.Raw.EndSending();
        second.Raw.ExpectGone();
        Bounded.Wait(sending);
        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
    }

    [Fact]
    public void Messages_that_arrive_together_reach_a_stream_as_its_bytes()
    {
        var (first, second) = Relay(Side.WebSocket, Side.Tcp);
        byte[] large = Pattern.Bytes(300);
        first.Raw.Send(
        [
            .. Wire.Frame(Wire.Binary, "a"u8, mask: true), .. Wire.Frame(Wire.Binary, large, mask: true), .. Wire.Frame(Wire.Binary, [], mask: true),
            .. Wire.Frame(Wire.Binary, "b"u8, mask: true), .. Wire.Frame(Wire.Ping, "?"u8, mask: true), .. Wire.Frame(Wire.Text, "é"u8, mask: true),
            .. Wire.Frame(Wire.Text, "c"u8, mask: true), .. Wire.Frame(Wire.Binary, "d"u8, final: false, mask: true),
            .. Wire.Frame(Wire.Continuation, "e"u8, mask: true), .. Wire.Frame(Wire.Binary, "f"u8, mask: true),
        ]);
        byte[] expected = [.. "a"u8, .. large, .. "bécdef"u8];
        Assert.Equal(expected, second.Receive(expected.Length));
        Assert.Equal("?"u8.ToArray(), first.Raw.ReadFrame().Payload);
    }

    [Fact]
    public void What_came_before_a_text_that_is_none_is_still_passed_on()
    {
        var (first, second) = Relay(Side.WebSocket, Side.Tcp);
        first.Raw.Send([.. Wire.Frame(Wire.Text, "good"u8, mask: true), .. Wire.Frame(Wire.Text, [0x80], mask: true), .. Wire.Frame(Wire.Text, "lost"u8, mask: true)]);
        Assert.Equal("good"u8.ToArray(), second.Raw.ReceiveToEnd());
        Assert.Equal(1007, first.Raw.ReadFrame().CloseStatus);
    }

    [Fact]
    public void A_half_closed_stream_is_still_answered()
    {
        var (first, second) = Relay(Side.Tcp, Side.Tcp);
        first.Send("question"u8);
        first.Raw.EndSending();
        Assert.Equal("question"u8.ToArray(), second.Raw.ReceiveToEnd());
        second.Send("answer"u8);
        second.Raw.EndSending();
        Assert.Equal("answer"u8.ToArray(), first.Raw.ReceiveToEnd());
        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
    }

    [Fact]
    public void A_stream_that_has_ended_its_sending_gets_what_a_WebSocket_answers()
    {
        var (first, second) = Relay(Side.Tcp, Side.WebSocket);
        first.Send("question"u8);
        first.Raw.EndSending();
        Assert.Equal("question"u8.ToArray(), second.Receive(8));
        Assert.Equal(1000, second.Raw.ReadFrame().CloseStatus);

        // It had not read the close frame yet.
        second.Send("answer"u8);
        second.Raw.Send(Wire.CloseFrame(1000, "", mask: false));
        Assert.Equal("answer"u8.ToArray(), first.Raw.ReceiveToEnd());
        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(1001)]
    [InlineData(1008)]
    [InlineData(1013)]
    [InlineData(3000)]
    [InlineData(4999)]
    public void A_close_travels_with_its_status_and_reason_both_ways(int status)
    {
        foreach (bool back in new[] { false, true })
        {
            var (first, second) = Relay(Side.WebSocket, Side.WebSocket);
            (RelayPeer from, RelayPeer to) = back ? (second, first) : (first, second);
            from.Raw.Send(Wire.CloseFrame(status, "reason", mask: !back));
            WireFrame close = to.Raw.ReadFrame();
            Assert.Equal(Wire.ClosePayload(status, "reason"), close.Payload);
            to.Raw.Send(Wire.CloseFrame(status, mask: back));
            to.Raw.ExpectEnd();
            from.Raw.ExpectClose(status);
        }
    }

    [Fact]
    public void A_close_without_a_status_travels_as_a_normal_one()
    {
        var (first, second) = Relay(Side.WebSocket, Side.WebSocket);
        first.Raw.Send(Wire.Frame(Wire.Close, []));
        Assert.Equal(1000, second.Raw.ReadFrame().CloseStatus);
    }

    [Fact]
    public void A_violation_by_the_client_reaches_the_back_end_as_a_close()
    {
        var (first, second) = Relay(Side.WebSocket, Side.WebSocket);
        first.Raw.Send(Wire.Frame(3, []));
        first.Raw.ExpectClose(1002);
        Assert.Equal(1002, second.Raw.ReadFrame().CloseStatus);
    }

    [Theory]
    [InlineData(Side.Tcp)]
    [InlineData(Side.WebSocket)]
    public void A_back_end_that_breaks_is_told_to_the_client_as_1014(Side other)
    {
        var (first, second) = Relay(Side.WebSocket, other);
        second.Raw.Reset();
        first.Raw.ExpectFrame(Wire.Close, Wire.ClosePayload(1014, "the connection to the back-end broke"));
        first.Raw.Send(Wire.CloseFrame(1014));
        first.Raw.ExpectEnd();
    }

    [Theory]
    [InlineData(Side.Tcp, 0)]
    [InlineData(Side.WebSocket, 1001)]
    public void A_client_that_breaks_ends_the_back_ends_side(Side other, int status)
    {
        var (first, second) = Relay(Side.WebSocket, other);
        first.Raw.Reset();
        second.ExpectEnd(status);
        second.Raw.EndSending();
        Bounded.Until(() => Loop.ConnectionCount == 0, "both connections are gone");
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void Last_words_of_a_back_end_that_resets_reach_the_client(Side one, Side other)
    {
        // The back-end refuses in the middle of a request, as servers do, and does not read the rest.
        var (first, second) = Relay(one, other);
        OnLoop(() => second.Session.PauseReading());
        second.Send("refused"u8);
        second.Raw.Reset();
        first.Send("more"u8);
        Turns(5);
        OnLoop(() => second.Session.ResumeReading());
        Assert.Equal("refused"u8.ToArray(), first.Receive(7));
    }

    [Fact]
    public void A_text_message_stays_text_across_two_websockets_wherever_it_is_cut()
    {
        StartLoops(options => options with { ReadBufferSize = 4096 });
        var (first, second) = Relay(Side.WebSocket, Side.WebSocket);
        byte[] text = System.Text.Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("€😀é", 2000)));
        first.Raw.Send(Wire.Frame(Wire.Text, text));
        var (opcode, payload) = second.Raw.ReadMessage();
        Assert.Equal(Wire.Text, opcode);
        Assert.Equal(text, payload);
    }

    [Fact]
    public void Pings_are_answered_at_each_side_and_do_not_travel()
    {
        var (first, second) = Relay(Side.WebSocket, Side.WebSocket);
        first.Raw.Send([.. Wire.Frame(Wire.Binary, "a", final: false), .. Wire.Frame(Wire.Ping, "p"), .. Wire.Frame(Wire.Continuation, "b")]);
        first.Raw.ExpectFrame(Wire.Pong, "p"u8);
        Assert.Equal("ab"u8.ToArray(), second.Raw.ReadMessage().Payload);
    }

    [Fact]
    public void Both_sides_of_a_relay_belong_to_one_loop()
    {
        StartLoops(options => options with { Loops = 2 });
        var (_, one) = Pair(_ => { });
        var (_, other) = Pair(_ => { });
        Assert.Throws<ArgumentException>(() => new Relay(new TcpSession(one, TimeSpan.FromSeconds(1)), new TcpSession(other, TimeSpan.FromSeconds(1)), 1));
    }

    [Theory]
    [MemberData(nameof(Combinations))]
    public void A_slow_side_makes_the_other_wait_and_memory_stays_bounded(Side one, Side other)
    {
        const int Length = 32 * 1024 * 1024;
        var (first, second) = Relay(one, other, receiveBuffer: 16 * 1024);
        Task sending = Bounded.Start(() => SendCut(first, Length, 5));
        // A cut of the reader at which the relay stands still: the writer can not get on, and nothing grows.
        Bounded.Until(() => OnLoop(() => second.Session.PendingBytes) > MaximumPending, "the slow side is congested");
        byte[] buffer = new byte[100_000];
        long received = 0, largest = 0;
        while (received < Length)
        {
            received = Pattern.Check(buffer.AsSpan(0, second.Receive(buffer)), received);
            if (received % 7 == 0)
            {
                // Looked at now and then: going to the loop each time would take long.
                largest = Math.Max(largest, OnLoop(() => second.Session.PendingBytes));
            }
        }

        Assert.InRange(largest, 0, MaximumPending + (160 * 1024));
        Bounded.Wait(sending);
    }

    private static void SendCut(RelayPeer peer, int length, int seed)
    {
        var random = new Random(seed);
        int inMessage = 0;
        long sent = 0;
        while (sent < length)
        {
            int count = (int)Math.Min(length - sent, random.Next(10) switch
            {
                0 => random.Next(60_000),
                1 => random.Next(5),
                _ => random.Next(700),
            });
            inMessage += count;
            bool final = random.Next(3) > 0 || inMessage > 60_000 || sent + count == length;
            inMessage = final ? 0 : inMessage;
            peer.SendFragment(Pattern.Bytes(count, sent), final, (uint)random.Next());
            sent += count;
        }
    }

    private static void Check(RelayPeer peer, int length)
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

public sealed class RelayOnEpollTests() : RelayTests(EventSource.Epoll);

public sealed class RelayOnPortableTests() : RelayTests(EventSource.Portable);
