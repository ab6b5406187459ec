using Microsoft.Playwright;
using Tidegate.EndToEnd.Tests.Tls;

namespace Tidegate.EndToEnd.Tests.Browser;

/// <summary>
/// Emulated WebSockets of a page in Chromium that is of another origin than the gateway, by way of the gateway's bridge page: docs/spec/clients.md, sections 3 and 4.
/// Beside them what else such a page can do.
/// </summary>
public sealed class EmulatedSocketTests(TwoOrigins origins) : IClassFixture<TwoOrigins>
{
    [Theory]
    [InlineData(false, true, false)]
    [InlineData(false, true, true)]
    [InlineData(false, false, false)]
    [InlineData(true, true, false)]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    public async Task A_page_of_another_origin_opens_talks_and_closes(bool secure, bool counts, bool longPolls)
    {
        IPage page = await origins.OpenAsync(origins.Page(secure));
        // What is fetched in polls is never long enough for two at once.
        Assert.Equal(longPolls ? "the same, closed" : "the same, closed, overlapping", await ConverseAsync(page, secure, counts, longPolls));
    }

    [Fact]
    public async Task A_browser_that_does_not_speak_HTTP_2_does_so_too()
    {
        await using TrustingBrowser browser = await TrustingBrowser.LaunchAsync(origins.Authority, trusting: true, "--disable-http2");
        IPage page = await origins.OpenAsync(origins.Page(secure: true), browser);
        Assert.Equal("the same, closed, overlapping", await ConverseAsync(page, secure: true, counts: true, longPolls: false));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_page_that_a_balancer_sends_to_a_member_goes_there_by_way_of_that_members_bridge(bool secure)
    {
        IPage page = await origins.OpenAsync(origins.Page(secure));
        Assert.Equal("the same, closed, overlapping", await ConverseAsync(page, secure, counts: true, longPolls: false, path: "/balanced"));
        Assert.Contains(page.Frames, frame => frame.Url == origins.Gateway(secure).Replace("localhost", "127.0.0.1", StringComparison.Ordinal) + "/?.kr=xs");
    }

    [Theory]
    [InlineData(false, "/news")]
    [InlineData(true, "/news")]
    // Behind a redirect to a member the browser would say the origin null, so the balancer brings the stream.
    [InlineData(false, "/balanced-news")]
    [InlineData(true, "/balanced-news")]
    public async Task A_page_of_another_origin_receives_events(bool secure, string path)
    {
        IPage page = await origins.OpenAsync(origins.Page(secure));
        Assert.Equal("news", await page.EvaluateAsync<string>(
            """
            address => new Promise((resolve, reject) => {
                const source = new EventSource(address);
                source.onmessage = event => { source.close(); resolve(event.data); };
                source.onerror = () => { if (source.readyState === EventSource.CLOSED) reject(new Error('refused')); };
            })
            """,
            origins.Gateway(secure) + path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_page_of_another_origin_opens_a_native_websocket_where_it_is_let_in_and_nowhere_else(bool secure)
    {
        const string Converse = """
            address => new Promise(resolve => {
                const socket = new WebSocket(address);
                socket.onopen = () => socket.send('x');
                socket.onmessage = event => { resolve(event.data); socket.close(); };
                socket.onerror = () => resolve('refused');
            })
            """;
        IPage page = await origins.OpenAsync(origins.Page(secure));
        string gateway = "ws" + origins.Gateway(secure)["http".Length..];
        Assert.Equal("x", await page.EvaluateAsync<string>(Converse, gateway + "/echo"));
        Assert.Equal("refused", await page.EvaluateAsync<string>(Converse, gateway + "/other"));
    }

    [Fact]
    public async Task A_page_of_an_origin_that_no_service_lets_in_can_not_open_the_bridge()
    {
        var elsewhere = new UriBuilder(origins.Page(secure: false)) { Host = "127.0.0.1" };
        IPage page = await origins.OpenAsync(elsewhere.Uri);
        Task<IConsoleMessage> complaint = page.WaitForConsoleMessageAsync(new() { Predicate = message => message.Text.Contains("frame-ancestors", StringComparison.Ordinal) });

        await page.EvaluateAsync("origin => { new Bridge(origin).open(); }", origins.Gateway(secure: false));

        Assert.Equal("error", (await complaint).Type);
    }

    [Theory]
    // A service that does not let the page in, whatever the page says of itself.
    [InlineData("bridge.request('GET', origin + '/other/;e/ctm', { 'X-WebSocket-Version': 'wseb-1.0' })", "403")]
    [InlineData("bridge.request('GET', origin + '/other/;e/ctm', { 'X-WebSocket-Version': 'wseb-1.0', 'X-Origin': origin })", "403")]
    [InlineData("bridge.request('GET', origin + '/echo/;e/ctm', { 'X-WebSocket-Version': 'wseb-1.0', 'x-origin': 'http://evil.example:80' })", "201")]
    [InlineData("bridge.request('GET', origin + '/nothing/;e/ctm')", "404")]
    // Files of the gateway's origin, and another origin.
    [InlineData("bridge.request('GET', origin + '/index.html')", "e")]
    [InlineData("bridge.request('GET', page + '/index.html')", "e")]
    [InlineData("bridge.request('PUT', origin + '/echo/;e/ctm')", "e")]
    // A status that is not within an answer is passed on as it is.
    [InlineData("bridge.request('GET', origin + '/nothing.html')", "404")]
    // What is no request is none, and those after it are.
    [InlineData("(bridge.frame.contentWindow.postMessage('sffffffffzzz', origin), bridge.frame.contentWindow.postMessage(7, origin), bridge.request('GET', origin + '/echo/;e/cookies'))", "200")]
    public async Task The_bridge_asks_for_what_the_page_may_have_and_nothing_else(string request, string expected)
    {
        IPage page = await origins.OpenAsync(origins.Page(secure: false));

        string result = await page.EvaluateAsync<string>(
            $$"""
            async ([origin, page]) => {
                const bridge = await new Bridge(origin).open();
                return {{request}}.then(answer => String(answer.status), error => error.message[0]);
            }
            """,
            new object[] { origins.Gateway(secure: false), TwoOrigins.OriginOf(origins.Page(secure: false)) });

        Assert.Equal(expected, result);
    }

    private Task<string> ConverseAsync(IPage page, bool secure, bool counts, bool longPolls, string path = "/echo") =>
        page.EvaluateAsync<string>("all => converse(...all)", new object[] { origins.Gateway(secure), path, counts, longPolls });
}
