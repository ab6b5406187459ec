using System.Buffers;
using System.Text;
using Tidegate.Engine.Emulation;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tests.Support;

namespace Tidegate.Engine.Tests.Emulation;

/// <summary>The frames of an emulated WebSocket, both ways: docs/spec/clients.md, chapter 3, and compat.md, 3.6.</summary>
public sealed class UpstreamReaderTests
{
    [Theory]
    // Text and bytes, with a length or up to 0xff, and in the recorded two-byte length.
    [InlineData("8103616263", "t616263")]
    [InlineData("8003000aff", "b000aff")]
    [InlineData("00616263ff", "t616263")]
    [InlineData("8100", "t")]
    [InlineData("81800100", "t00")]
    // Commands, alone and together; what ends a request ends it.
    [InlineData("013030ff", "")]
    [InlineData("8101610130 31ff", "t61")]
    [InlineData("013032ff013031ff", "close")]
    [InlineData("0130303032ff", "close")]
    [InlineData("8900", "ping")]
    [InlineData("8a00", "pong")]
    // CESU-8: a face as two surrogates, and in proper UTF-8.
    [InlineData("8106eda0bdedb880", "tf09f9880")]
    [InlineData("8104f09f9880", "tf09f9880")]
    [InlineData("8108 61eda0bdedb88062", "t61f09f988062")]
    public void Frames_of_a_client_are_understood(string body, string expected) => Assert.Equal(expected, Read(body, EmulationEncoding.Binary));

    [Theory]
    [InlineData("82")]
    [InlineData("8901")]
    [InlineData("01303fff")]
    [InlineData("013033ff")]
    [InlineData("0130ff")]
    [InlineData("0130313032ff")]
    [InlineData("013031ff8100")]
    [InlineData("818080808080")]
    [InlineData("818f80")]
    [InlineData("8103eda0bd")]
    [InlineData("8101ff")]
    // Unfinished.
    [InlineData("81")]
    [InlineData("810361")]
    [InlineData("0061")]
    public void What_breaks_a_rule_or_off_is_refused(string body) => Assert.StartsWith("!", Read(body, EmulationEncoding.Binary), StringComparison.Ordinal);

    [Theory]
    // Each byte is a character; zero may be U+0100; 0x7f is itself.
    [InlineData(EmulationEncoding.Text, "c281 05 c480 7f c3bf c280 61", "t007fff8061", false)]
    [InlineData(EmulationEncoding.Text, "c280 05 c480 7f c3bf c280 61", "b007fff8061", true)]
    [InlineData(EmulationEncoding.Text, "c280 01 00", "b00", true)]
    [InlineData(EmulationEncoding.EscapedText, "c280 04 7f30 7f6e 7f72 7f7f", "b000a0d7f", true)]
    [InlineData(EmulationEncoding.EscapedText, "c280 7f30", "b", true)]
    public void Text_stands_for_bytes(EmulationEncoding encoding, string body, string expected, bool good) =>
        Assert.Equal(good ? expected : "!", good ? Read(body, encoding) : Read(body, encoding)[..1]);

    [Theory]
    [InlineData(EmulationEncoding.Text, "c5")]
    [InlineData(EmulationEncoding.Text, "c481")]
    [InlineData(EmulationEncoding.Text, "e282ac")]
    [InlineData(EmulationEncoding.Text, "80")]
    [InlineData(EmulationEncoding.Text, "c280 01 c3")]
    [InlineData(EmulationEncoding.EscapedText, "c280 01 7f31")]
    [InlineData(EmulationEncoding.EscapedText, "c280 01 7f")]
    public void Text_that_does_not_stand_for_bytes_is_refused(EmulationEncoding encoding, string body) =>
        Assert.StartsWith("!", Read(body, encoding), StringComparison.Ordinal);

    [Theory]
    [InlineData(EmulationEncoding.Binary, true, "8103000d7f")]
    [InlineData(EmulationEncoding.Binary, false, "8003000d7f")]
    [InlineData(EmulationEncoding.Text, true, "8103000d7f")]
    [InlineData(EmulationEncoding.EscapedText, true, "81037f307f727f7f")]
    public void Messages_are_written_as_the_client_reads_them(EmulationEncoding encoding, bool tellsText, string expected)
    {
        var written = new ArrayBufferWriter<byte>();
        EmulationFrames.WriteMessage(written, [0x00, 0x0d, 0x7f], MessageKind.Text, tellsText, encoding);
        Assert.Equal(expected, Convert.ToHexStringLower(written.WrittenSpan));
    }

    [Theory]
    [InlineData(0, "8000")]
    [InlineData(127, "807f")]
    [InlineData(128, "808100")]
    [InlineData(256, "808200")]
    [InlineData(200_000, "808c9a40")]
    public void Lengths_are_seven_bits_a_byte_the_highest_first(int length, string head)
    {
        var written = new ArrayBufferWriter<byte>();
        EmulationFrames.WriteMessage(written, new byte[length], MessageKind.Binary, tellsText: true, EmulationEncoding.Binary);
        Assert.Equal(head, Convert.ToHexStringLower(written.WrittenSpan[..(head.Length / 2)]));
        Assert.Equal((head.Length / 2) + length, written.WrittenCount);
    }

    [Fact]
    public void A_message_of_the_greatest_length_is_taken_and_a_longer_one_is_not()
    {
        foreach (string head in new[] { "80", "81" })
        {
            Assert.Equal(2001, Read(head + "8768" + new string('6', 2000), EmulationEncoding.Binary, 1000).Length);
            Assert.Equal("!incoming message size exceeds permitted maximum of 999 bytes", Read(head + "8768", EmulationEncoding.Binary, 999));
        }

        Assert.StartsWith("!incoming", Read("00" + new string('6', 2002) + "ff", EmulationEncoding.Binary, 1000), StringComparison.Ordinal);
    }

    /// <summary>What a reader finds in a body, the same however it is cut; with an exclamation mark what is wrong with it.</summary>
    private static string Read(string hex, EmulationEncoding encoding, int maximum = 1024)
    {
        byte[] body = Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal));
        string whole = UpstreamSink.Read(body, encoding, maximum, _ => body.Length);
        Assert.Equal(whole, UpstreamSink.Read(body, encoding, maximum, _ => 1));
        return whole;
    }
}

/// <summary>Writes down what a reader finds.</summary>
internal sealed class UpstreamSink : IUpstreamSink
{
    private readonly StringBuilder _found = new();

    public void OnMessage(Span<byte> message, MessageKind kind)
    {
        _found.Append(kind == MessageKind.Text ? 't' : 'b').Append(Convert.ToHexStringLower(message));
        // They are the receiver's.
        message.Fill(0xee);
    }

    public void OnPing() => _found.Append("ping");

    public void OnPong() => _found.Append("pong");

    public void OnClose() => _found.Append("close");

    /// <summary>Reads a body in pieces of lengths that <paramref name="next"/> gives for what is left.</summary>
    internal static string Read(ReadOnlySpan<byte> body, EmulationEncoding encoding, int maximum, Func<int, int> next)
    {
        var sink = new UpstreamSink();
        var reader = new UpstreamReader(encoding, maximum);
        while (!body.IsEmpty)
        {
            byte[] piece = body[..Math.Min(body.Length, next(body.Length))].ToArray();
            body = body[piece.Length..];
            if (!reader.TryRead(piece, sink, out string? fault))
            {
                return "!" + fault;
            }
        }

        return reader.IsAtEnd ? sink._found.ToString() : "!unfinished";
    }
}
