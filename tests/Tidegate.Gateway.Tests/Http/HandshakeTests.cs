namespace Tidegate.Gateway.Tests.Http;

/// <summary>What a request that asks for a WebSocket must be, and how one is answered that is not.</summary>
public sealed class HandshakeTests
{
    [Theory]
    // RFC 6455, section 4.2.1: a GET, a Host, Upgrade, Connection, a key of 16 bytes, version 13.
    [InlineData("POST /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}|Content-Length: 0", 405, "Allow: GET")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}", 426, "Upgrade: websocket")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 7|Sec-WebSocket-Key: {k}", 426, "Sec-WebSocket-Version: 13")]
    // HyBi 8 to 12, whose frames are the same; its origin has another header.
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 8|Sec-WebSocket-Key: {k}", 101, "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Origin: http://{h}|Sec-WebSocket-Version: 8|Sec-WebSocket-Key: {k}", 101, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Origin: http://evil.example|Sec-WebSocket-Version: 8|Sec-WebSocket-Key: {k}", 403, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Origin: http://{h}|Sec-WebSocket-Origin: http://evil.example|Sec-WebSocket-Version: 8|Sec-WebSocket-Key: {k}", 403, "")]
    // Hixie 75 and 76.
    [InlineData("GET /echo HTTP/1.1|Upgrade: WebSocket|Connection: Upgrade|Host: {h}|Origin: http://{h}", 400, "Connection: close")]
    [InlineData("GET /echo HTTP/1.1|Upgrade: WebSocket|Connection: Upgrade|Host: {h}|Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5|Sec-WebSocket-Key2: 12998 5 Y3 1  .P00", 400, "Connection: close")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 400, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Key: {k}", 400, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13", 400, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: c2hvcnQ=", 400, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}|Sec-WebSocket-Key: {k}", 400, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: close|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 400, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}|Content-Length: 5", 400, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}|Transfer-Encoding: chunked", 400, "")]
    [InlineData("GET /echo HTTP/1.0|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 400, "")]
    [InlineData("GET /echo HTTP/1.1|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 400, "")]
    [InlineData("GET /echoes HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 404, "")]
    [InlineData("GET /echo/more HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 404, "")]
    [InlineData("GET /%65cho HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 404, "")]
    [InlineData("GET /echo HTTP/1.1|Host: other.example:80|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 404, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Upgrade: websocket|Connection: keep-alive, Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 101, "")]
    [InlineData("GET /echo?token=1 HTTP/1.1|Host: {h}|Upgrade: WebSocket|Connection: upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 101, "")]
    // RFC 6455, section 10.2, until cross-site rules exist: same origin or none.
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Origin: http://{h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 101, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Origin: http://evil.example|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 403, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Origin: https://{h}|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 403, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Origin: http://127.0.0.1|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 403, "")]
    // Client libraries in Java; no page has such an origin.
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Origin: privileged://gateway.example:8000|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 101, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Origin: null|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 403, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Origin: http://{h}|Origin: http://evil.example|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 403, "")]
    [InlineData("GET /echo HTTP/1.1|Host: {h}|Origin: http://{h}.evil.example|Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: {k}", 403, "")]
    // Nobody asked for a WebSocket: an ordinary request, and an upgrade to something else is ignored.
    [InlineData("GET / HTTP/1.1|Host: {h}|Upgrade: h2c|Connection: Upgrade", 200, "")]
    [InlineData("GET /missing HTTP/1.1|Host: {h}", 404, "")]
    [InlineData("DELETE / HTTP/1.1|Host: {h}", 405, "Allow: GET, HEAD")]
    public async Task A_request_is_answered_as_the_protocol_says(string request, int status, string header)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(request
            .Replace("|", "\r\n", StringComparison.Ordinal)
            .Replace("{h}", $"127.0.0.1:{gateway.Port}", StringComparison.Ordinal)
            .Replace("{k}", "dGhlIHNhbXBsZSBub25jZQ==", StringComparison.Ordinal) + "\r\n\r\n");

        string head = await client.ReadHeadAsync();

        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.Contains(header, head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_servers_preferred_subprotocol_is_chosen_and_none_that_was_not_offered()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { Subprotocols = ["v2", "v1"] });
        foreach ((string offer, string? chosen) in new (string, string?)[]
        {
            ("Sec-WebSocket-Protocol: v1, v2\r\n", "v2"), ("Sec-WebSocket-Protocol: v1\r\n", "v1"),
            ("Sec-WebSocket-Protocol: v0\r\nSec-WebSocket-Protocol: v1\r\n", "v1"), ("Sec-WebSocket-Protocol: V1\r\n", null), (string.Empty, null),
        })
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            await client.SendAsync(RawClient.Handshake(gateway.Port, more: offer));
            string head = await client.ReadHeadAsync();
            Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
            string? line = head.Split("\r\n").FirstOrDefault(line => line.StartsWith("Sec-WebSocket-Protocol:", StringComparison.OrdinalIgnoreCase));
            Assert.Equal(chosen, line?.Split(": ")[1]);
        }
    }

    [Fact]
    public async Task Compression_is_agreed_on_only_where_the_service_is_configured_for_it()
    {
        const string Offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
        foreach (bool configured in new[] { true, false })
        {
            await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { Compression = configured });
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            await client.SendAsync(RawClient.Handshake(gateway.Port, more: Offer));
            Assert.Equal(configured, (await client.ReadHeadAsync()).Contains("permessage-deflate", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_head_over_the_limit_is_refused()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\nX: {new string('x', 40_000)}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 431 ", await client.ReadHeadAsync(), StringComparison.Ordinal);

        using RawClient second = await RawClient.ConnectAsync(gateway.EndPoint);
        await second.SendAsync($"GET /{new string('x', 9_000)} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 414 ", await second.ReadHeadAsync(), StringComparison.Ordinal);
    }
}
