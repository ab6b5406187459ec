using System.Net.Sockets;
using System.Text;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Configuration;
using Tidegate.Gateway.Tests.Security;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>The <c>http.redirect</c> service (docs/http-redirect.md, docs/spec/compat.md 2.6).</summary>
public sealed class HttpRedirectTests
{
    private const string Keep = "<propagate-path>enabled</propagate-path><propagate-query>enabled</propagate-query>";

    public static TheoryData<string, string, string, string> Locations => new()
    {
        // Without being asked for, nothing is propagated, as ever.
        { "https://new.example/there", "", "/old/a?b=c", "https://new.example/there" },
        { "new", "", "/old/a", "new" },
        { "https://new.example/", Keep, "/old/a/b?c=d&e", "https://new.example/a/b?c=d&e" },
        { "https://new.example/base", Keep, "/old/a", "https://new.example/base/a" },
        { "https://new.example/base/?x=y#part", Keep, "/old/a?b", "https://new.example/base/a?x=y&b#part" },
        { "https://new.example/base", Keep, "/old", "https://new.example/base" },
        { "https://new.example/base", Keep, "/old/", "https://new.example/base/" },
        { "https://new.example/?", Keep, "/old/?a", "https://new.example/?a" },
        { "/new", Keep, "/old/a%20b?%zz", "/new/a%20b?%zz" },
        { "/new", Keep, "/x/../old/a/./b/../c", "/new/a/c" },
        { "/new", Keep, "/%6fld/a", "/new/a" },
        { "/new", Keep, "/old/a?b#c", "/new/a?b%23c" },
        // What follows a host that has no path must not become a part of the host.
        { "https://new.example", Keep, "/old/.evil.example", "https://new.example/.evil.example" },
        { "https://new.example", Keep, "/old/@evil.example", "https://new.example/@evil.example" },
        { "//new.example", Keep, "/old/a", "//new.example/a" },
        // Two slashes, or a slash and a backslash, would name another host.
        { "/", Keep, "/old//evil.example", "/evil.example" },
        { "/", Keep, "/old///evil.example", "/evil.example" },
        { "/", Keep, "/old/\\evil.example", "/evil.example" },
        { "/", Keep, "/old//../evil.example", "/evil.example" },
    };

    [Theory]
    [MemberData(nameof(Locations))]
    public async Task The_location_is_the_configured_one_with_what_is_propagated(string location, string properties, string target, string expected)
    {
        await using ServedText gateway = await StartAsync($"<location>{location}</location><status-code>302</status-code>{properties}");

        string head = await gateway.AskAsync($"GET {target} HTTP/1.1\r\nHost: {{h}}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 302 ", head, StringComparison.Ordinal);
        Assert.Contains($"\r\nLocation: {expected}\r\n", head + "\r\n", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/old/%0d%0aSet-Cookie:x", 302)]
    [InlineData("/old/?a=%0d%0aSet-Cookie:x", 302)]
    [InlineData("/old/a\rSet-Cookie:x", 400)]
    [InlineData("/old/?a\nSet-Cookie:x", 400)]
    [InlineData("/old/\u00e4", 400)]
    [InlineData("/old/a%2f..%2f..%2fadmin", 400)]
    [InlineData("/old/..;/admin", 400)]
    [InlineData("/old/..%5cadmin", 400)]
    public async Task Nothing_in_a_request_adds_a_header_or_hides_where_it_leads(string target, int status)
    {
        await using ServedText gateway = await StartAsync($"<location>https://new.example/</location><status-code>302</status-code>{Keep}");

        string head = await gateway.AskAsync($"GET {target} HTTP/1.1\r\nHost: {{h}}\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.DoesNotContain("\nSet-Cookie", head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 300)]
    [InlineData("301", 301)]
    [InlineData("302", 302)]
    [InlineData("303", 303)]
    [InlineData("307", 307)]
    [InlineData("308", 308)]
    public async Task Any_method_gets_the_status_without_a_body_and_the_connection_goes_on(string status, int expected)
    {
        await using ServedText gateway = await StartAsync($"<location>/new</location>{(status.Length > 0 ? $"<status-code>{status}</status-code>" : "")}");
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);

        foreach (string method in (string[])["GET", "HEAD", "POST", "DELETE", "BREW"])
        {
            await client.SendAsync($"{method} /old/a HTTP/1.1\r\nHost: {gateway.Authority}\r\nContent-Length: 3\r\n\r\nabc");
            string head = await client.ReadHeadAsync();
            Assert.StartsWith($"HTTP/1.1 {expected} ", head, StringComparison.Ordinal);
            Assert.Contains("\r\nContent-Length: 0", head, StringComparison.Ordinal);
            Assert.DoesNotContain("Cache-Control", head, StringComparison.Ordinal);
            Assert.DoesNotContain("Expires", head, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Cache_control_comes_with_a_time_long_past_for_caches_that_do_not_know_it()
    {
        await using ServedText gateway = await StartAsync(
            "<location>/new</location><status-code>301</status-code><cache-control>private</cache-control><cache-control>max-age=60</cache-control>");

        string head = await gateway.AskAsync("GET /old HTTP/1.1\r\nHost: {h}\r\n\r\n");

        Assert.Contains("\r\nCache-Control: private, max-age=60\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nExpires: Thu, 01 Jan 1970 00:00:00 GMT", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_asks_for_a_websocket_is_told_too()
    {
        await using ServedText gateway = await StartAsync("<location>ws://new.example/echo</location><status-code>307</status-code>");

        string head = await gateway.AskAsync(RawClient.Handshake(gateway.Port, "/old/echo"));

        Assert.StartsWith("HTTP/1.1 307 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nLocation: ws://new.example/echo", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_to_log_in_is_told_nothing_before()
    {
        using var users = new UsersFile();
        await using ServedText gateway = await ServedText.StartAsync(
            $"""
            <security><realm><name>demo</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme><login-modules><login-module>
            <type>file</type><success>required</success><options><file>{users.Path}</file></options></login-module></login-modules></authentication></realm></security>
            <service><name>moved</name><accept>http://127.0.0.1:0/old/</accept><type>http.redirect</type>
            <properties><location>https://secret.example/</location><status-code>302</status-code></properties><realm-name>demo</realm-name></service>
            """);

        string refused = await gateway.AskAsync("GET /old/ HTTP/1.1\r\nHost: {h}\r\n\r\n");
        string let = await gateway.AskAsync($"GET /old/ HTTP/1.1\r\nHost: {{h}}\r\nAuthorization: {UsersFile.Basic("joe", "welcome")}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 401 ", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("secret.example", refused, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 302 ", let, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_example_of_its_page_redirects()
    {
        await using ServedText gateway = await ServedText.StartPageAsync("http-redirect.md");

        string head = await gateway.AskAsync("GET /old/page?id=7 HTTP/1.1\r\nHost: {h}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 301 ", head, StringComparison.Ordinal);
        Assert.Contains("\r\nLocation: https://www.example.com/new/page?id=7", head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<location>/a b</location>", "There is white space or a character beyond ASCII in the location /a b.")]
    [InlineData("<location>/\u00e4</location>", "There is white space or a character beyond ASCII in the location /\u00e4.")]
    [InlineData("<location>/a\\b</location>", "There is a backslash in the location /a\\b.")]
    [InlineData("<location>new</location><propagate-path>enabled</propagate-path>", "No path can follow the location new.")]
    [InlineData("<location>mailto:a</location><propagate-path>enabled</propagate-path>", "No path can follow the location mailto:a.")]
    [InlineData("<location>https://</location><propagate-path>enabled</propagate-path>", "No path can follow the location https://.")]
    [InlineData("<location>/a</location><status-code>299</status-code>", "Wrong value for status-code:299. Valid values are integers between 300 and 399.")]
    [InlineData("<location>/a</location><status-code>304</status-code>", "Unrecognized status code: 304.")]
    [InlineData("<location>/a</location><status-code>moved</status-code>", "Unrecognized status code: moved.")]
    [InlineData("<location>/a</location><cache-control>priv\u00e4t</cache-control>", "There is a character beyond ASCII in priv\u00e4t.")]
    public void What_can_not_be_a_redirect_is_an_error(string properties, string problem)
    {
        ConfigurationException exception = Assert.Throws<ConfigurationException>(() => ConfigurationText.Read(Service(properties)));

        Assert.EndsWith(problem, Assert.Single(exception.Errors).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_status_the_file_is_told_that_browsers_do_not_follow_300() =>
        Assert.Equal(
            "Without <status-code> the answer's status is 300, as it has always been, and browsers do not follow that.",
            Assert.Single(ConfigurationText.Read(Service("<location>/new</location>")).Warnings).Problem);

    private static string Service(string properties) =>
        $"<service><name>moved</name><accept>http://127.0.0.1:0/old/</accept><type>http.redirect</type><properties>{properties}</properties></service>";

    private static Task<ServedText> StartAsync(string properties) => ServedText.StartAsync(Service(properties));
}
