using System.Net;
using System.Net.Sockets;
using System.Text;
using static Tidegate.Gateway.Tests.Clients.EmulatedClient;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>WebSockets emulated by HTTP requests, as the library in Java sends them: docs/spec/clients.md, chapters 3 and 3b, and compat.md, 3.6.</summary>
public sealed class EmulationTests
{
    private static readonly string[] s_java =
        ["X-Sequence-No: 0", "X-WebSocket-Extensions: ", "X-Accept-Commands: ping"];

    [Fact]
    public async Task A_client_in_java_opens_sends_fetches_and_closes()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway, headers: s_java);
        Assert.Matches($"^http://127.0.0.1:{gateway.Port}/echo/;e/ubm/[0-9a-f]{{32}}$", client.Upstream);
        Assert.Equal(client.Upstream.Replace("ubm", "dbm", StringComparison.Ordinal), client.Downstream);

        // The first POST may come before anything is fetched.
        Assert.Equal(200, await client.PostAsync([0x81, 2, .. "hi"u8, 0x80, 3, 0, 0xff, 0x0a, .. Reconnect], "X-Sequence-No: 1", "Content-Type: application/octet-stream"));
        using ReceivingStream down = await client.ReceiveAsync("", HttpMethod.Post, "X-Sequence-No: 1");
        Assert.Equal("application/octet-stream", down.Response.Content.Headers.ContentType!.ToString());
        Assert.Equal("60", down.Response.Headers.GetValues("X-Idle-Timeout").Single());
        await down.ExpectAsync([.. Noop, 0x81, 2, .. "hi"u8, 0x80, 3, 0, 0xff, 0x0a]);

        Assert.Equal(200, await client.PostAsync([.. Close, .. Reconnect], "X-Sequence-No: 2"));
        await down.ExpectEndAsync([.. Close, .. Reconnect]);
        Assert.Equal(404, await client.PostFramesAsync(0x81, 0));
    }

    [Theory]
    [InlineData("cb", "ub", "db", "application/octet-stream", false)]
    [InlineData("cbm", "ubm", "dbm", "application/octet-stream", true)]
    [InlineData("ct", "ut", "dt", "text/plain;charset=windows-1252", false)]
    [InlineData("ctm", "utm", "dtm", "text/plain;charset=windows-1252", true)]
    [InlineData("cte", "ute", "dte", "text/plain;charset=windows-1252", false)]
    [InlineData("ctem", "utem", "dtem", "text/plain;charset=windows-1252", true)]
    public async Task All_six_ways_of_writing_bring_the_same_message_back(string create, string up, string down, string type, bool tellsText)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway, $"/echo/;e/{create}");
        Assert.Contains($"/;e/{up}/", client.Upstream, StringComparison.Ordinal);
        Assert.Contains($"/;e/{down}/", client.Downstream, StringComparison.Ordinal);
        byte[] frames = [0x81, 4, 0x00, 0x0a, 0x0d, 0x7f, 0x80, 2, 0xff, 0x80];
        byte[] sent = create[1] == 'b'
            ? frames
            : Encoding.UTF8.GetBytes(Encoding.Latin1.GetString(create.Contains('e', StringComparison.Ordinal) ? Escaped(frames) : frames));
        Assert.Equal(200, await client.PostAsync([.. sent, .. Encoding.UTF8.GetBytes(create[1] == 'b' ? "" : "\u000101\u00ff"), .. create[1] == 'b' ? Reconnect : []],
            $"Content-Type: {(create[1] == 'b' ? "application/octet-stream" : "text/plain; charset=utf-8")}"));

        using ReceivingStream stream = await client.ReceiveAsync();
        Assert.Equal(type, stream.Response.Content.Headers.ContentType!.ToString().Replace(" ", "", StringComparison.Ordinal));
        byte[] expected = [tellsText ? (byte)0x81 : (byte)0x80, 4, 0x00, 0x0a, 0x0d, 0x7f, 0x80, 2, 0xff, 0x80];
        await stream.ExpectAsync([.. Noop, .. create.Contains('e', StringComparison.Ordinal) ? Escaped(expected) : expected]);
    }

    [Fact]
    public async Task A_face_as_two_surrogates_comes_to_others_as_proper_utf_8()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway);
        Assert.Equal(200, await client.PostFramesAsync(0x81, 6, 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80));
        using ReceivingStream stream = await client.ReceiveAsync();
        await stream.ExpectAsync([.. Noop, 0x81, 4, 0xf0, 0x9f, 0x98, 0x80]);
    }

    [Fact]
    public async Task A_query_may_follow_the_id_without_a_question_mark_and_that_of_the_first_request_is_kept()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway, "/echo/;e/cbm?.kn=1&a=b&.krn=2");
        Assert.EndsWith("/;e/ubm/" + new Uri(client.Upstream).Segments[^1] + "?a=b", client.Upstream, StringComparison.Ordinal);
        using HttpResponseMessage posted = await client.SendAsync(HttpMethod.Post, client.Upstream.Split('?')[0] + "&.krn=0.123", [0x81, 1, 0x61]);
        Assert.Equal(HttpStatusCode.OK, posted.StatusCode);
        using ReceivingStream stream = await client.ReceiveAsync("&.kb=4096&.kid=7&.kp=10");
        await stream.ExpectAsync([.. Noop, .. Noop, .. Noop, 0x81, 1, 0x61]);
    }

    [Fact]
    public async Task A_second_response_takes_over_and_the_first_one_ends_with_reconnect()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway);
        using ReceivingStream first = await client.ReceiveAsync();
        await first.ExpectAsync(Noop);
        using ReceivingStream second = await client.ReceiveAsync();
        await first.ExpectEndAsync(Reconnect);
        Assert.Equal(200, await client.PostFramesAsync(0x81, 1, 0x61));
        await second.ExpectAsync([.. Noop, 0x81, 1, 0x61]);
    }

    [Fact]
    public async Task Where_something_on_the_way_holds_responses_back_each_ends_with_what_it_brings()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway);
        Task<ReceivingStream> polled = client.ReceiveAsync("?.ki=p");
        Assert.Equal(200, await client.PostFramesAsync(0x81, 1, 0x61));
        using (ReceivingStream poll = await polled)
        {
            Assert.Equal(7, poll.Response.Content.Headers.ContentLength);
            await poll.ExpectEndAsync([0x81, 1, 0x61, .. Reconnect]);
        }

        Assert.Equal(200, await client.PostFramesAsync(0x81, 1, 0x62));
        using ReceivingStream again = await client.ReceiveAsync("?.ki=p");
        await again.ExpectEndAsync([0x81, 1, 0x62, .. Reconnect]);
    }

    [Fact]
    public async Task A_response_ends_after_as_many_kilobytes_as_the_client_wants_and_the_next_one_goes_on()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway);
        using ReceivingStream first = await client.ReceiveAsync("?.kb=1");
        await first.ExpectAsync(Noop);
        byte[] frame = [0x80, 0x88, 0x00, .. new byte[1024]];
        Assert.Equal(200, await client.PostFramesAsync(frame));
        await first.ExpectEndAsync([.. frame, .. Reconnect]);
        Assert.Equal(200, await client.PostFramesAsync(0x81, 1, 0x61));
        using ReceivingStream second = await client.ReceiveAsync("?.kb=1");
        await second.ExpectAsync([.. Noop, 0x81, 1, 0x61]);
    }

    [Fact]
    public async Task Pings_are_answered()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway, headers: s_java);
        using ReceivingStream down = await client.ReceiveAsync("", null, "X-Sequence-No: 1");
        Assert.Equal(200, await client.PostAsync([0x89, 0, .. Reconnect], "X-Sequence-No: 1"));
        await down.ExpectAsync([.. Noop, 0x8a, 0]);
    }

    [Theory]
    [InlineData(new byte[] { 0x82, 0 })]
    [InlineData(new byte[] { 0x81, 1, 0xff })]
    [InlineData(new byte[] { 0x81, 5, 0x61 })]
    [InlineData(new byte[] { 0x80, 0xff, 0xff, 0xff, 0x7f })]
    [InlineData(new byte[] { 0x01, 0x39, 0x39, 0xff })]
    public async Task A_frame_that_breaks_a_rule_gets_400_and_ends_the_session(byte[] frames)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway);
        using ReceivingStream down = await client.ReceiveAsync();
        await down.ExpectAsync(Noop);
        Assert.Equal(400, await client.PostAsync(frames));
        await down.ExpectBreakAsync();
        Assert.Equal(404, await client.PostFramesAsync(0x81, 0));
    }

    [Theory]
    [InlineData("X-Sequence-No: 1")]
    [InlineData("X-Sequence-No: 4")]
    [InlineData("X-Other: 3")]
    public async Task A_request_out_of_order_gets_400_and_ends_the_session(string header)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway, headers: "X-Sequence-No: 1");
        Assert.Equal(200, await client.PostAsync([0x81, 0, .. Reconnect], "X-Sequence-No: 2"));
        Assert.Equal(400, await client.PostAsync([0x81, 0, .. Reconnect], header));
        Assert.Equal(404, await client.PostAsync([0x81, 0, .. Reconnect], "X-Sequence-No: 3"));
    }

    [Fact]
    public async Task Two_requests_that_send_at_once_get_400_and_end_the_session()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway);
        using ReceivingStream down = await client.ReceiveAsync();
        await down.ExpectAsync(Noop);
        using RawClient slow = await RawClient.ConnectAsync(gateway.EndPoint);
        await slow.SendAsync($"POST {new Uri(client.Upstream).PathAndQuery} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\nContent-Length: 10\r\n\r\n\u0080\u0001x");
        // What it has sent is back, so it is under way.
        await down.ExpectAsync(0x80, 1, (byte)'x');
        Assert.Equal(400, await client.PostFramesAsync(0x81, 0));
        await down.ExpectBreakAsync();
    }

    [Theory]
    [InlineData("GET", "/echo/;e/cbm", 400, "X-WebSocket-Version: wseb-1.1")]
    [InlineData("GET", "/echo/;e/cbm", 400, "X-Accept-Commands: pong")]
    [InlineData("GET", "/echo/;e/cbm", 400, "X-Sequence-No: -1")]
    [InlineData("GET", "/echo/;e/cbm", 400, "X-Sequence-No: 9007199254740992")]
    [InlineData("GET", "/echo/;e/cbm", 403, "Origin: http://evil.example")]
    // An image in a page of another origin comes without its origin.
    [InlineData("GET", "/echo/;e/cbm", 403, "Sec-Fetch-Site: cross-site")]
    [InlineData("GET", "/echo/;e/cbm", 403, "Sec-Fetch-Site: same-site")]
    [InlineData("GET", "/echo/;e/cbm", 403, "X-WebSocket-Version: wseb-1.0", "Sec-Fetch-Site: cross-site")]
    [InlineData("GET", "/echo/;e/cbm", 201, "X-WebSocket-Version: wseb-1.0", "Sec-Fetch-Site: same-origin")]
    [InlineData("GET", "/echo/;e/cbm", 201, "X-WebSocket-Version: wseb-1.0", "Sec-Fetch-Site: none")]
    // So does one over plain HTTP, but there nothing marks it, and not even the page that it is in may be told. What no image comes with opens a session.
    [InlineData("GET", "/echo/;e/cbm", 403, "Referer: http://evil.example/page")]
    [InlineData("GET", "/echo/;e/cbm", 403, "X-WebSocket-Version: wseb-1.0", "Referer: http://evil.example/page")]
    [InlineData("GET", "/echo/;e/cbm", 400, "X-Nothing: 0")]
    [InlineData("POST", "/echo/;e/cbm", 400, "X-Nothing: 0")]
    [InlineData("GET", "/echo/;e/cbm", 201, "X-WebSocket-Version: wseb-1.0")]
    [InlineData("POST", "/echo/;e/cbm", 201, "X-WebSocket-Version: wseb-1.0")]
    [InlineData("GET", "/echo/;e/cbm", 201, "X-Sequence-No: 0")]
    [InlineData("GET", "/echo/;e/cbm", 201, "X-Accept-Commands: ping")]
    [InlineData("HEAD", "/echo/;e/cbm", 400, "X-Nothing: 0")]
    [InlineData("OPTIONS", "/echo/;e/cbm", 400, "X-Nothing: 0")]
    [InlineData("GET", "/echo/;E/cbm", 404, "X-Nothing: 0")]
    [InlineData("GET", "/echo/%3Be/cbm", 404, "X-Nothing: 0")]
    [InlineData("PUT", "/echo/;e/cbm", 400, "X-Nothing: 0")]
    [InlineData("GET", "/echo/;e/cxm", 404, "X-Nothing: 0")]
    [InlineData("GET", "/nothing/;e/cbm", 404, "X-Nothing: 0")]
    [InlineData("GET", "/echo/more/;e/cbm", 404, "X-Nothing: 0")]
    [InlineData("POST", "/echo/;e/ubm/0123456789abcdef0123456789abcdef", 404, "X-Nothing: 0")]
    [InlineData("GET", "/echo/;e/dbm/0123456789abcdef0123456789abcdef", 404, "X-Nothing: 0")]
    [InlineData("GET", "/echo/;e/dbm/0123456789abcdef0123456789abcdef", 403, "Origin: http://evil.example")]
    [InlineData("GET", "/echo/;e/cookies", 403, "Referer: http://evil.example/page")]
    public async Task A_request_gets_the_answer_that_is_due(string method, string path, int status, params string[] headers)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = Stranger();
        using HttpResponseMessage response = await client.SendAsync(new HttpMethod(method), $"http://127.0.0.1:{gateway.Port}{path}", null, headers);
        Assert.Equal(status, (int)response.StatusCode);
        if (status is 201 or 400)
        {
            // No page makes a script of an answer that says what was asked.
            Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        }
    }

    [Theory]
    [InlineData("/echo/;e/cbm", "/echo/;e/ubm/")]
    [InlineData("/echo//;e/cbm", "/echo//;e/ubm/")]
    public async Task The_path_of_an_accept_may_end_with_a_slash(string path, string upstream)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(echoPath: "/echo/");
        using EmulatedClient client = await CreateAsync(gateway, path);
        Assert.Contains(upstream, client.Upstream, StringComparison.Ordinal);
        Assert.Equal(200, await client.PostFramesAsync(0x81, 1, 0x61));
        using ReceivingStream down = await client.ReceiveAsync();
        await down.ExpectAsync([.. Noop, 0x81, 1, 0x61]);
    }

    [Fact]
    public async Task An_id_is_good_only_where_it_was_given_and_for_pages_that_may_use_the_service()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway);
        using HttpResponseMessage elsewhere = await client.SendAsync(HttpMethod.Post, client.Upstream.Replace("/echo/", "/relay/", StringComparison.Ordinal), [0x81, 0]);
        using HttpResponseMessage otherName = await client.SendAsync(HttpMethod.Post, client.Upstream, [0x81, 0], $"Host: localhost:{gateway.Port}");
        using HttpResponseMessage foreign = await client.SendAsync(HttpMethod.Post, client.Upstream, [0x81, 0], "Origin: http://evil.example");
        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, otherName.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        Assert.Equal(200, await client.PostFramesAsync(0x81, 0));
    }

    [Fact]
    public async Task A_proxy_relays_both_ways_and_the_end_of_its_back_end_is_a_close()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using EmulatedClient client = await CreateAsync(gateway, "/relay/;e/cbm");
        using ReceivingStream down = await client.ReceiveAsync();
        Assert.Equal(200, await client.PostFramesAsync([0x80, 4, .. "ping"u8]));
        using Socket socket = await backEnd.AcceptAsync();
        Assert.Equal("ping"u8.ToArray(), await BackEndServer.ReadAsync(socket, 4));
        await socket.SendAsync("pong"u8.ToArray());
        await down.ExpectAsync([.. Noop, 0x80, 4, .. "pong"u8]);
        socket.Shutdown(SocketShutdown.Send);
        await down.ExpectEndAsync([.. Close, .. Reconnect]);
        Assert.Equal(200, await client.PostFramesAsync(Close));
        Assert.Empty(await BackEndServer.ReadToEndAsync(socket));
    }

    [Fact]
    public async Task A_client_that_goes_away_while_it_fetches_ends_the_session()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using EmulatedClient client = await CreateAsync(gateway, "/relay/;e/cbm");
        using Socket socket = await backEnd.AcceptAsync();
        using (RawClient down = await RawClient.ConnectAsync(gateway.EndPoint))
        {
            await down.SendAsync($"GET {new Uri(client.Downstream).PathAndQuery} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\n\r\n");
            await down.ReadHeadAsync();
        }

        Assert.Empty(await BackEndServer.ReadToEndAsync(socket));
        Assert.Equal(404, await client.PostFramesAsync(0x81, 0));
    }

    [Fact]
    public async Task A_back_end_that_does_not_read_holds_the_client_back()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using EmulatedClient client = await CreateAsync(gateway, "/relay/;e/cbm");
        using Socket socket = await backEnd.AcceptAsync();
        byte[] frame = [0x80, 0x83, 0xff, 0x7f, .. new byte[65535]];
        byte[] body = [.. Enumerable.Repeat(frame, 400).SelectMany(one => one)];
        Task<int> posted = client.PostFramesAsync(body);

        // 26 MB do not fit between the two, so the request is not answered until the back-end has read.
        Assert.NotSame(posted, await Task.WhenAny(posted, Task.Delay(500)));
        Task<byte[]> read = BackEndServer.ReadAsync(socket, 400 * 65535);
        Assert.Equal(200, await posted);
        Assert.Equal(400 * 65535, (await read).Length);
    }

    [Fact]
    public async Task Subprotocols_are_agreed_on()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { Subprotocols = ["bar", "foo"] });
        using EmulatedClient client = Stranger();
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}/echo/;e/cbm", null, "X-WebSocket-Protocol: foo,baz");
        Assert.Equal("foo", response.Headers.GetValues("X-WebSocket-Protocol").Single());
    }

    [Fact]
    public async Task When_the_gateway_stops_the_client_is_told()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway);
        using ReceivingStream down = await client.ReceiveAsync();
        await down.ExpectAsync(Noop);
        Task stopped = gateway.Server.StopAsync(CancellationToken.None);
        await down.ExpectEndAsync([.. Close, .. Reconnect]);
        await stopped;
    }

    private static byte[] Escaped(byte[] bytes) => [.. bytes.SelectMany(one => one switch
    {
        0x00 => [0x7f, (byte)'0'],
        0x0a => [0x7f, (byte)'n'],
        0x0d => [0x7f, (byte)'r'],
        0x7f => [0x7f, 0x7f],
        _ => new[] { one },
    })];
}
