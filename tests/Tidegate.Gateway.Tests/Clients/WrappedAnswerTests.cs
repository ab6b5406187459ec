using System.Collections.Immutable;
using System.Net;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Clients.EmulatedClient;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>Emulated WebSockets of pages of other origins, whose answers are within others: docs/spec/clients.md, section 3, and compat.md, 3.4, 3.6 and 4.8.</summary>
public sealed class WrappedAnswerTests
{
    private const string Other = "https://other.example:443";
    private static readonly SourcePosition s_nowhere = new("test.xml", 1, 1);
    private static readonly ImmutableArray<CrossSiteConstraint> s_both =
        [new() { AllowOrigin = WrappedClient.Page, Position = s_nowhere }, new() { AllowOrigin = Other, Position = s_nowhere }];

    [Fact]
    public async Task A_session_of_a_page_of_another_origin_opens_sends_fetches_and_closes()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using WrappedClient client = await WrappedClient.OpenAsync(gateway);
        Assert.Matches("^/echo/;e/utm/[0-9a-f]{32}$", client.Upstream);
        Assert.Equal(client.Upstream.Replace("utm", "dtm", StringComparison.Ordinal), client.Downstream);

        // The first POST may come before anything is fetched.
        WrappedAnswer posted = await client.PostAsync([0x81, 2, .. "hi"u8, 0x80, 3, 0, 0xff, 0x0a]);
        Assert.Equal(("HTTP/1.1 200 OK", ""), (posted.Status, posted.Text));

        using WrappedStream down = await client.ReceiveAsync();
        Assert.Equal(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain;charset=windows-1252\r\nCache-Control: no-cache\r\nX-Idle-Timeout: 60\r\n\r\n", down.Head);
        Assert.Equal("windows-1252", down.Stream.Response.Content.Headers.ContentType!.CharSet);
        Assert.Null(down.Stream.Response.Content.Headers.ContentLength);
        Assert.True(down.Stream.Response.Headers.ConnectionClose);
        await down.Stream.ExpectAsync([.. Noop, 0x81, 2, .. "hi"u8, 0x80, 3, 0, 0xff, 0x0a]);

        Assert.Equal("HTTP/1.1 200 OK", (await client.PostAsync(Close)).Status);
        await down.Stream.ExpectEndAsync([.. Close, .. Reconnect]);
        Assert.Equal("HTTP/1.1 404 Not Found", (await client.PostAsync(0x81, 0)).Status);
    }

    [Fact]
    public async Task What_opens_a_session_is_answered_with_nothing_that_a_client_stumbles_over()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both, accept: new() { Subprotocols = ["bar", "foo"], InactivityTimeout = TimeSpan.FromSeconds(10) });
        using WrappedClient client = WrappedClient.Of(gateway);
        WrappedAnswer answer = await client.GetAsync(
            "/echo/;e/ctm?.kn=1", "X-WebSocket-Version: wseb-1.0", "X-WebSocket-Protocol: foo,baz", "X-WebSocket-Extensions: x-kaazing-idle-timeout", "X-Accept-Commands: ping");
        Assert.Equal("HTTP/1.1 201 Created", answer.Status);
        // One build throws where it is granted the extension that it has asked for.
        Assert.Equal(["Content-Type: text/plain;charset=UTF-8", "Cache-Control: no-cache", "X-WebSocket-Protocol: foo"], answer.Headers);
        Assert.Contains("Content-Type: text/plain;charset=UTF-8", answer.OuterHeaders.Replace("; ", ";", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_counts_nothing_is_served()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using WrappedClient client = WrappedClient.Of(gateway);
        string[] lines = (await client.GetAsync("/echo/;e/ctm?.kn=1", "X-WebSocket-Version: wseb-1.0", "X-Accept-Commands: ping")).Text.Split('\n');
        WrappedAnswer posted = await client.SendAsync(
            HttpMethod.Post, new Uri(lines[0]).AbsolutePath + "&.krn=0.5", "\u0081\u0001a\u000101\u00ff"u8.ToArray(), "Content-Type: text/plain; charset=UTF-8");
        Assert.Equal("HTTP/1.1 200 OK", posted.Status);
        WrappedAnswer polled = await client.GetAsync(new Uri(lines[1]).AbsolutePath + "?.ki=p&.kc=text/plain;charset=windows-1252&.kb=4096&.kid=1");
        Assert.Equal("\u0081\u0001a\u000101\u00ff", polled.Text);
    }

    [Fact]
    public async Task Where_something_on_the_way_holds_responses_back_the_first_one_ends_and_the_next_ones_are_whole()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using WrappedClient client = await WrappedClient.OpenAsync(gateway);
        using WrappedStream first = await client.ReceiveAsync();
        await first.Stream.ExpectAsync(Noop);
        Task<WrappedStream> polled = client.ReceiveAsync("&.ki=p");
        await first.Stream.ExpectEndAsync(Reconnect);
        await client.PostAsync(0x81, 1, 0x61);
        using WrappedStream poll = await polled;
        Assert.Equal(poll.Head.Length + 7, poll.Stream.Response.Content.Headers.ContentLength);
        await poll.Stream.ExpectEndAsync([0x81, 1, 0x61, .. Reconnect]);
    }

    [Fact]
    public async Task Responses_begin_and_end_as_the_browser_needs_it()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using WrappedClient client = await WrappedClient.OpenAsync(gateway);
        using WrappedStream padded = await client.ReceiveAsync("&.kp=10&.kns&.kcc=private");
        await padded.Stream.ExpectAsync([.. Noop, .. Noop, .. Noop]);
        Assert.Matches("\r\nX-Content-Type-Nosniff: [0-9A-Za-z_-]{2048}\r\n", padded.Head);
        Assert.Contains("Cache-Control: private\r\n", padded.Head, StringComparison.Ordinal);
        using WrappedStream small = await client.ReceiveAsync("&.kb=1");
        await padded.Stream.ExpectEndAsync(Reconnect);
        await small.Stream.ExpectAsync(Noop);
    }

    [Theory]
    // The origins of others, of files, and what is no origin.
    [InlineData("http://evil.example:80", "403 Forbidden")]
    [InlineData("https://page.example:8080", "403 Forbidden")]
    [InlineData("http://page.example:80", "403 Forbidden")]
    [InlineData("null", "403 Forbidden")]
    [InlineData("http://page.example:8080, http://evil.example:80", "403 Forbidden")]
    [InlineData("http://page.example:8080", "201 Created")]
    [InlineData("https://other.example", "201 Created")]
    public async Task The_rules_for_origins_hold_for_the_page_that_is_named(string origin, string status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using WrappedClient client = WrappedClient.Of(gateway, origin);
        Assert.Equal($"HTTP/1.1 {status}", (await client.GetAsync("/echo/;e/ctm", EmulatedClient.VersionHeader)).Status);
    }

    [Fact]
    public async Task A_file_may_open_a_session_where_everybody_may()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: [new() { AllowOrigin = "*", Position = s_nowhere }]);
        using WrappedClient client = await WrappedClient.OpenAsync(gateway, origin: "null");
        Assert.Equal("HTTP/1.1 200 OK", (await client.PostAsync(0x81, 0)).Status);
    }

    [Theory]
    [InlineData("GET", "/echo/;e/ctm", "400 Bad Request", "X-WebSocket-Version: wseb-1.1")]
    [InlineData("GET", "/echo/;e/ctm", "403 Forbidden", "Origin: http://evil.example")]
    [InlineData("GET", "/echo/;e/ctm", "403 Forbidden", "Sec-Fetch-Site: cross-site")]
    [InlineData("GET", "/echo/;e/ctx", "404 Not Found", "X-Nothing: 0")]
    [InlineData("GET", "/nothing/;e/ctm", "404 Not Found", "X-Nothing: 0")]
    [InlineData("GET", "/echo/;e/dtm/0123456789abcdef0123456789abcdef", "404 Not Found", "X-Nothing: 0")]
    [InlineData("GET", "/echo/;api/nothing", "404 Not Found", "X-Nothing: 0")]
    [InlineData("GET", "/echo/;e/cookies", "200 OK", "Cookie: a=b")]
    [InlineData("POST", "/echo/;e/cookies", "405 Method Not Allowed", "X-Nothing: 0")]
    public async Task Every_answer_is_wrapped(string method, string path, string status, string header)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using WrappedClient client = WrappedClient.Of(gateway);
        WrappedAnswer answer = await client.SendAsync(new HttpMethod(method), path, method == "POST" ? [] : null, header);
        Assert.Equal($"HTTP/1.1 {status}", answer.Status);
        // Cookies that the browser keeps from scripts are not for the page either.
        Assert.DoesNotContain("a=b", answer.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/echo/;e/ctm?.ko=http%3A%2F%2Fpage.example%3A8080", "X-Origin-http%3A%2F%2Fpage.example%3A8080: 1", "201 Created")]
    [InlineData("/echo/;e/ctm&.ko=http%3A%2F%2Fpage.example%3A8080", "Origin: http://page.example:8080", "201 Created")]
    // Anybody can write a query.
    [InlineData("/echo/;e/ctm?.ko=http%3A%2F%2Fpage.example%3A8080", "X-WebSocket-Version: wseb-1.0", "403 Forbidden")]
    [InlineData("/echo/;e/ctm&.ko=http%3A%2F%2Fpage.example%3A8080", "X-WebSocket-Version: wseb-1.0", "403 Forbidden")]
    [InlineData("/echo/;e/ctm?.ko=http%3A%2F%2Fpage.example%3A8080", "X-Origin-http%3A%2F%2Fother.example%3A8080: 1", "403 Forbidden")]
    [InlineData("/echo/;e/ctm?.ko=http%3A%2F%2Fpage.example%3A8080", "X-Origin: https://other.example:443", "403 Forbidden")]
    [InlineData("/echo/;e/ctm?.ko=", "X-Origin-: 1", "403 Forbidden")]
    [InlineData("/echo/;e/ctm?.ko=http%3A%2F%2Fevil.example%3A80", "X-Origin-http%3A%2F%2Fevil.example%3A80: 1", "403 Forbidden")]
    public async Task An_origin_in_the_query_counts_where_a_header_vouches_for_it(string path, string header, string status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using EmulatedClient client = Stranger();
        using HttpResponseMessage response = await client.SendAsync(HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}{path}", null, header);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith($"HTTP/1.1 {status}\r\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stolen_id_is_worth_nothing_to_a_page_of_another_origin_that_may_use_the_service_as_well()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using WrappedClient client = await WrappedClient.OpenAsync(gateway);
        using WrappedClient thief = client.In(Other);
        Assert.Equal("HTTP/1.1 404 Not Found", (await thief.PostAsync(0x81, 0)).Status);
        Assert.Equal("HTTP/1.1 404 Not Found", (await thief.GetAsync(client.Downstream)).Status);
        using EmulatedClient nobody = Stranger();
        using HttpResponseMessage unsaid = await nobody.SendAsync(HttpMethod.Post, $"http://127.0.0.1:{gateway.Port}{client.Upstream}", [0x81, 0]);
        Assert.Equal(HttpStatusCode.NotFound, unsaid.StatusCode);
        using HttpResponseMessage asScript = await nobody.SendAsync(HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}{client.Downstream}", null, $"Referer: {Other}/");
        Assert.Equal(HttpStatusCode.NotFound, asScript.StatusCode);
        // Nor to one that names two.
        using HttpResponseMessage both = await nobody.SendAsync(HttpMethod.Post, $"http://127.0.0.1:{gateway.Port}{client.Upstream}", [0x81, 0], $"Origin: {Other}", $"X-Origin: {WrappedClient.Page}");
        Assert.StartsWith("HTTP/1.1 404", await both.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("HTTP/1.1 200 OK", (await client.PostAsync(0x81, 0)).Status);
    }

    [Fact]
    public async Task Files_are_not_read_by_way_of_the_bridge()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using EmulatedClient client = Stranger();
        using HttpResponseMessage foreign = await client.SendAsync(HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}/index.html", null, "X-Origin: http://evil.example:80");
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        using HttpResponseMessage friend = await client.SendAsync(HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}/index.html", null, $"X-Origin: {WrappedClient.Page}");
        Assert.Equal("<!doctype html><title>files</title>", await friend.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_body_that_is_too_long_gets_413_and_ends_the_session()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_both);
        using WrappedClient client = await WrappedClient.OpenAsync(gateway);
        using RawClient raw = await RawClient.ConnectAsync(gateway.EndPoint);
        await raw.SendAsync(
            $"POST {client.Upstream} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\nX-Origin: {WrappedClient.Page}\r\nX-Sequence-No: 1\r\nContent-Length: {(30 * 1024 * 1024) + 1}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await raw.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 413 ", await raw.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal("HTTP/1.1 404 Not Found", (await client.PostAsync(0x81, 0)).Status);
    }
}
