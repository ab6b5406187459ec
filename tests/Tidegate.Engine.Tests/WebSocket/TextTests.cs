using System.Text;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

/// <summary>RFC 6455, section 8.1: text is UTF-8 (RFC 3629), or the connection fails with 1007.</summary>
public abstract class TextTests(EventSource source) : WebSocketTest(source)
{
    private static readonly byte[] Good = Encoding.UTF8.GetBytes("a\u00E9\u20AC\uFFFD\U0001F600\U0010FFFF\u0000z");

    // Stray continuations, overlong forms, surrogates, beyond U+10FFFF, bytes that never occur, unfinished characters.
    public static TheoryData<string> Bad =>
    [
        "80", "BF", "C0AF", "C1BF", "E08080", "E09FBF", "F0808080", "F08FBFBF", "EDA080", "EDBFBF", "EDA080EDB080", "F4908080", "F5808080",
        "F88888808080", "FE", "FF", "C3", "E282", "F09F98", "C328", "E228A1", "F09F2880", "61C3", "E2", "F0",
    ];

    [Fact]
    public void Good_text_passes_at_every_split_into_two_frames()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        for (int cut = 0; cut <= Good.Length; cut++)
        {
            peer.Send([.. Wire.Frame(Wire.Text, Good.AsSpan(0, cut), final: false), .. Wire.Frame(Wire.Ping, []), .. Wire.Frame(Wire.Continuation, Good.AsSpan(cut))]);
            peer.ExpectFrame(Wire.Pong, []);
        }

        Bounded.Until(() => probe.Messages.Length == Good.Length + 1, "every message came");
        Assert.All(probe.Messages, message => Assert.Equal(Good, message.Bytes));
    }

    [Fact]
    public void Good_text_passes_a_byte_at_a_time()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        foreach (byte value in Good)
        {
            peer.SendByteByByte(Wire.Frame(value == Good[0] ? Wire.Text : Wire.Continuation, [value], final: false));
        }

        peer.Send(Wire.Frame(Wire.Continuation, []));
        Bounded.Until(() => probe.Messages.Length == 1, "the message came");
        Assert.Equal(Good, probe.Messages[0].Bytes);
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public void Bad_text_is_refused_whole_and_at_every_split(string hex)
    {
        byte[] text = [(byte)'o', .. Convert.FromHexString(hex)];
        for (int cut = 0; cut <= text.Length; cut++)
        {
            var probe = new SessionProbe();
            var (peer, _) = Serve(probe);
            peer.Send(cut == 0
                ? Wire.Frame(Wire.Text, text)
                : [.. Wire.Frame(Wire.Text, text.AsSpan(0, cut), final: false), .. Wire.Frame(Wire.Continuation, text.AsSpan(cut))]);
            peer.ExpectClose(1007);
            Assert.Equal(CloseStatus.InvalidPayload, Bounded.Result(probe.End).Status);
            Assert.Empty(probe.Messages);
        }
    }

    [Fact]
    public void Text_that_can_not_become_good_is_refused_before_its_end()
    {
        var (peer, _) = Serve(new SessionProbe());
        peer.Send(Wire.Frame(Wire.Text, [0xF4, 0x90], final: false));
        peer.ExpectClose(1007);
    }

    [Fact]
    public void Binary_messages_may_hold_anything()
    {
        var probe = new SessionProbe();
        var (peer, _) = Serve(probe);
        peer.Send(Wire.Frame(Wire.Binary, [0xFF, 0xC0]));
        peer.Send([.. Wire.Frame(Wire.Text, [0xE2], final: false), .. Wire.Frame(Wire.Continuation, [0x82, 0xAC])]);
        peer.Send(Wire.Frame(Wire.Binary, [0x82]));
        Bounded.Until(() => probe.Messages.Length == 3, "all messages came");
    }
}

public sealed class TextOnEpollTests() : TextTests(EventSource.Epoll);

public sealed class TextOnPortableTests() : TextTests(EventSource.Portable);
