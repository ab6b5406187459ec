using System.Buffers.Binary;
using System.Text;
using Tidegate.Engine.Fanout;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Fanout;

public abstract class FanoutTests(EventSource source) : WebSocketTest(source)
{
    [Fact]
    public void Every_subscriber_gets_every_message_in_order_whatever_carries_it()
    {
        FanoutHub hub = Hub();
        RawPeer stream = Subscribe(hub), web = Subscribe(hub, webSocket: true), compressed = Subscribe(hub, webSocket: true, compression: true);
        string[] texts = ["", "a", new string('x', 200), "ä", new string('y', 70_000)];

        Array.ForEach(texts, text => hub.Publish(new SharedMessage(Encoding.UTF8.GetBytes(text), MessageKind.Text)));

        Assert.Equal(string.Concat(texts), Encoding.UTF8.GetString(stream.Receive(exactly: Encoding.UTF8.GetByteCount(string.Concat(texts)))));
        foreach (string text in texts)
        {
            WireFrame frame = web.ReadFrame();
            Assert.Equal((0x81, text), (frame.First, Encoding.UTF8.GetString(frame.Payload)));
            frame = compressed.ReadFrame();
            bool isShorter = text.Length > 100;
            Assert.Equal(isShorter ? 0xC1 : 0x81, frame.First);
            Assert.Equal(text, isShorter ? Inflated(frame.Payload) : Encoding.UTF8.GetString(frame.Payload));
        }
    }

    [Fact]
    public void Streams_of_bytes_get_messages_framed_as_they_are_said_to_be()
    {
        FanoutHub hub = Hub();
        RawPeer stream = Subscribe(hub);

        hub.Publish(new SharedMessage("one"u8, MessageKind.Text, StreamFraming.Line));
        hub.Publish(new SharedMessage("two"u8, MessageKind.Binary, StreamFraming.Length));

        Assert.Equal([.. "one\n"u8, 0, 0, 0, 3, .. "two"u8], stream.Receive(exactly: 11));
    }

    [Fact]
    public void Who_subscribes_later_gets_what_comes_later()
    {
        FanoutHub hub = Hub();
        RawPeer early = Subscribe(hub);
        hub.Publish(Message("1"));
        RawPeer late = Subscribe(hub);
        hub.Publish(Message("2"));

        Assert.Equal("12"u8.ToArray(), early.Receive(exactly: 2));
        Assert.Equal("2"u8.ToArray(), late.Receive(exactly: 1));
    }

    [Fact]
    public void Of_many_publishers_everyone_gets_the_messages_in_the_same_order()
    {
        const int Publishers = 4, Each = 500;
        StartLoops(options => options with { Loops = 2 });
        FanoutHub hub = Hub(new FanoutOptions { MaximumPendingBytes = int.MaxValue });
        RawPeer[] peers = [.. Enumerable.Range(0, 6).Select(_ => Subscribe(hub))];

        Task[] all = [.. Enumerable.Range(0, Publishers).Select(publisher => Bounded.Start(() =>
        {
            for (int i = 0; i < Each; i++)
            {
                hub.Publish(Message($"{publisher}{i:0000}"));
            }
        }))];

        byte[] first = peers[0].Receive(exactly: 5 * Publishers * Each);
        Assert.All(peers[1..], peer => Assert.True(peer.Receive(exactly: first.Length).AsSpan().SequenceEqual(first)));
        Array.ForEach(all, Bounded.Wait);
        for (char publisher = '0'; publisher < '0' + Publishers; publisher++)
        {
            string[] own = [.. Encoding.ASCII.GetString(first).Chunk(5).Select(chunk => new string(chunk)).Where(text => text[0] == publisher)];
            Assert.Equal(own.Order(StringComparer.Ordinal), own);
        }
    }

    [Fact]
    public void Nobody_is_passed_over_when_others_leave_in_the_middle()
    {
        // More than are served in one go.
        const int Count = 700, Messages = 40;
        FanoutHub hub = Hub();
        List<Session> sessions = [];
        RawPeer[] peers = [.. Enumerable.Range(0, Count).Select(_ => Subscribe(hub, begun: sessions.Add))];

        for (int i = 0; i < Messages; i++)
        {
            hub.Publish(Message($"{i:00}"));
            Loop.Post(sessions[i * 17].Abort);
        }

        string expected = string.Concat(Enumerable.Range(0, Messages).Select(i => $"{i:00}"));
        for (int i = 0; i < Count; i++)
        {
            if (i % 17 != 0 || i / 17 >= Messages)
            {
                Assert.Equal(expected, Encoding.ASCII.GetString(peers[i].Receive(exactly: expected.Length)));
            }
        }

        Bounded.Until(() => hub.Subscribers == Count - Messages, "those who left are forgotten");
    }

    [Fact]
    public void A_subscriber_that_does_not_read_is_closed_and_nobody_else_notices()
    {
        const int Messages = 400;
        byte[] message = Pattern.Bytes(32 * 1024);
        List<(Session Session, long Pending)> closed = [];
        FanoutHub hub = Hub(new FanoutOptions { MaximumPendingBytes = 1024 * 1024, Closing = (session, pending) => closed.Add((session, pending)) });
        List<Session> sessions = [];
        _ = Subscribe(hub, receiveBuffer: 4096, begun: sessions.Add);
        RawPeer reader = Subscribe(hub, begun: sessions.Add);

        for (int i = 0; i < Messages; i++)
        {
            hub.Publish(new SharedMessage(message, MessageKind.Binary));
            Assert.True(reader.Receive(exactly: message.Length).AsSpan().SequenceEqual(message));
        }

        Assert.Equal(1, hub.Subscribers);
        (Session session, long pending) = Assert.Single(OnLoop(() => closed.ToArray()));
        Assert.Same(sessions[0], session);
        Assert.InRange(pending, 1024 * 1024, 1024 * 1024 + (4 * message.Length));
    }

    [Fact]
    public void A_slow_web_socket_is_told_why_it_is_closed_behind_whole_messages()
    {
        byte[] message = Pattern.Bytes(32 * 1024);
        FanoutHub hub = Hub(new FanoutOptions { MaximumPendingBytes = 256 * 1024 });
        RawPeer slow = Subscribe(hub, webSocket: true, receiveBuffer: 4096);
        int sent = 0;
        while (hub.Subscribers > 0)
        {
            Assert.True(sent++ < 10_000, "it is closed");
            hub.Publish(new SharedMessage(message, MessageKind.Binary));
            Turns();
        }

        int got = 0;
        WireFrame frame;
        while ((frame = slow.ReadFrame()).Opcode == Wire.Binary)
        {
            Assert.True(frame.Payload.AsSpan().SequenceEqual(message));
            got++;
        }

        Assert.Equal((0x80 | Wire.Close, 1008), (frame.First, frame.CloseStatus));
        Assert.InRange(got, 1, sent - 1);
    }

    [Fact]
    public void A_subscriber_that_may_miss_messages_misses_the_oldest_that_wait_and_no_others()
    {
        const int Messages = 2000, Size = 4 * 1024;
        int dropped = 0;
        FanoutHub hub = Hub(new FanoutOptions
        {
            MaximumPendingBytes = 64 * Size,
            SlowSubscriber = SlowSubscriber.DropOldest,
            Dropped = (_, count) => dropped += count,
        });
        RawPeer slow = Subscribe(hub, receiveBuffer: 4096);
        byte[] message = new byte[Size];
        for (int i = 0; i < Messages; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(message, i);
            hub.Publish(new SharedMessage(message, MessageKind.Binary));
            Turns(1);
        }

        Assert.Equal(1, hub.Subscribers);
        int last = -1, got = 0;
        while (last < Messages - 1)
        {
            int number = BinaryPrimitives.ReadInt32BigEndian(slow.Receive(exactly: Size));
            Assert.True(number > last);
            last = number;
            got++;
        }

        Assert.Equal(Messages, got + OnLoop(() => dropped));
        Assert.InRange(got, 64, Messages - 1);
    }

    [Fact]
    public void Publishers_are_asked_to_wait_while_a_loop_is_behind_and_told_when_they_may_go_on()
    {
        using var gate = new ManualResetEventSlim();
        using var blocked = new ManualResetEventSlim();
        using var caughtUp = new ManualResetEventSlim();
        FanoutHub hub = Hub(new FanoutOptions { MaximumBacklogBytes = 1000, CaughtUp = caughtUp.Set });
        RawPeer peer = Subscribe(hub);

        // A loop that is busy with something else; on the portable one that is the thread which asks for it.
        Task busy = Bounded.Start(() => Loop.Post(() =>
        {
            blocked.Set();
            gate.Wait(Bounded.Limit);
        }));
        Assert.True(blocked.Wait(Bounded.Limit));

        hub.Publish(new SharedMessage(new byte[1000], MessageKind.Binary));
        Assert.False(hub.IsBehind);
        hub.Publish(new SharedMessage(new byte[1], MessageKind.Binary));
        Assert.True(hub.IsBehind);

        gate.Set();
        Assert.True(caughtUp.Wait(Bounded.Limit));
        Assert.False(hub.IsBehind);
        Assert.Equal(1001, peer.Receive(exactly: 1001).Length);
        Bounded.Wait(busy);
    }

    [Fact]
    public void All_are_closed_behind_what_was_published()
    {
        FanoutHub hub = Hub();
        RawPeer stream = Subscribe(hub), web = Subscribe(hub, webSocket: true);
        hub.Publish(Message("last"));

        hub.CloseAll(CloseStatus.GoingAway, "over");

        Assert.Equal("last"u8.ToArray(), stream.ReceiveToEnd());
        Assert.Equal("last"u8.ToArray(), web.ReadFrame().Payload);
        Assert.Equal(1001, web.ReadFrame().CloseStatus);
    }

    [Fact]
    public void What_subscribers_send_is_for_whoever_wants_it_and_their_end_is_told()
    {
        var input = new Input();
        FanoutHub hub = Hub();
        RawPeer peer = Subscribe(hub, input: input);
        RawPeer ignored = Subscribe(hub);

        peer.Send("hello"u8);
        ignored.Send("nobody hears this"u8);
        hub.Publish(Message("x"));
        Assert.Equal((byte)'x', Assert.Single(ignored.Receive(exactly: 1)));
        Bounded.Until(() => OnLoop(() => input.Received.ToString()) == "hello", "it was heard");
        peer.Reset();

        Bounded.Until(() => OnLoop(() => input.IsClosed), "its end was told");
        Bounded.Until(() => hub.Subscribers == 1, "it is forgotten");
    }

    [Fact]
    public void A_message_costs_the_loop_no_memory_for_each_subscriber()
    {
        const int Rounds = 200;
        FanoutHub few = Hub(), many = Hub();
        RawPeer[] one = [Subscribe(few)], hundred = [.. Enumerable.Range(0, 100).Select(_ => Subscribe(many))];
        long ForRounds(FanoutHub hub, RawPeer[] peers)
        {
            long before = OnLoop(GC.GetAllocatedBytesForCurrentThread);
            for (int i = 0; i < Rounds; i++)
            {
                hub.Publish(Message("0123456789"));
                Array.ForEach(peers, peer => peer.Receive(exactly: 10));
            }

            return OnLoop(GC.GetAllocatedBytesForCurrentThread) - before;
        }

        ForRounds(few, one);
        ForRounds(many, hundred);
        long forOne = ForRounds(few, one);
        long forHundred = ForRounds(many, hundred);

        // 20,000 deliveries beside 200; the portable loop takes turns of its own where events come.
        if (IsEpoll)
        {
            Assert.InRange(forHundred - forOne, long.MinValue, 20_000);
        }
    }

    private static SharedMessage Message(string text) => new(Encoding.ASCII.GetBytes(text), MessageKind.Text);

    private static string Inflated(byte[] payload)
    {
        using var input = new MemoryStream([.. payload, 0, 0, 0xFF, 0xFF, 3, 0]);
        using var inflate = new System.IO.Compression.DeflateStream(input, System.IO.Compression.CompressionMode.Decompress);
        using var output = new MemoryStream();
        inflate.CopyTo(output);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private FanoutHub Hub(FanoutOptions? options = null) => new(Loops, options ?? new FanoutOptions());

    private RawPeer Subscribe(
        FanoutHub hub, bool webSocket = false, bool compression = false, int? receiveBuffer = null, Action<Session>? begun = null, ISubscriberInput? input = null)
    {
        var (peer, connection) = Pair(
            connection =>
            {
                Session session = webSocket
                    ? new WebSocketSession(connection, WebSocketRole.Server, Patient, compression: compression)
                    : new TcpSession(connection, Patient.CloseTimeout);
                begun?.Invoke(session);
                hub.Subscribe(session, input);
            },
            receiveBuffer);
        OnLoop(() => { }, connection.Loop);
        return peer;
    }

    private sealed class Input : ISubscriberInput
    {
        internal StringBuilder Received { get; } = new();

        internal bool IsClosed { get; private set; }

        public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage) => Received.Append(Encoding.ASCII.GetString(payload.Span));

        public void OnClosed(Session session) => IsClosed = true;
    }
}

public sealed class FanoutOnEpollTests() : FanoutTests(EventSource.Epoll);

public sealed class FanoutOnPortableTests() : FanoutTests(EventSource.Portable);
