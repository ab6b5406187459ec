using System.Text;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary><c>/;api/…-cookies</c>, behind the rules for origins and logins.</summary>
public sealed class CookieResourceTests
{
    private const string Page = "http://page.example:80";

    private static readonly CrossSiteConstraint s_named = new() { AllowOrigin = "http://page.example", Position = new SourcePosition("test.xml", 1, 1) };
    private static readonly CrossSiteConstraint s_all = new() { AllowOrigin = "*", Position = new SourcePosition("test.xml", 1, 1) };

    [Theory]
    [InlineData("GET /echo/;api/get-cookies HTTP/1.1|Cookie: a=b; c=d", "", 200, "a\r\na=b\r\nc=d\r\n\r\n", "")]
    [InlineData("GET /echo/;api/get-cookies HTTP/1.1", "", 200, "", "")]
    // A browser may keep cookies from the scripts of a page.
    [InlineData("GET /echo/;api/get-cookies HTTP/1.1|Cookie: a=b|Sec-Fetch-Mode: cors", "", 200, "", "")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain", "a=b\r", 200, "", "a=b")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain;charset=UTF-8", "a=b; Path=/\r\nc=d; HttpOnly\n", 200, "", "a=b; Path=/,c=d; HttpOnly")]
    [InlineData("POST /echo/;api/delete-cookies HTTP/1.1|Content-Type: text/plain", "a=b; path=/x; expires=never\nc", 200, "", "a=; Max-Age=0; path=/x,c=; Max-Age=0")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/html", "a=b", 400, null, "")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1", "a=b", 400, null, "")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain", "", 400, null, "")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain", "a", 400, null, "")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain", "a b=c", 400, null, "")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain", "a=\u0001", 400, null, "")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain", "a=b\n=c", 400, null, "")]
    [InlineData("GET /echo/;api/set-cookies HTTP/1.1", "", 405, "", "")]
    [InlineData("POST /echo/;api/get-cookies HTTP/1.1", "", 405, "", "")]
    [InlineData("GET /echo/;api/other-cookies HTTP/1.1", "", 404, "", "")]
    [InlineData("GET /other/;api/get-cookies HTTP/1.1", "", 404, "", "")]
    // Rules for origins.
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain|Origin: http://evil.example", "a=b", 403, "", "")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain|Referer: http://evil.example/x", "a=b", 403, "", "")]
    [InlineData("POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain|Origin: http://page.example", "a=b", 200, "", "a=b")]
    public async Task Cookies_are_told_set_and_deleted(string request, string body, int status, string? answer, string cookies)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: [s_named]);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        string head = await AskAsync(client, gateway, request, body);
        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.Equal(cookies, string.Join(',', head.Split("\r\n").Where(line => line.StartsWith("Set-Cookie: ", StringComparison.Ordinal)).Select(line => line["Set-Cookie: ".Length..])));
        string rest = Encoding.ASCII.GetString(await client.ReadToEndAsync());
        if (answer is not null)
        {
            Assert.Equal(answer, head.Contains("chunked", StringComparison.Ordinal) ? rest.Replace("0\r\n\r\n", "", StringComparison.Ordinal) : rest);
        }
    }

    [Fact]
    public async Task A_page_that_comes_by_the_bridge_has_the_browser_given_the_cookie()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: [s_named]);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        string head = await AskAsync(client, gateway, $"POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain|X-Origin: {Page}", "a=b\r");
        Assert.StartsWith("HTTP/1.1 200 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nSet-Cookie: a=b\r\n", head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 OK\r\n", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_everybody_may_use_a_service_nobody_else_sets_cookies_for_its_host()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: [s_all]);
        foreach (string origin in new[] { "http://evil.example", "null" })
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            string head = await AskAsync(client, gateway, $"POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain|Origin: {origin}", "a=b");
            Assert.StartsWith("HTTP/1.1 403 ", head, StringComparison.Ordinal);
            Assert.DoesNotContain("Set-Cookie", head, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_has_to_log_in_for_the_service_has_to_for_this()
    {
        using var users = new Security.UsersFile();
        await using RunningGateway gateway = await RunningGateway.StartAsync(realm: users.Realm("Basic"));
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        Assert.StartsWith("HTTP/1.1 401 ", await AskAsync(client, gateway, "GET /echo/;api/get-cookies HTTP/1.1|Cookie: a=b", ""), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_too_long_gets_413_and_too_many_cookies_400()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        foreach ((string body, int status) in new[]
        {
            (new string('a', CookieResource.MaximumBody) + "=", 413),
            (string.Concat(Enumerable.Repeat("a=b\n", CookieResource.MaximumCookies + 1)), 400),
            (string.Concat(Enumerable.Repeat("a=b\n", CookieResource.MaximumCookies)), 200),
        })
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            Assert.StartsWith($"HTTP/1.1 {status} ", await AskAsync(client, gateway, "POST /echo/;api/set-cookies HTTP/1.1|Content-Type: text/plain", body), StringComparison.Ordinal);
        }
    }

    private static async Task<string> AskAsync(RawClient client, RunningGateway gateway, string request, string body)
    {
        string length = body.Length > 0 || request.StartsWith("POST", StringComparison.Ordinal) ? $"\r\nContent-Length: {Encoding.ASCII.GetByteCount(body)}" : "";
        await client.SendAsync($"{request.Replace("|", "\r\n", StringComparison.Ordinal)}\r\nHost: 127.0.0.1:{gateway.Port}\r\nConnection: close{length}\r\n\r\n{body}");
        return await client.ReadHeadAsync();
    }
}
