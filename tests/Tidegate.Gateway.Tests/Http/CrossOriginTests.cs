using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>What pages of another origin may do: compat.md 4.8, and what the Fetch standard says where the old gateway was lax.</summary>
public sealed class CrossOriginTests
{
    private const string Upgrade = "Upgrade: websocket|Connection: Upgrade|Sec-WebSocket-Version: 13|Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
    private static readonly SourcePosition s_nowhere = new("test.xml", 1, 1);

    private static readonly ImmutableArray<CrossSiteConstraint> s_constraints =
    [
        new() { AllowOrigin = "http://friend.example:80", AllowHeaders = ["X-Token"], MaximumAge = TimeSpan.FromMinutes(1), Position = s_nowhere },
        new() { AllowOrigin = "https://friend.example:443", AllowMethods = ["POST", "DELETE"], Position = s_nowhere },
        new() { AllowOrigin = "http://friend.example:8080", AllowMethods = ["HEAD"], Position = s_nowhere },
    ];

    private static readonly CrossSiteConstraint s_forAll = new() { AllowOrigin = "*", Position = s_nowhere };

    [Theory]
    // Same origin, and no origin.
    [InlineData("GET / HTTP/1.1", 200, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://{h}", 200, false)]
    [InlineData("GET / HTTP/1.1|Origin: HTTP://{h}", 200, false)]
    [InlineData("GET / HTTP/1.1|Origin: https://{h}", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://127.0.0.1", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: privileged://{h}", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://{h}/", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://{h}, http://friend.example", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://user@{h}", 403, false)]
    // The default port is the same written or not; scheme, host and port all count.
    [InlineData("GET / HTTP/1.1|Origin: http://friend.example", 200, true)]
    [InlineData("GET / HTTP/1.1|Origin: http://friend.example:80", 200, true)]
    [InlineData("GET / HTTP/1.1|Origin: http://FRIEND.example", 200, true)]
    [InlineData("GET / HTTP/1.1|Origin: http://friend.example:81", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://friend.example.evil.example", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://notfriend.example", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: null", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://friend.example|Origin: http://friend.example", 403, false)]
    // Methods are whole words: GET is not in HEAD, nor HEAD in GET, POST.
    [InlineData("GET / HTTP/1.1|Origin: https://friend.example", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://friend.example:8080", 403, false)]
    [InlineData("HEAD / HTTP/1.1|Origin: http://friend.example:8080", 200, true)]
    [InlineData("HEAD / HTTP/1.1|Origin: http://friend.example", 403, false)]
    [InlineData("POS / HTTP/1.1|Origin: http://friend.example", 403, false)]
    // The page that a request is made for by way of another one: whatever is named has to be let in.
    [InlineData("GET / HTTP/1.1|X-Origin: http://friend.example:80", 200, false)]
    [InlineData("GET / HTTP/1.1|X-Origin: http://evil.example:80", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://{h}|X-Origin: http://evil.example:80", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://friend.example|X-Origin: http://evil.example:80", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://evil.example|X-Origin: http://friend.example:80", 403, false)]
    [InlineData("GET / HTTP/1.1|Origin: http://friend.example|X-Origin: http://friend.example:80", 200, true)]
    [InlineData("GET / HTTP/1.1|X-Origin: http://friend.example:80|X-Origin: http://friend.example:80", 403, false)]
    [InlineData("GET /echo HTTP/1.1|X-Origin: http://evil.example:80|" + Upgrade, 403, false)]
    // A link on another site leads to files.
    [InlineData("GET / HTTP/1.1|Referer: http://evil.example/", 200, false)]
    // The service answers, and the page may read the answer.
    [InlineData("POST / HTTP/1.1|Origin: http://friend.example|Content-Length: 0", 405, true)]
    // Preflights.
    [InlineData("OPTIONS / HTTP/1.1|Origin: http://friend.example|Access-Control-Request-Method: POST", 200, true)]
    [InlineData("OPTIONS / HTTP/1.1|Origin: http://friend.example|Access-Control-Request-Headers: x-token", 200, true)]
    [InlineData("OPTIONS / HTTP/1.1|Origin: https://friend.example|Access-Control-Request-Method: DELETE", 200, true)]
    [InlineData("OPTIONS / HTTP/1.1|Origin: http://friend.example|Access-Control-Request-Method: DELETE", 403, false)]
    [InlineData("OPTIONS / HTTP/1.1|Origin: http://friend.example|Access-Control-Request-Method: OST", 403, false)]
    [InlineData("OPTIONS / HTTP/1.1|Origin: http://evil.example|Access-Control-Request-Method: GET", 403, false)]
    [InlineData("OPTIONS / HTTP/1.1|Origin: http://friend.example", 403, false)]
    // WebSockets.
    [InlineData("GET /echo HTTP/1.1|Origin: http://friend.example|" + Upgrade, 101, true)]
    [InlineData("GET /echo HTTP/1.1|Origin: https://friend.example|" + Upgrade, 403, false)]
    [InlineData("GET /echo HTTP/1.1|Origin: http://evil.example|" + Upgrade, 403, false)]
    [InlineData("GET /echo HTTP/1.1|Origin: http://{h}|" + Upgrade, 101, false)]
    [InlineData("OPTIONS /echo HTTP/1.1|Origin: http://friend.example|Access-Control-Request-Method: GET", 200, true)]
    public async Task Only_what_the_constraints_allow_is_done(string request, int status, bool allowed)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_constraints);

        string head = await AskAsync(gateway, request);

        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        string? origin = Header(request, "Origin");
        Assert.Equal(allowed ? origin : null, Header(head, "Access-Control-Allow-Origin"));
        Assert.Equal(allowed ? "true" : null, Header(head, "Access-Control-Allow-Credentials"));
        Assert.Contains("Origin", Header(head, "Vary"), StringComparison.Ordinal);
        bool granted = allowed && request.StartsWith("OPTIONS", StringComparison.Ordinal);
        Assert.Equal(granted, Header(head, "Access-Control-Allow-Methods") is not null);
        Assert.Equal(granted, Header(head, "Access-Control-Allow-Headers") is not null);
    }

    [Fact]
    public async Task A_preflight_says_what_is_allowed_and_for_how_long()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: s_constraints);

        string head = await AskAsync(gateway, "OPTIONS / HTTP/1.1|Origin: http://friend.example|Access-Control-Request-Method: POST|Access-Control-Request-Headers: x-token");

        Assert.Equal("GET, POST", Header(head, "Access-Control-Allow-Methods"));
        Assert.Equal(
            "content-type, authorization, x-websocket-extensions, x-websocket-version, x-websocket-protocol, X-Token", Header(head, "Access-Control-Allow-Headers"));
        Assert.Equal("60", Header(head, "Access-Control-Max-Age"));
        Assert.Equal("0", Header(head, "Content-Length"));
    }

    [Theory]
    [InlineData("http://anyone.example", 200)]
    [InlineData("null", 200)]
    [InlineData("file://", 200)]
    [InlineData("chrome-extension://abcdef", 200)]
    // Its own constraint holds rather than the one for all.
    [InlineData("https://friend.example", 403)]
    // Browsers send ASCII only, and no answer could name this one. As it is on the wire: U+00E9 in UTF-8.
    [InlineData("http://caf\u00c3\u00a9.example", 403)]
    public async Task An_asterisk_allows_every_origin_by_name(string origin, int status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(constraints: [s_forAll, .. s_constraints]);

        string head = await AskAsync(gateway, $"GET / HTTP/1.1|Origin: {origin}");

        Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
        Assert.Equal(status == 200 ? origin : null, Header(head, "Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Without_constraints_only_the_services_own_pages_use_it()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();

        Assert.StartsWith("HTTP/1.1 403 ", await AskAsync(gateway, "GET / HTTP/1.1|Origin: http://friend.example"), StringComparison.Ordinal);
        string own = await AskAsync(gateway, "GET / HTTP/1.1|Origin: http://{h}");
        Assert.StartsWith("HTTP/1.1 200 ", own, StringComparison.Ordinal);
        Assert.DoesNotContain("Access-Control", own, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<string> AskAsync(RunningGateway gateway, string request)
    {
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync((request + "|Host: {h}||")
            .Replace("|", "\r\n", StringComparison.Ordinal)
            .Replace("{h}", $"127.0.0.1:{gateway.Port}", StringComparison.Ordinal));
        return await client.ReadHeadAsync();
    }

    private static string? Header(string head, string name) =>
        head.Split(["\r\n", "|"], StringSplitOptions.None)
            .FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
}
