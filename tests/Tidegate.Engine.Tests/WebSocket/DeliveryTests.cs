using System.Text;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

/// <summary>However the bytes come in, the same messages come out.</summary>
public abstract class DeliveryTests(EventSource source) : WebSocketTest(source)
{
    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void A_byte_at_a_time_gives_the_same_as_all_at_once(WebSocketRole role)
    {
        bool mask = role == WebSocketRole.Server;
        byte[] stream =
        [
            .. Wire.Frame(Wire.Text, "h€llo", mask: mask),
            .. Wire.Frame(Wire.Ping, new byte[125], mask: mask),
            .. Wire.Frame(Wire.Binary, Pattern.Bytes(300), final: false, mask: mask),
            .. Wire.Frame(Wire.Ping, "in between", mask: mask),
            .. Wire.Frame(Wire.Continuation, Pattern.Bytes(10, 300), mask: mask),
            .. Wire.Frame(Wire.Text, "", mask: mask),
            .. Wire.CloseFrame(1000, "done", mask: mask),
        ];
        foreach (bool split in new[] { false, true })
        {
            var probe = SessionProbe.Echo();
            var (peer, _) = Serve(probe, role: role);
            if (split)
            {
                peer.SendByteByByte(stream);
            }
            else
            {
                peer.Send(stream);
            }

            var all = new List<string>();
            var data = new List<byte>();
            for (WireFrame frame = peer.ReadFrame(); ; frame = peer.ReadFrame())
            {
                if (frame.Opcode < 8)
                {
                    data.AddRange(frame.Payload);
                }
                else
                {
                    all.Add($"{frame.Opcode}:{Convert.ToHexString(frame.Payload)}");
                }

                if (frame.Opcode == Wire.Close)
                {
                    break;
                }
            }

            Assert.Equal([$"10:{new string('0', 250)}", $"10:{Convert.ToHexString("in between"u8)}", "8:03E8"], all);
            Assert.Equal([.. Encoding.UTF8.GetBytes("h€llo"), .. Pattern.Bytes(310)], data);
            Assert.Equal(["h€llo", null, ""], probe.Messages.Select(message => message.Kind == MessageKind.Text ? Encoding.UTF8.GetString(message.Bytes) : null));
            Assert.Equal("done", Bounded.Result(probe.End).Reason);
        }
    }

    [Theory]
    [InlineData(WebSocketRole.Server)]
    [InlineData(WebSocketRole.Client)]
    public void Many_frames_in_one_segment_are_echoed_in_order_with_pings_between_them(WebSocketRole role)
    {
        // Echoes of data lie in the read buffer, pongs elsewhere: both leave in the order in which they were asked for.
        bool mask = role == WebSocketRole.Server;
        var (peer, _) = Serve(SessionProbe.Echo(), role: role);
        var random = new Random(7);
        for (int round = 0; round < 20; round++)
        {
            var stream = new List<byte>();
            var expected = new List<(int Opcode, byte[] Payload)>();
            for (int i = 0; i < 200; i++)
            {
                int opcode = random.Next(6) == 0 ? Wire.Ping : Wire.Binary;
                byte[] payload = Pattern.Bytes(random.Next(opcode == Wire.Ping ? 126 : random.Next(10) == 0 ? 30_000 : 300), i);
                stream.AddRange(Wire.Frame(opcode, payload, mask: mask, key: (uint)random.Next()));
                expected.Add((opcode == Wire.Ping ? Wire.Pong : opcode, payload));
            }

            Task sending = Bounded.Start(() => peer.Send([.. stream]));
            var message = new List<byte>();
            var expectedData = expected.Where(item => item.Opcode == Wire.Binary).SelectMany(item => item.Payload).ToArray();
            var expectedPongs = new Queue<byte[]>(expected.Where(item => item.Opcode == Wire.Pong).Select(item => item.Payload));
            int ends = expected.Count(item => item.Opcode == Wire.Binary);
            while (ends > 0 || expectedPongs.Count > 0)
            {
                WireFrame frame = peer.ReadFrame();
                Assert.Equal(!mask, frame.Masked);
                if (frame.Opcode == Wire.Pong)
                {
                    Assert.Equal(expectedPongs.Dequeue(), frame.Payload);
                    continue;
                }

                message.AddRange(frame.Payload);
                ends -= frame.Final ? 1 : 0;
            }

            Assert.Equal(expectedData, message);
            Bounded.Wait(sending);
        }
    }

    [Theory]
    [InlineData(4096, 200_000)]
    [InlineData(4096, 4096)]
    [InlineData(4096, 4088)]
    [InlineData(16384, 1_000_000)]
    public void A_frame_larger_than_the_read_buffer_comes_in_parts_of_one_message(int buffer, int length)
    {
        StartLoops(options => options with { ReadBufferSize = buffer });
        var probe = SessionProbe.Echo();
        var (peer, _) = Serve(probe, new WebSocketOptions { MaximumMessageSize = length });
        byte[] payload = Pattern.Bytes(length);
        Task sending = Bounded.Start(() => peer.Send(Wire.Frame(Wire.Binary, payload)));
        Assert.Equal(payload, peer.ReadMessage().Payload);
        Bounded.Wait(sending);
        Assert.Equal(payload, Assert.Single(probe.Messages).Bytes);
        Assert.InRange(probe.Parts, 1 + (length / (buffer + 1)), int.MaxValue);
    }

    [Fact]
    public void Random_cuts_change_nothing()
    {
        StartLoops(options => options with { ReadBufferSize = 4096 });
        var random = new Random(11);
        for (int round = 0; round < 30; round++)
        {
            var probe = new SessionProbe();
            var (peer, _) = Serve(probe);
            var stream = new List<byte>();
            var expected = new List<byte[]>();
            for (int i = 0; i < 30; i++)
            {
                byte[] payload = Pattern.Bytes(random.Next(random.Next(4) == 0 ? 9000 : 150), i);
                expected.Add(payload);
                int cut = random.Next(payload.Length + 1);
                stream.AddRange(Wire.Frame(Wire.Binary, payload.AsSpan(0, cut), final: false, key: (uint)random.Next()));
                stream.AddRange(Wire.Frame(Wire.Pong, payload.AsSpan(0, Math.Min(125, cut))));
                stream.AddRange(Wire.Frame(Wire.Continuation, payload.AsSpan(cut)));
            }

            byte[] bytes = [.. stream];
            for (int at = 0; at < bytes.Length;)
            {
                int count = Math.Min(bytes.Length - at, 1 + random.Next(random.Next(3) == 0 ? 5000 : 20));
                peer.Send(bytes.AsSpan(at, count));
                at += count;
            }

            Bounded.Until(() => probe.Messages.Length == expected.Count, "all messages came");
            Assert.Equal(expected, probe.Messages.Select(message => message.Bytes));
        }
    }

    [Fact]
    public void Messages_sent_by_the_service_keep_their_boundaries()
    {
        var (peer, session) = Serve(new SessionProbe());
        OnLoop(() =>
        {
            session.Send("text"u8, MessageKind.Text);
            session.Send([], MessageKind.Binary);
            session.Relay("first "u8.ToArray(), MessageKind.Text, endOfMessage: false);
            Assert.Throws<InvalidOperationException>(() => session.Send("x"u8, MessageKind.Text));
            session.Relay("second"u8.ToArray(), MessageKind.Text, endOfMessage: true);
            session.Send(new byte[70_000], MessageKind.Binary);
        });
        Assert.Equal((Wire.Text, "text"), Text(peer.ReadMessage()));
        Assert.Equal((Wire.Binary, ""), Text(peer.ReadMessage()));
        Assert.Equal((Wire.Text, "first second"), Text(peer.ReadMessage()));
        Assert.Equal(70_000, peer.ReadMessage().Payload.Length);
    }

    private static (int Opcode, string Text) Text((int Opcode, byte[] Payload) message) => (message.Opcode, Encoding.UTF8.GetString(message.Payload));
}

public sealed class DeliveryOnEpollTests() : DeliveryTests(EventSource.Epoll);

public sealed class DeliveryOnPortableTests() : DeliveryTests(EventSource.Portable);
