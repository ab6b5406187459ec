using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

/// <summary>RFC 6455, section 5: which frames are taken and which end the connection with 1002.</summary>
public abstract class FrameRuleTests(EventSource source) : WebSocketTest(source)
{
    // Section 5.1: only clients mask.
    [Theory]
    [InlineData(WebSocketRole.Server, true)]
    [InlineData(WebSocketRole.Client, false)]
    public void Frames_are_masked_as_the_role_demands(WebSocketRole role, bool mask)
    {
        foreach (int opcode in new[] { Wire.Text, Wire.Binary })
        {
            var (peer, _) = Serve(SessionProbe.Echo(), role: role);
            peer.Send(Wire.Frame(opcode, "hello", mask: mask));
            WireFrame answer = peer.ReadFrame();
            Assert.Equal(0x80 | opcode, answer.First);
            Assert.Equal(!mask, answer.Masked);
            Assert.Equal("hello"u8.ToArray(), answer.Payload);
        }

        foreach (int opcode in new[] { Wire.Text, Wire.Binary, Wire.Ping, Wire.Pong, Wire.Close })
        {
            Violates(Wire.Frame(opcode, [], mask: !mask), 1002, role);
        }
    }

    // Section 5.3: the key must not be predictable.
    [Fact]
    public void A_client_takes_a_fresh_mask_for_every_frame()
    {
        var (peer, session) = Serve(new SessionProbe(), role: WebSocketRole.Client);
        OnLoop(() =>
        {
            for (int i = 0; i < 600; i++)
            {
                session.Send("same"u8, MessageKind.Text);
            }
        });
        var keys = new HashSet<string>();
        for (int i = 0; i < 600; i++)
        {
            byte[] frame = peer.Receive(10);
            Assert.Equal([0x81, 0x84], frame[..2]);
            keys.Add(Convert.ToHexString(frame[2..6]));
        }

        Assert.InRange(keys.Count, 598, 600);
    }

    // Section 5.2: reserved bits without an extension.
    [Theory]
    [InlineData(0x10)]
    [InlineData(0x20)]
    [InlineData(0x40)]
    [InlineData(0x70)]
    public void A_reserved_bit_is_a_violation_in_any_frame(int reserved)
    {
        foreach (int opcode in new[] { Wire.Text, Wire.Binary, Wire.Close, Wire.Ping, Wire.Pong })
        {
            Violates(Wire.Frame(opcode, [], reserved: reserved), 1002);
        }

        Violates([.. Wire.Frame(Wire.Text, "a", final: false), .. Wire.Frame(Wire.Continuation, [], reserved: reserved)], 1002);
    }

    // Section 5.2: opcodes 3 to 7 and 11 to 15 are reserved.
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    [InlineData(7)]
    [InlineData(11)]
    [InlineData(12)]
    [InlineData(13)]
    [InlineData(14)]
    [InlineData(15)]
    public void A_reserved_opcode_is_a_violation(int opcode) => Violates(Wire.Frame(opcode, []), 1002);

    // Section 5.2: the shortest form of the length must be used, and its highest bit is 0.
    [Theory]
    [InlineData(2, 0ul)]
    [InlineData(2, 125ul)]
    [InlineData(8, 0ul)]
    [InlineData(8, 125ul)]
    [InlineData(8, 65535ul)]
    [InlineData(8, 0x8000000000000000ul)]
    [InlineData(8, 0xFFFFFFFFFFFFFFFFul)]
    public void A_length_that_is_not_in_its_shortest_form_is_a_violation(int lengthBytes, ulong length) =>
        Violates(Wire.Frame(Wire.Binary, [], lengthBytes: lengthBytes, claims: length), 1002);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(126)]
    [InlineData(127)]
    [InlineData(65535)]
    [InlineData(65536)]
    [InlineData(131072)]
    public void Every_length_at_a_boundary_of_its_form_is_echoed(int length)
    {
        var (peer, _) = Serve(SessionProbe.Echo());
        byte[] payload = Pattern.Bytes(length);
        peer.Send(Wire.Frame(Wire.Binary, payload));
        Assert.Equal(payload, peer.ReadMessage().Payload);
    }

    // Section 5.4: fragmentation.
    [Fact]
    public void A_continuation_without_a_message_is_a_violation()
    {
        Violates(Wire.Frame(Wire.Continuation, "x"), 1002);
        Violates(Wire.Frame(Wire.Continuation, "x", final: false), 1002);
        // A finished message leaves nothing to continue; an unfinished one may not be replaced.
        Violates([.. Wire.Frame(Wire.Text, "a", final: false), .. Wire.Frame(Wire.Continuation, "b"), .. Wire.Frame(Wire.Continuation, "c")], 1002, messages: 1);
    }

    [Theory]
    [InlineData(Wire.Text)]
    [InlineData(Wire.Binary)]
    public void A_new_message_within_a_fragmented_one_is_a_violation(int opcode) =>
        Violates([.. Wire.Frame(Wire.Text, "a", final: false), .. Wire.Frame(opcode, "b")], 1002);

    [Theory]
    [InlineData(Wire.Close)]
    [InlineData(Wire.Ping)]
    [InlineData(Wire.Pong)]
    public void A_control_frame_that_is_fragmented_or_too_long_is_a_violation(int opcode)
    {
        // Section 5.5.
        Violates(Wire.Frame(opcode, [], final: false), 1002);
        Violates(Wire.Frame(opcode, new byte[126]), 1002);
        Violates(Wire.Frame(opcode, [], lengthBytes: 8, claims: 1 << 20), 1002);
    }

    [Fact]
    public void Fragments_with_control_frames_between_them_make_one_message()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Send(
        [
            .. Wire.Frame(Wire.Text, "one ", final: false),
            .. Wire.Frame(Wire.Ping, "1"),
            .. Wire.Frame(Wire.Continuation, "two ", final: false),
            .. Wire.Frame(Wire.Pong, "unasked"),
            .. Wire.Frame(Wire.Continuation, "", final: false),
            .. Wire.Frame(Wire.Ping, "2"),
            .. Wire.Frame(Wire.Continuation, "three"),
            .. Wire.Frame(Wire.Binary, "next"),
        ]);
        peer.ExpectFrame(Wire.Pong, "1"u8);
        peer.ExpectFrame(Wire.Pong, "2"u8);
        Bounded.Until(() => probe.Messages.Length == 2, "both messages came");
        Assert.Equal((MessageKind.Text, "one two three"), (probe.Messages[0].Kind, System.Text.Encoding.UTF8.GetString(probe.Messages[0].Bytes)));
        Assert.Equal((MessageKind.Binary, "next"), (probe.Messages[1].Kind, System.Text.Encoding.UTF8.GetString(probe.Messages[1].Bytes)));
    }

    [Fact]
    public void Empty_messages_are_messages()
    {
        var probe = SessionProbe.Echo();
        var (peer, _) = Serve(probe);
        peer.Send([.. Wire.Frame(Wire.Text, ""), .. Wire.Frame(Wire.Binary, "", final: false), .. Wire.Frame(Wire.Continuation, "")]);
        Assert.Equal((Wire.Text, 0), (peer.ReadMessage().Opcode, 0));
        Assert.Equal((Wire.Binary, 0), (peer.ReadMessage().Opcode, 0));
        Assert.All(probe.Messages, message => Assert.Empty(message.Bytes));
    }

    [Fact]
    public void What_a_violation_says_reaches_the_peer_and_nothing_after_it_is_read()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Send([.. Wire.Frame(Wire.Text, "before"), .. Wire.Frame(3, "bad"), .. Wire.Frame(Wire.Text, "after")]);
        Assert.Equal("an unknown opcode", peer.ExpectClose(1002));
        peer.EndSending();
        SessionEnd end = Bounded.Result(probe.End);
        Assert.Equal(CloseStatus.ProtocolError, end.Status);
        Assert.Equal("before", System.Text.Encoding.UTF8.GetString(Assert.Single(probe.Messages).Bytes));
    }

    private void Violates(byte[] bytes, int status, WebSocketRole role = WebSocketRole.Server, int messages = 0)
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe, role: role);
        peer.Send(bytes);
        peer.ExpectClose(status);
        peer.EndSending();
        Assert.Equal(status, (int)Bounded.Result(probe.End).Status);
        Assert.Equal(messages, probe.Messages.Length);
    }
}

public sealed class FrameRuleOnEpollTests() : FrameRuleTests(EventSource.Epoll);

public sealed class FrameRuleOnPortableTests() : FrameRuleTests(EventSource.Portable);
