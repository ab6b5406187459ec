using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.WebSocket;

public sealed class HandshakeTests
{
    [Fact]
    public void The_accept_value_is_that_of_the_example_in_section_1_3() =>
        Assert.Equal("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", WebSocketHandshake.AcceptFor("dGhlIHNhbXBsZSBub25jZQ=="));

    [Theory]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==", true)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("dGhlIHNhbXBsZSBub25j", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ=", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZSEh", false)]
    [InlineData("dGhlIHNhbXBsZSBub25jZ***", false)]
    public void A_key_is_sixteen_bytes_in_base64(string? key, bool valid) => Assert.Equal(valid, WebSocketHandshake.IsValidKey(key));

    [Fact]
    public void Keys_are_fresh_and_valid()
    {
        Assert.True(WebSocketHandshake.IsValidKey(WebSocketHandshake.NewKey()));
        Assert.NotEqual(WebSocketHandshake.NewKey(), WebSocketHandshake.NewKey());
    }

    [Theory]
    [InlineData("a,b", "b, a", "a")]
    [InlineData("a,b", "b", "b")]
    [InlineData("a,b", "c", null)]
    [InlineData("a,b", "A", null)]
    [InlineData("a,b", "", null)]
    [InlineData("", "a", null)]
    public void The_subprotocol_is_the_first_of_the_servers_that_the_client_offers(string supported, string offered, string? selected) =>
        Assert.Equal(selected, WebSocketHandshake.SelectSubprotocol(supported.Split(',', StringSplitOptions.RemoveEmptyEntries), [offered, null]));

    // RFC 7692, sections 5 and 7.1.
    [Theory]
    [InlineData("permessage-deflate", true)]
    [InlineData("Permessage-Deflate; client_max_window_bits", true)]
    [InlineData("permessage-deflate; client_max_window_bits=8", true)]
    [InlineData("permessage-deflate; client_max_window_bits=\"15\"; server_no_context_takeover", true)]
    [InlineData("permessage-deflate; server_max_window_bits=15", true)]
    [InlineData("x-unknown, permessage-deflate", true)]
    [InlineData("permessage-deflate; server_max_window_bits=10, permessage-deflate", true)]
    [InlineData("permessage-deflate; server_max_window_bits=10", false)]
    [InlineData("permessage-deflate; server_max_window_bits", false)]
    [InlineData("permessage-deflate; client_max_window_bits=7", false)]
    [InlineData("permessage-deflate; client_max_window_bits=16", false)]
    [InlineData("permessage-deflate; client_max_window_bits=08", false)]
    [InlineData("permessage-deflate; server_no_context_takeover=1", false)]
    [InlineData("permessage-deflate; server_no_context_takeover; server_no_context_takeover", false)]
    [InlineData("permessage-deflate; unknown", false)]
    [InlineData("x-webkit-deflate-frame", false)]
    [InlineData("", false)]
    public void An_offer_of_compression_is_accepted_or_declined(string offer, bool accepted) =>
        Assert.Equal(accepted, PermessageDeflate.CanAccept([null, offer]));

    [Theory]
    [InlineData("permessage-deflate; server_no_context_takeover; client_no_context_takeover", true)]
    [InlineData("permessage-deflate; server_no_context_takeover", true)]
    [InlineData("permessage-deflate; server_no_context_takeover; server_max_window_bits=10", true)]
    [InlineData("permessage-deflate", false)]
    [InlineData("permessage-deflate; client_no_context_takeover", false)]
    [InlineData("permessage-deflate; server_no_context_takeover; client_max_window_bits=10", false)]
    [InlineData("permessage-deflate; server_no_context_takeover; server_no_context_takeover", false)]
    [InlineData("permessage-deflate; server_no_context_takeover, permessage-deflate", false)]
    [InlineData("x; server_no_context_takeover", false)]
    public void An_answer_that_was_not_offered_is_refused(string answer, bool agreed) => Assert.Equal(agreed, PermessageDeflate.IsAgreedAnswer(answer));
}
