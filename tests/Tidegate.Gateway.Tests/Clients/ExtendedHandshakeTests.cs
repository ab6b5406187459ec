using System.Text;
using Tidegate.Gateway.Clients;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>The handshake within a WebSocket, as clients play it: docs/spec/clients.md, chapter 1; the numbers are those of its points.</summary>
public sealed class ExtendedHandshakeTests
{
    [Fact]
    public async Task Points_1_to_6_a_script_is_told_to_stay_gets_101_and_an_empty_frame_and_is_told_to_stay_again()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { Subprotocols = ["bar", "foo"] });
        using RawClient client = await OpenAsync(gateway, offer: "Sec-WebSocket-Protocol: x-kaazing-handshake, foo, baz\r\nSec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");

        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request(protocols: "foo,baz")));
        string response = await client.ReadResponseAsync();

        Assert.StartsWith("HTTP/1.1 101 ", response, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", response, StringComparison.Ordinal);
        Assert.Contains("Sec-WebSocket-Protocol: foo", response.Split("\r\n"));
        Assert.Contains("Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102", response.Split("\r\n"));
        await client.ExpectAsync(Empty);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame("hello"));
        await client.ExpectAsync(0x81, 5, (byte)'h', (byte)'e', (byte)'l', (byte)'l', (byte)'o');
    }

    [Fact]
    public async Task Point_4_a_request_may_be_a_binary_message_and_without_subprotocols_none_is_agreed_to()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { Subprotocols = ["foo"] });
        using RawClient client = await OpenAsync(gateway);

        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request(), first: 0x82));

        Assert.DoesNotContain("WebSocket-Protocol", await client.ReadResponseAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fragments")]
    [InlineData("messages")]
    [InlineData("bytes")]
    [InlineData("empty end")]
    public async Task Point_4_a_request_may_come_in_as_many_frames_as_the_client_likes(string how)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await OpenAsync(gateway);
        byte[] request = Encoding.ASCII.GetBytes(Request());

        byte[] sent = how switch
        {
            "fragments" => [.. Frame(0x01, request.AsSpan(0, 20)), .. Frame(0x00, request.AsSpan(20, 50)), .. Frame(0x80, request.AsSpan(70))],
            "messages" => [.. Frame(0x81, request.AsSpan(0, 20)), .. Frame(0x82, request.AsSpan(20, 50)), .. Frame(0x81, request.AsSpan(70))],
            "bytes" => [.. request.SelectMany(one => Frame(0x81, [one]))],
            _ => [.. Frame(0x01, request), .. Frame(0x80, [])],
        };
        await client.ExpectAsync(Stay);
        await client.SendAsync(sent);

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_waits_for_nothing_gets_the_same_answers_in_the_same_order()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(RawClient.Handshake(gateway.Port, "/echo?.kl=Y", Offer)), .. Frame(Request()), .. Frame("early")]);

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Stay);
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        await client.ExpectAsync(Stay);
        await client.ExpectAsync([0x81, 5, .. "early"u8]);
    }

    [Theory]
    [InlineData("/echo", false)]
    [InlineData("/echo?.kl=N", false)]
    [InlineData("/echo?.kv=10.05", true)]
    public async Task A_client_that_does_not_say_that_it_understands_directives_gets_none(string path, bool empty)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await OpenAsync(gateway, path);

        await client.SendAsync((byte[])[.. Frame(Request()), .. Frame("on")]);

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        if (empty)
        {
            await client.ExpectAsync(Empty);
        }

        await client.ExpectAsync([0x81, 2, .. "on"u8]);
    }

    [Fact]
    public async Task A_client_without_the_handshake_that_understands_directives_is_told_to_stay()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port, "/echo?a=b&.kl=Y"));

        Assert.DoesNotContain("Sec-WebSocket-Protocol", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.SendAsync(Frame("on"));
        await client.ExpectAsync([.. Stay, 0x81, 2, .. "on"u8]);
    }

    [Fact]
    public async Task The_path_of_the_inner_request_is_not_looked_at_since_clients_keep_it_when_they_are_redirected()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await OpenAsync(gateway);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request(path: "/original/path?token=1")));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[0], 1005)]
    [InlineData(new byte[] { 0x0f, 0xa1, (byte)'b', (byte)'y', (byte)'e' }, 4001)]
    public async Task Point_7_a_close_is_answered_with_its_status(byte[] close, int status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await OpenAsync(gateway, "/echo");
        await client.SendAsync((byte[])[.. Frame(Request()), .. Frame(0x88, close)]);
        await client.ReadResponseAsync();

        byte[] end = await client.ReadToEndAsync();

        Assert.Equal(status == 1005 ? [0x88, 0] : new byte[] { 0x88, 2, (byte)(status >> 8), (byte)status }, end);
    }

    [Theory]
    // Not a request, or not one that belongs here.
    [InlineData("hello|")]
    [InlineData("POST /echo HTTP/1.1|")]
    [InlineData("GET echo HTTP/1.1|")]
    [InlineData("GET /echo HTTP/1.0|")]
    [InlineData("GET /a b HTTP/1.1|")]
    [InlineData("GET /echo HTTP/1.1|No colon|")]
    [InlineData("GET /echo HTTP/1.1|Space : before|")]
    [InlineData("GET /echo HTTP/1.1|A: b| folded|")]
    [InlineData("GET /echo HTTP/1.1|A: b\n|")]
    [InlineData("GET /echo HTTP/1.1|Authorization: Basic YQ==|Authorization: Basic Yg==|")]
    // What belongs to a connection or a body.
    [InlineData("GET /echo HTTP/1.1|Accept-Charset: x|")]
    [InlineData("GET /echo HTTP/1.1|accept-encoding: gzip|")]
    [InlineData("GET /echo HTTP/1.1|Content-Length: 0|")]
    [InlineData("GET /echo HTTP/1.1|Transfer-Encoding: chunked|")]
    [InlineData("GET /echo HTTP/1.1|Upgrade: websocket|")]
    [InlineData("GET /echo HTTP/1.1|Proxy-Authorization: x|")]
    [InlineData("GET /echo HTTP/1.1|Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==|")]
    // A body.
    [InlineData("GET /echo HTTP/1.1||more")]
    public async Task A_request_that_is_none_gets_400_and_is_closed_with_1002(string request)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await OpenAsync(gateway);
        await client.ExpectAsync(Stay);

        await client.SendAsync(Frame(request.Replace("|", "\r\n", StringComparison.Ordinal) + "\r\n"));

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        (byte first, byte[] close) = await client.ReadFrameAsync();
        Assert.Equal(0x88, first);
        Assert.Equal([0x03, 0xea], close[..2]);
    }

    [Theory]
    [InlineData("Host: gateway.example")]
    [InlineData("Connection: keep-alive")]
    [InlineData("Origin: http://evil.example")]
    [InlineData("Cookie: a=b")]
    [InlineData("X-Anything: \u00e9")]
    public async Task Other_headers_do_not_matter(string header)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await OpenAsync(gateway);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request(more: header + "\r\n")));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_without_an_end_is_closed_with_1009()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await OpenAsync(gateway);
        await client.ExpectAsync(Stay);

        for (int sent = 0; sent <= InnerRequest.MaximumBytes; sent += 1000)
        {
            await client.SendAsync(Frame(new string('x', 1000)));
        }

        (byte first, byte[] close) = await client.ReadFrameAsync();
        Assert.Equal(0x88, first);
        Assert.Equal([0x03, 0xf1], close[..2]);
    }

    [Theory]
    [InlineData("http://evil.example", 403)]
    [InlineData("http://127.0.0.1:{p}", 101)]
    [InlineData("privileged://127.0.0.1:{p}", 101)]
    public async Task The_rules_for_origins_hold_for_the_request_that_opens_the_websocket(string origin, int status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        string port = gateway.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await client.SendAsync(RawClient.Handshake(gateway.Port, "/echo?.kl=Y", $"{Offer}Origin: {origin.Replace("{p}", port, StringComparison.Ordinal)}\r\n"));
        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x-kaazing-idle-timeout", "x-kaazing-idle-timeout; timeout=20000")]
    [InlineData("x-kaazing-idle-timeout,x-kaazing-ping-pong", "x-kaazing-idle-timeout; timeout=20000, x-kaazing-ping-pong; 01010102")]
    [InlineData("x-unknown, x-kaazing-ping-pong, x-kaazing-ping-pong", "x-kaazing-ping-pong; 01010102")]
    [InlineData("x-kaazing-http-revalidate", null)]
    public async Task Point_8_with_an_inactivity_timeout_the_client_is_promised_signs_of_life(string offer, string? agreement)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { InactivityTimeout = TimeSpan.FromSeconds(20) });
        using RawClient client = await OpenAsync(gateway, "/echo");
        await client.SendAsync(Frame(Request(extensions: offer)));
        string? header = (await client.ReadResponseAsync()).Split("\r\n").FirstOrDefault(line => line.StartsWith("Sec-WebSocket-Extensions: ", StringComparison.Ordinal));
        Assert.Equal(agreement, header?.Split(": ")[1]);
        if (agreement?.Contains("ping-pong", StringComparison.Ordinal) == true)
        {
            await client.SendAsync(Frame(0x81, [1, 1, 1, 2, 9, 0]));
            await client.ExpectAsync(0x81, 6, 1, 1, 1, 2, 10, 0);
        }
    }

    [Fact]
    public async Task Extensions_may_be_agreed_to_in_the_first_handshake_as_well()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { Compression = true });
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port, more: "Sec-WebSocket-Extensions: permessage-deflate, x-kaazing-ping-pong\r\n"));
        string[] head = (await client.ReadHeadAsync()).Split("\r\n");
        Assert.Contains("Sec-WebSocket-Extensions: x-kaazing-ping-pong; 01010102", head);
        Assert.Contains(head, line => line.Contains("permessage-deflate", StringComparison.Ordinal));
        await client.SendAsync(Frame(0x81, [1, 1, 1, 2, 9, 0]));
        await client.ExpectAsync(0x81, 6, 1, 1, 1, 2, 10, 0);
    }

    [Fact]
    public async Task What_follows_is_an_ordinary_session_of_a_proxy_too()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using RawClient client = await OpenAsync(gateway, "/relay");
        await client.SendAsync((byte[])[.. Frame(Request("/relay")), .. Frame(0x82, "through"u8)]);

        using System.Net.Sockets.Socket socket = await backEnd.AcceptAsync();
        Assert.Equal("through"u8.ToArray(), await BackEndServer.ReadAsync(socket, 7));
        await socket.SendAsync("back"u8.ToArray());
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        Assert.Equal("back"u8.ToArray(), await client.ReadMessageAsync());
    }

    [Theory]
    [InlineData("GET /echo/;e/cookies?.krn=12345&.kl=Y HTTP/1.1|Host: {h}|Cookie: a=b; c=d", 200, "a=b; c=d")]
    [InlineData("GET /echo/;e/cookies HTTP/1.1|Host: {h}", 200, "")]
    // A path is the one that was sent, also where a whole URI was.
    [InlineData("GET http://{h}/echo/;e/cookies?a HTTP/1.1|Host: {h}|Cookie: a=b", 200, "a=b")]
    [InlineData("GET http://{h}/echo/%3Be/cookies HTTP/1.1|Host: {h}|Cookie: a=b", 404, "")]
    [InlineData("GET http://{h}/%65cho/;e/cookies HTTP/1.1|Host: {h}|Cookie: a=b", 404, "")]
    // A browser may keep cookies from the scripts of a page.
    [InlineData("GET /echo/;e/cookies HTTP/1.1|Host: {h}|Cookie: a=b|Sec-Fetch-Mode: cors", 200, "")]
    [InlineData("GET /echo/;e/cookies HTTP/1.1|Host: {h}|Cookie: a=b|Accept-Encoding: gzip, deflate", 200, "")]
    [InlineData("GET /echo/;e/cookies HTTP/1.1|Host: {h}|Cookie: a=b|Origin: http://{h}", 200, "")]
    [InlineData("GET /echo/;e/cookies HTTP/1.1|Host: {h}|Cookie: a=b|Referer: http://{h}/", 200, "")]
    [InlineData("GET /echo/;e/cookies HTTP/1.1|Host: {h}|Cookie: a=b|Origin: http://evil.example", 403, "")]
    [InlineData("POST /echo/;e/cookies HTTP/1.1|Host: {h}|Content-Length: 0", 405, "")]
    [InlineData("GET /other/;e/cookies HTTP/1.1|Host: {h}", 404, "")]
    [InlineData("GET /echo/;e/cookies HTTP/1.1|Host: other.example:80", 404, "")]
    public async Task Point_10_a_client_in_java_asks_for_its_cookies_first(string request, int status, string body)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(request
            .Replace("|", "\r\n", StringComparison.Ordinal)
            .Replace("{h}", $"127.0.0.1:{gateway.Port}", StringComparison.Ordinal) + "\r\nConnection: close\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        string rest = Encoding.ASCII.GetString(await client.ReadToEndAsync());
        if (status == 200)
        {
            Assert.Equal(body.Length == 0 ? "0\r\n\r\n" : $"{body.Length:x}\r\n{body}\r\n0\r\n\r\n", rest);
        }
    }
}
