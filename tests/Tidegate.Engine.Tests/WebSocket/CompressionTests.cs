using System.IO.Compression;
using System.Text;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

/// <summary>Messages under permessage-deflate (RFC 7692).</summary>
public abstract class CompressionTests(EventSource source) : WebSocketTest(source)
{
    private const int Rsv1 = 0x40;
    private static readonly WebSocketOptions Limited = Patient with { MaximumMessageSize = 100_000 };

    // Section 7.2.3.1 has this as an example.
    private static readonly byte[] Hello = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

    [Theory]
    [InlineData("F248CDC9C90700")]
    [InlineData("000500FAFF48656C6C6F00")]
    [InlineData("F348CDC9C9070000")]
    [InlineData("F248050000 00FFFFCAC9C90700")]
    public void The_examples_of_section_7_2_3_are_understood(string hex)
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe, Limited, compression: true);
        peer.Send(Wire.Frame(Wire.Text, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)), reserved: Rsv1));
        Bounded.Until(() => probe.Messages.Length == 1, "the message came");
        Assert.Equal("Hello", Encoding.ASCII.GetString(probe.Messages[0].Bytes));
    }

    [Fact]
    public void An_empty_message_may_come_compressed()
    {
        // Section 7.2.3.6.
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe, Limited, compression: true);
        peer.Send(Wire.Frame(Wire.Text, [0x00], reserved: Rsv1));
        Bounded.Until(() => probe.Messages.Length == 1, "the message came");
        Assert.Empty(probe.Messages[0].Bytes);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(16 * 1024)]
    [InlineData(99_999)]
    public void A_message_goes_through_compressed_and_comes_back(int length)
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, length).Select(i => (char)('a' + (i % 7)))));
        var echo = new SessionProbe();
        var (peer, session) = Serve(echo, Limited, compression: true);
        for (int round = 0; round < 2; round++)
        {
            peer.Send(Wire.Frame(Wire.Text, Deflate(text), reserved: Rsv1));
            Bounded.Until(() => echo.Messages.Length == round + 1, "the message came");
            Assert.Equal(text, echo.Messages[round].Bytes);
            OnLoop(() => session.Send(text, MessageKind.Text));
            WireFrame frame = peer.ReadFrame();
            Assert.Equal(text, frame.Reserved == Rsv1 ? Inflate(frame.Payload) : frame.Payload);
            Assert.Equal(length >= 100 ? Rsv1 : 0, frame.Reserved);
        }
    }

    [Fact]
    public void What_does_not_shrink_is_sent_as_it_is()
    {
        byte[] noise = new byte[5000];
        new Random(1).NextBytes(noise);
        var (peer, session) = Serve(new SessionProbe(), Limited, compression: true);
        OnLoop(() => session.Send(noise, MessageKind.Binary));
        peer.ExpectFrame(Wire.Binary, noise);
    }

    [Fact]
    public void A_compressed_message_may_be_fragmented_and_mixed_with_plain_ones()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe, Limited, compression: true);
        peer.Send(Wire.Frame(Wire.Text, Hello.AsSpan(0, 1), final: false, reserved: Rsv1));
        for (int i = 1; i < Hello.Length; i++)
        {
            peer.Send([.. Wire.Frame(Wire.Continuation, Hello.AsSpan(i, 1), final: false), .. Wire.Frame(Wire.Ping, [])]);
        }

        peer.Send([.. Wire.Frame(Wire.Continuation, []), .. Wire.Frame(Wire.Text, "plain")]);
        Bounded.Until(() => probe.Messages.Length == 2, "both messages came");
        Assert.Equal(["Hello", "plain"], probe.Messages.Select(message => Encoding.ASCII.GetString(message.Bytes)));
    }

    [Theory]
    [InlineData(Wire.Continuation)]
    [InlineData(Wire.Ping)]
    [InlineData(Wire.Pong)]
    [InlineData(Wire.Close)]
    public void The_compressed_bit_on_anything_but_the_first_data_frame_is_a_violation(int opcode)
    {
        // Section 6.1.
        var (peer, _) = Serve(new SessionProbe(), Limited, compression: true);
        peer.Send([.. Wire.Frame(Wire.Text, Hello.AsSpan(0, 3), final: false, reserved: Rsv1), .. Wire.Frame(opcode, [], reserved: Rsv1)]);
        peer.ExpectClose(1002);
    }

    [Theory]
    [InlineData(0x10)]
    [InlineData(0x20)]
    [InlineData(0x50)]
    public void The_other_reserved_bits_stay_forbidden(int reserved)
    {
        var (peer, _) = Serve(new SessionProbe(), Limited, compression: true);
        peer.Send(Wire.Frame(Wire.Text, Hello, reserved: reserved));
        peer.ExpectClose(1002);
    }

    [Theory]
    [InlineData("07")]
    [InlineData("FFFFFFFF")]
    [InlineData("0005000000")]
    [InlineData("000600F9FF48")]
    [InlineData("")]
    public void What_can_not_be_inflated_is_refused_with_1007(string hex)
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe, Limited, compression: true);
        peer.Send(Wire.Frame(Wire.Binary, Convert.FromHexString(hex), reserved: Rsv1));
        peer.ExpectClose(1007);
        Assert.Equal(CloseStatus.InvalidPayload, Bounded.Result(probe.End).Status);
        Assert.Empty(probe.Messages);
    }

    [Fact]
    public void Inflated_text_is_validated()
    {
        var (peer, _) = Serve(new SessionProbe(), Limited, compression: true);
        peer.Send(Wire.Frame(Wire.Text, Deflate([0x61, 0xC0, 0xAF]), reserved: Rsv1));
        peer.ExpectClose(1007);
    }

    [Fact]
    public void A_message_that_inflates_beyond_the_limit_is_refused_and_not_inflated_further()
    {
        long received = 0;
        var probe = new SessionProbe { Received = (_, payload, _, _) => received += payload.Length };
        var (peer, _) = Serve(probe, Limited, compression: true);
        byte[] bomb = Deflate(new byte[50_000_000]);
        Assert.InRange(bomb.Length, 1, 99_999);
        peer.Send(Wire.Frame(Wire.Binary, bomb, reserved: Rsv1));
        peer.ExpectClose(1009);
        Assert.InRange(OnLoop(() => received), 0, 100_000);
        Assert.Empty(probe.Messages);
    }

    [Fact]
    public void A_message_of_the_limit_passes_even_where_compressing_made_it_longer()
    {
        byte[] noise = new byte[100_000];
        new Random(1).NextBytes(noise);
        byte[] deflated = Deflate(noise);
        Assert.True(deflated.Length > noise.Length);
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe, Limited, compression: true);
        peer.Send(Wire.Frame(Wire.Binary, deflated, reserved: Rsv1));
        Bounded.Until(() => probe.Messages.Length == 1, "the message came");
        Assert.Equal(noise, probe.Messages[0].Bytes);
        peer.Send(Wire.Frame(Wire.Binary, Deflate([.. noise, 0]), reserved: Rsv1));
        peer.ExpectClose(1009);
    }

    [Fact]
    public void Compressed_bytes_without_end_are_refused()
    {
        var (peer, _) = Serve(new SessionProbe(), Limited, compression: true);
        peer.Send(Wire.Frame(Wire.Binary, new byte[60_000], final: false, reserved: Rsv1));
        peer.Send(Wire.Frame(Wire.Continuation, [], final: false, claims: 60_000));
        peer.ExpectClose(1009);
    }

    [Fact]
    public void Short_frames_that_inflate_to_much_do_not_pile_up_for_a_peer_that_does_not_read()
    {
        const int Messages = 600;
        const int Size = 90_000;
        long largest = 0;
        var echo = new SessionProbe
        {
            Received = (session, payload, kind, end) =>
            {
                session.Relay(payload, kind, end);
                largest = Math.Max(largest, session.PendingBytes);
            },
            Congested = session => session.PauseReading(),
            Drained = session => session.ResumeReading(),
        };
        var (peer, _) = Serve(echo, Limited, compression: true, receiveBuffer: 8 * 1024);
        byte[] frame = Wire.Frame(Wire.Binary, Deflate(new byte[Size]), reserved: Rsv1);
        Task sending = Bounded.Start(() => peer.Send([.. Enumerable.Repeat(frame, Messages).SelectMany(bytes => bytes)]));
        long received = 0;
        int ended = 0;
        while (ended < Messages)
        {
            WireFrame part = peer.ReadFrame();
            received += part.Payload.Length;
            ended += part.Final ? 1 : 0;
        }

        Bounded.Wait(sending);
        Assert.Equal((long)Messages * Size, received);
        // The mark, and the message during which it was passed.
        Assert.InRange(OnLoop(() => largest), 0, (128 * 1024) + Size);
    }

    [Fact]
    public void Short_frames_that_inflate_to_much_leave_the_loop_to_others_in_between()
    {
        const int Messages = 800;
        int meanwhile = -1;
        int received = 0;
        var probe = new SessionProbe
        {
            Received = (session, _, _, end) =>
            {
                received += end ? 1 : 0;
                if (received == 1 && end)
                {
                    session.Loop.Post(() => meanwhile = received);
                }
            },
        };
        var (peer, session) = Serve(probe, Limited, compression: true, start: false);
        byte[] frame = Wire.Frame(Wire.Binary, Deflate(new byte[99_000]), reserved: Rsv1);
        peer.Send([.. Enumerable.Repeat(frame, Messages).SelectMany(bytes => bytes)]);
        OnLoop(session.Start);
        Bounded.Until(() => OnLoop(() => received) == Messages, "all messages came");
        Assert.InRange(OnLoop(() => meanwhile), 1, 300);
    }

    [Fact]
    public void A_message_that_comes_compressed_after_this_sides_close_is_whole_where_it_is_still_wanted()
    {
        byte[] text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 99_000).Select(i => (char)('a' + (i % 7)))));
        var probe = new SessionProbe();
        var (peer, session) = Serve(probe, Limited, compression: true);
        OnLoop(() => session.CloseSending(CloseStatus.NormalClosure));
        peer.ExpectFrame(Wire.Close, Wire.ClosePayload(1000));
        peer.Send([.. Wire.Frame(Wire.Text, Deflate(text), reserved: Rsv1), .. Wire.CloseFrame(1001)]);
        Assert.Equal(CloseStatus.GoingAway, Bounded.Result(probe.End).Status);
        Assert.Equal(text, Assert.Single(probe.Messages).Bytes);
    }

    private static byte[] Deflate(byte[] data)
    {
        using var output = new MemoryStream();
        using var deflate = new DeflateStream(output, CompressionLevel.Optimal);
        deflate.Write(data);
        deflate.Flush();
        return output.ToArray()[..^4];
    }

    private static byte[] Inflate(byte[] data)
    {
        using var inflate = new DeflateStream(new MemoryStream([.. data, 0, 0, 0xFF, 0xFF]), CompressionMode.Decompress);
        using var output = new MemoryStream();
        inflate.CopyTo(output);
        return output.ToArray();
    }
}

public sealed class CompressionOnEpollTests() : CompressionTests(EventSource.Epoll);

public sealed class CompressionOnPortableTests() : CompressionTests(EventSource.Portable);
