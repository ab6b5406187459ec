using Microsoft.Playwright;

namespace Tidegate.EndToEnd.Tests.Tls;

/// <summary>Chromium that trusts an authority of one's own, as the operators of an intranet set it up.</summary>
public sealed class TlsBrowserTests : IDisposable
{
    // Sends a message, takes the answer, which behind a proxy may come in other pieces, and closes in order.
    private const string Echo = """
        address => new Promise((resolve, reject) => {
            const socket = new WebSocket(address);
            const sent = Uint8Array.from({ length: 100000 }, (_, i) => i * 31 >> 3);
            const received = [];
            socket.binaryType = 'arraybuffer';
            socket.onopen = () => socket.send(sent);
            socket.onmessage = event => {
                received.push(...new Uint8Array(event.data));
                if (received.length >= sent.length) {
                    socket.onclose = end => resolve(`${received.length === sent.length && sent.every((each, i) => each === received[i]) ? 'the same' : 'another'}, closed ${end.code}`);
                    socket.close(1000);
                }
            };
            socket.onerror = () => reject(new Error('refused'));
        })
        """;

    // By which protocol the page itself has come, as ALPN calls it.
    private const string ProtocolOfThePage = "performance.getEntriesByType('navigation')[0].nextHopProtocol";

    private readonly SelfMadeAuthority _authority = new();
    private readonly ScratchDirectory _files = new();

    // RFC 8441, section 5: the server answers 200 where HTTP/1.1 has 101, so the status tells which of them was spoken.
    [Theory]
    [InlineData("/echo", "", "", "h2", 200)]
    [InlineData("/relay", "", "", "h2", 200)]
    [InlineData("/echo", "", "--disable-http2", "http/1.1", 101)]
    [InlineData("/relay", "", "--disable-http2", "http/1.1", 101)]
    // As the gateway's own options have it.
    [InlineData("/echo", "<http.http2>disabled</http.http2>", "", "http/1.1", 101)]
    [InlineData("/echo", "<ws.http2>disabled</ws.http2>", "", "h2", 101)]
    public async Task A_page_over_https_talks_over_wss_in_HTTP_2_unless_one_of_them_does_not_speak_it(
        string path, string options, string argument, string protocol, int status)
    {
        await using GatewayProcess gateway = await StartAsync(options);
        await using TrustingBrowser browser = await TrustingBrowser.LaunchAsync(_authority, trusting: true, [.. argument.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        IPage page = await browser.NewPageAsync();
        Task<int> handshake = await StatusOfHandshakeAsync(page);
        await page.GotoAsync(gateway.Served("https://localhost:0/").ToString());
        Assert.Equal("secure", await page.TitleAsync());
        Assert.True(await page.EvaluateAsync<bool>("isSecureContext"));

        string answer = await page.EvaluateAsync<string>(Echo, gateway.Served($"wss://localhost:0{path}").ToString());

        Assert.Equal("the same, closed 1000", answer);
        Assert.Equal((protocol, status), (await page.EvaluateAsync<string>(ProtocolOfThePage), await handshake.WaitAsync(Patience.Long)));
    }

    [Fact]
    public async Task A_browser_that_was_not_told_of_the_authority_refuses_its_certificate()
    {
        await using GatewayProcess gateway = await StartAsync();
        await using TrustingBrowser browser = await TrustingBrowser.LaunchAsync(_authority, trusting: false);
        IPage page = await browser.NewPageAsync();
        PlaywrightException refusal = await Assert.ThrowsAsync<PlaywrightException>(() => page.GotoAsync(gateway.Served("https://localhost:0/").ToString()));
        Assert.Contains("ERR_CERT_AUTHORITY_INVALID", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    /// <summary>The status that the next WebSocket of a page is answered with, which no script can see.</summary>
    private static async Task<Task<int>> StatusOfHandshakeAsync(IPage page)
    {
        var status = new TaskCompletionSource<int>(TaskCreationOptions.RunContinuationsAsynchronously);
        ICDPSession inspector = await page.Context.NewCDPSessionAsync(page);
        inspector.Event("Network.webSocketHandshakeResponseReceived").OnEvent += (_, what) =>
            status.TrySetResult(what!.Value.GetProperty("response").GetProperty("status").GetInt32());
        await inspector.SendAsync("Network.enable");
        return status.Task;
    }

    /// <summary>A gateway with a page, an echo, and a proxy whose back-end is another echo.</summary>
    private Task<GatewayProcess> StartAsync(string options = "")
    {
        string all = $"<accept-options>{options}</accept-options>";
        _files.Write("index.html", "<!doctype html><title>secure</title>");
        return _authority.StartAsync(
            GatewayProcess.Service("directory", "https://localhost:0/", $"<properties><directory>{new Uri(_files.Path)}</directory><welcome-file>index.html</welcome-file></properties>{all}")
            + GatewayProcess.Service("echo", "wss://localhost:0/echo", all)
            + GatewayProcess.Service("echo", "pipe://back-end")
            + GatewayProcess.Service("proxy", "wss://localhost:0/relay", $"<connect>pipe://back-end</connect>{all}"));
    }
}
