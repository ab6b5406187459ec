using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Configuration;
using Tidegate.Gateway.Tests.Security;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>What an <c>http.proxy</c> makes of the heads of requests and answers (docs/http-proxy.md, docs/spec/compat.md 2.5).</summary>
public sealed class HttpProxyTests
{
    [Theory]
    [InlineData("/app/", "/", "/app/", "/")]
    [InlineData("/app/", "/", "/app/a/b?c=d", "/a/b?c=d")]
    [InlineData("/app/", "/base/", "/app/a", "/base/a")]
    [InlineData("/", "/base/", "/a", "/base/a")]
    [InlineData("/", "/", "/a//b/", "/a//b/")]
    [InlineData("/app/", "/?key=1", "/app/a?b", "/a?key=1&b")]
    // Letter by letter, but for dots.
    [InlineData("/app/", "/", "/app/%41%2fb%20c;d?%zz", "/%41%2fb%20c;d?%zz")]
    [InlineData("/app/", "/", "/app/a/../b/./c/..", "/b/")]
    [InlineData("/app/", "/base/", "/x/%2e%2e/app/a", "/base/a")]
    [InlineData("/app/", "/", "http://{h}/app/a", "/a")]
    public async Task A_request_goes_to_the_connect_with_what_follows_the_accept(string accept, string connect, string target, string expected)
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await StartAsync(accept, server.Origin.TrimEnd('/') + connect);

        string head = await gateway.AskAsync($"GET {target} HTTP/1.1\r\nHost: {{h}}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
        Assert.StartsWith($"GET {expected} HTTP/1.1\r\n", Assert.Single(server.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET /app/../secret HTTP/1.1", 404)]
    [InlineData("GET /app/..%2f..%2fsecret HTTP/1.1", 400)]
    [InlineData("GET /app/%2e%2e%5csecret HTTP/1.1", 400)]
    [InlineData("GET /app/..;/secret HTTP/1.1", 400)]
    [InlineData("GET /application HTTP/1.1", 404)]
    [InlineData("GET /app HTTP/1.1", 302)]
    [InlineData("POST /app HTTP/1.1", 404)]
    [InlineData("TRACE /app/ HTTP/1.1", 405)]
    [InlineData("CONNECT {h} HTTP/1.1", 404)]
    [InlineData("OPTIONS * HTTP/1.1", 404)]
    public async Task What_does_not_lead_below_the_accept_is_answered_here(string line, int status)
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await StartAsync("/app/", server.Origin);

        Assert.StartsWith($"HTTP/1.1 {status} ", await gateway.AskAsync($"{line}\r\nHost: {{h}}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task Headers_of_the_one_connection_are_not_passed_on_and_all_others_are()
    {
        await using var server = new ScriptedServer(
            "HTTP/1.1 418 Tea\r\nConnection: x-hop, keep-alive\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nX-Kept: \u00e4\r\nX-Twice: a\r\nX-Twice: b\r\n"
            + "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\nServer: tea\r\nContent-Type: text/x\r\nContent-Length: 0\r\n\r\n");
        await using ServedText gateway = await StartAsync("/", server.Origin);

        string head = await gateway.AskAsync(
            "BREW / HTTP/1.1\r\nHost: {h}\r\nConnection: X-Drop\r\nX-Drop: 1\r\nKeep-Alive: 5\r\nProxy-Authorization: x\r\nTE: trailers\r\nUpgrade: h2c\r\nTidegate-Hop: 1\r\n"
            + "X-Kept: \u00c3\u00a4\r\nX-Twice: a\r\nX-Twice: b\r\nContent-Type: text/y\r\nCookie: a=b\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 418 ", head, StringComparison.Ordinal);
        string[] answered = head.Split("\r\n");
        Assert.Contains("X-Kept: \u00e4", answered);
        Assert.Equal(["X-Twice: a", "X-Twice: b"], answered.Where(line => line.StartsWith("X-Twice", StringComparison.Ordinal)));
        Assert.Contains("Date: Thu, 01 Jan 1970 00:00:00 GMT", answered);
        Assert.Contains("Server: tea", answered);
        Assert.DoesNotContain("Hop", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Keep-Alive", head, StringComparison.Ordinal);
        Assert.DoesNotContain("Proxy", head, StringComparison.Ordinal);
        string request = Assert.Single(server.Requests);
        string[] sent = request.Split("\r\n");
        Assert.Contains("X-Kept: \u00c3\u00a4", sent);
        Assert.Contains("X-Twice: a, b", sent);
        Assert.Contains("Content-Type: text/y", sent);
        Assert.Contains("Cookie: a=b", sent);
        Assert.Contains($"Host: 127.0.0.1:{server.Port}", sent);
        foreach (string gone in (string[])["X-Drop", "Keep-Alive", "Proxy", "TE:", "Upgrade", "Tidegate-Hop", "Connection"])
        {
            Assert.DoesNotContain(gone, request, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task A_request_that_has_been_here_before_is_a_loop_and_the_log_says_so_once()
    {
        // The back-end sends it back, as a gateway would that is misconfigured so.
        int port = 0;
        await using var server = new ScriptedServer(async (request, socket) =>
        {
            using RawClient client = await RawClient.ConnectAsync(new(System.Net.IPAddress.Loopback, port));
            await client.SendAsync(request.Replace($"\r\nHost: 127.0.0.1:{((System.Net.IPEndPoint)socket.LocalEndPoint!).Port}", $"\r\nHost: 127.0.0.1:{port}", StringComparison.Ordinal));
            await ScriptedServer.SendAsync(socket, $"{(await client.ReadHeadAsync()).Split("\r\n")[0]}\r\nContent-Length: 0\r\n\r\n");
        });
        await using ServedText gateway = await StartAsync("/", server.Origin);
        port = gateway.Port;

        Assert.StartsWith("HTTP/1.1 508 ", await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\nVia: 1.0 fred\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 508 ", await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);

        Assert.Matches(@"\r\nVia: 1\.0 fred, 1\.1 tidegate-[0-9a-f-]{36}\r\n", server.Requests[0]);
        Assert.Equal(
            $"Connection to {server.Origin} failed due to loop detection: it leads back to service p",
            Assert.Single(gateway.Log.At(LogLevel.Warning)));
    }

    [Fact]
    public async Task Who_the_client_is_is_said_where_it_is_to_be_said()
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await StartAsync("/", server.Origin, "<use-forwarded>inject</use-forwarded>");

        await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\nForwarded: for=1.2.3.4\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Server: evil\r\n\r\n");

        string request = Assert.Single(server.Requests);
        Assert.Matches($@"\r\nForwarded: for=1\.2\.3\.4, for=""127\.0\.0\.1:\d+"";by=127\.0\.0\.1;proto=http;host=""127\.0\.0\.1:{gateway.Port}""\r\n", request);
        Assert.Matches(@"\r\nX-Forwarded-For: 1\.2\.3\.4, 127\.0\.0\.1:\d+\r\n", request);
        Assert.Contains("\r\nX-Forwarded-Server: 127.0.0.1\r\n", request, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Forwarded-Proto: http\r\n", request, StringComparison.Ordinal);
        Assert.Contains($"\r\nX-Forwarded-Host: 127.0.0.1:{gateway.Port}\r\n", request, StringComparison.Ordinal);
        Assert.DoesNotContain("evil", request, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exclude", 0)]
    [InlineData("ignore", 5)]
    public async Task Or_it_is_taken_out_or_left_alone(string use, int left)
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await StartAsync("/", server.Origin, $"<use-forwarded>{use}</use-forwarded>");

        await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\nForwarded: for=x\r\nX-Forwarded-For: x\r\nX-Forwarded-Proto: x\r\nx-forwarded-host: x\r\nX-Forwarded-Server: x\r\n\r\n");

        Assert.Equal(left, Assert.Single(server.Requests).Split("\r\n").Count(line => line.Contains("Forwarded", StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public async Task Locations_and_cookies_are_what_they_are_at_the_gateway()
    {
        await using var server = new ScriptedServer((_, socket) => ScriptedServer.SendAsync(
            socket,
            $"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{((System.Net.IPEndPoint)socket.LocalEndPoint!).Port}/base/login?x\r\n"
            + "Set-Cookie: a=b; Path=/base/x; Domain=internal.example; HttpOnly\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\n\r\n"));
        await using ServedText gateway = await StartAsync(
            "/app/", $"{server.Origin}base/",
            "<rewrite-cookie-domain>enabled</rewrite-cookie-domain><cookie-domain-mapping><from>.internal.example</from><to>example.com</to></cookie-domain-mapping>"
            + "<rewrite-cookie-path>enabled</rewrite-cookie-path><cookie-path-mapping><from>/base/</from><to>/app/</to></cookie-path-mapping>");

        string[] head = (await gateway.AskAsync("GET /app/ HTTP/1.1\r\nHost: {h}\r\n\r\n")).Split("\r\n");

        Assert.Contains($"Location: http://127.0.0.1:{gateway.Port}/app/login?x", head);
        Assert.Contains("Set-Cookie: a=b; Path=/app/x; Domain=example.com; HttpOnly", head);
        Assert.Contains("Set-Cookie: c=d", head);
    }

    [Fact]
    public async Task Redirects_to_the_same_place_are_followed_where_that_is_asked_for_and_others_are_the_clients()
    {
        await using var server = new ScriptedServer((request, socket) => ScriptedServer.SendAsync(socket, request.Split(' ')[1] switch
        {
            "/base/one" => "HTTP/1.1 302 Found\r\nLocation: /base/two\r\nContent-Length: 3\r\n\r\nabc",
            "/base/two" => "HTTP/1.1 301 Moved\r\nLocation: /base/three\r\nContent-Length: 0\r\n\r\n",
            "/base/out" => "HTTP/1.1 302 Found\r\nLocation: /secret\r\nContent-Length: 0\r\n\r\n",
            "/base/dots" => "HTTP/1.1 302 Found\r\nLocation: /base/../secret\r\nContent-Length: 0\r\n\r\n",
            "/base/far" => "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n",
            _ => ScriptedServer.Ok,
        }));
        await using ServedText gateway = await StartAsync("/", $"{server.Origin}base/", connectOptions: "<http.maximum.redirects>1</http.maximum.redirects>");

        Assert.Contains("200 OK", await gateway.AskAsync("GET /two HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        string second = await gateway.AskAsync("GET /one HTTP/1.1\r\nHost: {h}\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 301 ", second, StringComparison.Ordinal);
        Assert.Contains($"\r\nLocation: http://127.0.0.1:{gateway.Port}/three", second, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 302 ", await gateway.AskAsync("POST /one HTTP/1.1\r\nHost: {h}\r\nContent-Length: 1\r\n\r\nx"), StringComparison.Ordinal);
        Assert.Contains("\r\nLocation: /secret", await gateway.AskAsync("GET /out HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 302 ", await gateway.AskAsync("GET /dots HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains("\r\nLocation: http://169.254.169.254/", await gateway.AskAsync("GET /far HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.DoesNotContain(server.Requests, request => request.Contains("secret", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Http_1_0_is_served_and_the_log_says_once_that_it_is_old()
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await StartAsync("/", server.Origin);

        Assert.Contains(" 200 ", await gateway.AskAsync("GET / HTTP/1.0\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains(" 200 ", await gateway.AskAsync("GET / HTTP/1.0\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);

        Assert.Contains("\r\nVia: 1.0 tidegate-", server.Requests[0], StringComparison.Ordinal);
        Assert.Equal("http.proxy service p received an HTTP 1.0 request. HTTP 1.0 is not explicitly supported.", Assert.Single(gateway.Log.At(LogLevel.Warning)));
    }

    [Fact]
    public async Task Who_has_not_logged_in_reaches_nothing_behind_it()
    {
        using var users = new UsersFile();
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await ServedText.StartAsync(
            $"""
            <security><realm><name>demo</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme><login-modules><login-module>
            <type>file</type><success>required</success><options><file>{users.Path}</file></options></login-module></login-modules></authentication></realm></security>
            <service><name>p</name><accept>http://127.0.0.1:0/</accept><connect>{server.Origin}</connect><type>http.proxy</type><realm-name>demo</realm-name></service>
            """);

        Assert.Contains(" 401 ", await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Contains(" 401 ", await gateway.AskAsync(RawClient.Handshake(gateway.Port, "/")), StringComparison.Ordinal);
        Assert.Empty(server.Requests);
        Assert.Contains(" 200 ", await gateway.AskAsync($"GET / HTTP/1.1\r\nHost: {{h}}\r\nAuthorization: {UsersFile.Basic("joe", "welcome")}\r\n\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_example_of_its_page_passes_requests_on()
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await ServedText.StartPageAsync("http-proxy.md", (8081, server.Port));

        Assert.Contains(" 200 ", await gateway.AskAsync("GET /shop/cart?id=7 HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("GET /cart?id=7 HTTP/1.1\r\n", Assert.Single(server.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://h/app", "http://i/", "The path /app of accept URI http://h/app for service p needs to end with /.")]
    [InlineData("http://h/", "http://i/app?x=/", "The path /app of connect URI http://i/app?x=/ for service p needs to end with /.")]
    public void Paths_end_with_a_slash(string accept, string connect, string problem) =>
        Assert.Equal(problem, Assert.Single(Assert.Throws<ConfigurationException>(() => ConfigurationText.Read(
            $"<service><name>p</name><accept>{accept}</accept><connect>{connect}</connect><type>http.proxy</type></service>")).Errors).Problem);

    [Fact]
    public void Options_of_http_connects_that_nothing_heeds_are_a_warning_where_a_service_writes_them() =>
        Assert.Equal(
            "<http.keepalive.connections> does nothing here: a service of type proxy sends no HTTP requests to what is behind it.",
            Assert.Single(ConfigurationText.Read(
                "<service-defaults><connect-options><http.keepalive>disabled</http.keepalive></connect-options></service-defaults><service><name>p</name><accept>ws://localhost:1/</accept>"
                + "<connect>tcp://localhost:2</connect><type>proxy</type><connect-options><http.keepalive.connections>9</http.keepalive.connections></connect-options></service>").Warnings).Problem);

    internal static Task<ServedText> StartAsync(string accept, string connect, string properties = "", string connectOptions = "", string rest = "") => ServedText.StartAsync(
        $"<service><name>p</name><accept>http://127.0.0.1:0{accept}</accept><connect>{connect}</connect><type>http.proxy</type><properties>{properties}</properties>"
        + $"<connect-options>{connectOptions}</connect-options>{rest}</service>");
}
