using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

/// <summary>Pings as text messages, and signs of life (docs/spec/compat.md, chapter 3.5).</summary>
public abstract class ClientExtensionsTests(EventSource source) : WebSocketTest(source)
{
    private static readonly byte[] s_escape = [1, 1, 1, 2];
    private static readonly byte[] s_ping = [1, 1, 1, 2, 9, 0];
    private static readonly byte[] s_pong = [1, 1, 1, 2, 10, 0];

    public static TheoryData<byte[]> Starts => [s_escape, [1, 1, 1, 2, 3], [1, 1, 1, 2, 9, 0], [1, 1, 1, 2, .. Pattern.Bytes(1000).Select(b => (byte)(b & 0x7f))]];

    public static TheoryData<byte[]> OtherStarts => [[], [1], [1, 1, 1], [1, 1, 1, 3], [2, 1, 1, 1, 2], [1, 1, 1, 1, 2]];

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(100)]
    public void A_text_ping_is_answered_in_however_many_frames_it_comes(int cut)
    {
        var (peer, probe, _) = Agreed();
        peer.Send(InFrames(s_ping, cut));
        peer.ExpectFrame(Wire.Text, s_pong);
        peer.Send([.. InFrames(s_pong, cut), .. Wire.Frame(Wire.Text, "on")]);
        peer.ExpectFrame(Wire.Text, "on"u8);
        Assert.Equal("on"u8.ToArray(), Assert.Single(probe.Messages).Bytes);
    }

    [Theory]
    [MemberData(nameof(Starts))]
    public void A_message_that_begins_with_the_escape_is_announced_by_it_both_ways(byte[] message)
    {
        foreach (int cut in new[] { 1, 2, 3, 5, 2000 })
        {
            var (peer, probe, _) = Agreed();
            peer.Send([.. Wire.Frame(Wire.Text, s_escape), .. InFrames(message, cut), .. Wire.Frame(Wire.Text, "on")]);
            peer.ExpectFrame(Wire.Text, s_escape);
            Assert.Equal(message, peer.ReadMessage().Payload);
            peer.ExpectFrame(Wire.Text, "on"u8);
            Assert.Equal(message, probe.Messages[0].Bytes);
        }
    }

    [Theory]
    [MemberData(nameof(OtherStarts))]
    public void Other_messages_pass_as_they_are(byte[] message)
    {
        foreach (int cut in new[] { 1, 2, 2000 })
        {
            var (peer, probe, _) = Agreed();
            peer.Send([.. InFrames(message, cut), .. Wire.Frame(Wire.Binary, s_ping)]);
            (int opcode, byte[] echoed) = peer.ReadMessage();
            Assert.Equal(Wire.Text, opcode);
            Assert.Equal(message, echoed);
            // Only text is looked at.
            peer.ExpectFrame(Wire.Binary, s_ping);
            Assert.Equal(message, probe.Messages[0].Bytes);
        }
    }

    [Theory]
    [InlineData(new byte[] { 1, 1, 1, 2, 3 })]
    [InlineData(new byte[] { 1, 1, 1, 2, 9 })]
    [InlineData(new byte[] { 1, 1, 1, 2, 9, 1 })]
    [InlineData(new byte[] { 1, 1, 1, 2, 9, 0, 0 })]
    public void A_message_that_begins_like_a_ping_and_is_none_closes_with_1002(byte[] message)
    {
        var (peer, probe, _) = Agreed();
        peer.Send(Wire.Frame(Wire.Text, message));
        peer.ExpectClose(1002);
        Assert.Empty(probe.Messages);
    }

    [Fact]
    public void A_ping_within_a_message_that_this_side_sends_in_parts_is_answered_behind_it()
    {
        var (peer, _, session) = Agreed();
        OnLoop(() => session.Relay("one"u8.ToArray(), MessageKind.Text, endOfMessage: false));
        Assert.Equal(Wire.Text, peer.ReadFrame().First);
        peer.Send([.. Wire.Frame(Wire.Text, s_ping), .. Wire.Frame(Wire.Ping, "fence")]);
        peer.ExpectFrame(Wire.Pong, "fence"u8);
        OnLoop(() => session.Relay("two"u8.ToArray(), MessageKind.Text, endOfMessage: true));
        peer.ExpectFrame(Wire.Continuation, "two"u8);
        peer.ExpectFrame(Wire.Text, s_pong);
    }

    [Fact]
    public void A_message_whose_beginning_is_open_is_held_back_until_it_is_not()
    {
        var (peer, _, session) = Agreed();
        OnLoop(() => session.Relay(new byte[] { 1, 1 }, MessageKind.Text, endOfMessage: false));
        OnLoop(() => session.Relay(new byte[] { 1 }, MessageKind.Text, endOfMessage: false));
        peer.Send(Wire.Frame(Wire.Text, s_ping));
        peer.ExpectFrame(Wire.Text, s_pong);
        OnLoop(() => session.Relay(new byte[] { 2, 5 }, MessageKind.Text, endOfMessage: true));
        peer.ExpectFrame(Wire.Text, s_escape);
        Assert.Equal([1, 1, 1, 2, 5], peer.ReadMessage().Payload);
        OnLoop(() => session.Send([1, 1, 1, 2], MessageKind.Text));
        peer.ExpectFrame(Wire.Text, s_escape);
        peer.ExpectFrame(Wire.Text, s_escape);
    }

    [Fact]
    public void Compressed_messages_are_looked_at_like_others()
    {
        var (peer, probe, _) = Agreed(compression: true);
        byte[] escaped = [.. s_escape, .. new byte[500]];
        peer.Send([.. Wire.Frame(Wire.Text, s_ping), .. Wire.Frame(Wire.Text, s_escape), .. Wire.Frame(Wire.Text, DeflatedMessage.Deflate(escaped), reserved: 0x40)]);
        peer.ExpectFrame(Wire.Text, s_pong);
        peer.ExpectFrame(Wire.Text, s_escape);
        Assert.Equal(0x40, peer.ReadFrame().Reserved);
        Assert.Equal(escaped, Assert.Single(probe.Messages).Bytes);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_client_with_an_idle_timeout_hears_something_twice_in_that_time(bool textPings)
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        var (peer, _, _) = Agreed(textPings, TimeSpan.FromSeconds(10));
        for (int i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromSeconds(4.8));
            Turns();
            Assert.Equal(0, peer.Socket.Available);
            time.Advance(TimeSpan.FromSeconds(0.3));
            Turns();
            peer.ExpectFrame(textPings ? Wire.Text : Wire.Pong, textPings ? s_ping : []);
        }
    }

    [Fact]
    public void A_client_that_answers_text_pings_is_not_pinged_otherwise_and_one_that_does_not_is_cut_off()
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        var (peer, probe, _) = Agreed(true, TimeSpan.FromSeconds(10), new WebSocketOptions { InactivityTimeout = TimeSpan.FromSeconds(10) });
        for (int i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromSeconds(5.1));
            Turns();
            peer.ExpectFrame(Wire.Text, s_ping);
            peer.Send([.. Wire.Frame(Wire.Text, s_pong), .. Wire.Frame(Wire.Ping, "fence")]);
            peer.ExpectFrame(Wire.Pong, "fence"u8);
        }

        for (int i = 0; i < 4 && !probe.End.IsCompleted; i++)
        {
            time.Advance(TimeSpan.FromSeconds(5.1));
            Turns();
        }

        Assert.Equal("the peer did not answer a ping", Bounded.Result(probe.End).Reason);
    }

    /// <summary>A text message in frames of so many bytes.</summary>
    private static byte[] InFrames(byte[] message, int cut)
    {
        var frames = new List<byte>();
        int at = 0;
        do
        {
            int count = Math.Min(cut, message.Length - at);
            frames.AddRange(Wire.Frame(at == 0 ? Wire.Text : Wire.Continuation, message.AsSpan(at, count), final: at + count == message.Length));
            at += count;
        }
        while (at < message.Length);

        return [.. frames];
    }

    private (RawPeer Peer, SessionProbe Probe, WebSocketSession Session) Agreed(
        bool textPings = true, TimeSpan idle = default, WebSocketOptions? options = null, bool compression = false)
    {
        SessionProbe probe = SessionProbe.Echo();
        var (peer, session) = Serve(probe, options, compression: compression);
        OnLoop(() => session.Agree(null, new ClientExtensions(textPings, idle)));
        return (peer, probe, session);
    }
}

public sealed class ClientExtensionsOnEpollTests() : ClientExtensionsTests(EventSource.Epoll);

public sealed class ClientExtensionsOnPortableTests() : ClientExtensionsTests(EventSource.Portable);
