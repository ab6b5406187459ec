using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

/// <summary>Messages over the limit are refused with 1009 (RFC 6455, section 7.4.1), on what their headers say.</summary>
public abstract class MessageLimitTests(EventSource source) : WebSocketTest(source)
{
    private static readonly WebSocketOptions Limited = Patient with { MaximumMessageSize = 1000 };

    [Fact]
    public void A_message_of_the_limit_passes_in_any_number_of_frames()
    {
        var (peer, _) = Serve(SessionProbe.Echo(), Limited);
        for (int round = 0; round < 3; round++)
        {
            peer.Send(Wire.Frame(Wire.Binary, Pattern.Bytes(1000)));
            Assert.Equal(Pattern.Bytes(1000), peer.ReadMessage().Payload);
            for (int i = 0; i < 10; i++)
            {
                peer.Send(Wire.Frame(i == 0 ? Wire.Binary : Wire.Continuation, Pattern.Bytes(100, i * 100), final: i == 9));
            }

            Assert.Equal(Pattern.Bytes(1000), peer.ReadMessage().Payload);
        }
    }

    [Theory]
    [InlineData(1001ul)]
    [InlineData(65536ul)]
    [InlineData(0x7FFFFFFFFFFFFFFFul)]
    public void A_longer_frame_is_refused_before_its_payload_comes(ulong length)
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe, Limited);
        peer.Send(Wire.Frame(Wire.Binary, [], claims: length));
        Assert.Contains("1000", peer.ExpectClose(1009), StringComparison.Ordinal);
        Assert.Equal(CloseStatus.MessageTooBig, Bounded.Result(probe.End).Status);
    }

    [Fact]
    public void Fragments_are_summed()
    {
        var (peer, _) = Serve(new SessionProbe(), Limited);
        peer.Send([.. Wire.Frame(Wire.Binary, new byte[600], final: false), .. Wire.Frame(Wire.Continuation, new byte[400], final: false)]);
        Turns();
        Assert.Equal(0, peer.Socket.Available);
        peer.Send(Wire.Frame(Wire.Continuation, new byte[1]));
        peer.ExpectClose(1009);
    }

    [Fact]
    public void A_fragment_that_would_overflow_the_sum_is_refused()
    {
        var (peer, _) = Serve(new SessionProbe(), Limited);
        peer.Send([.. Wire.Frame(Wire.Binary, new byte[600], final: false), .. Wire.Frame(Wire.Continuation, [], claims: 0x7FFFFFFFFFFFFFFF)]);
        peer.ExpectClose(1009);
    }
}

public sealed class MessageLimitOnEpollTests() : MessageLimitTests(EventSource.Epoll);

public sealed class MessageLimitOnPortableTests() : MessageLimitTests(EventSource.Portable);
