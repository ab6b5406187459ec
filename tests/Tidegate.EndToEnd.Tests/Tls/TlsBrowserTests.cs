using Microsoft.Playwright;

namespace Tidegate.EndToEnd.Tests.Tls;

/// <summary>Chromium that trusts an authority of one's own, as the operators of an intranet set it up.</summary>
public sealed class TlsBrowserTests : IDisposable
{
    private readonly SelfMadeAuthority _authority = new();

    [Fact]
    public async Task A_page_over_https_talks_over_wss_to_the_same_port()
    {
        using var files = new ScratchDirectory();
        files.Write("index.html", "<!doctype html><title>secure</title>");
        await using GatewayProcess gateway = await _authority.StartAsync(
            GatewayProcess.Service("directory", "https://localhost:0/", $"<properties><directory>{new Uri(files.Path)}</directory><welcome-file>index.html</welcome-file></properties>")
            + GatewayProcess.Service("echo", "wss://localhost:0/echo"));
        using IPlaywright playwright = await StartPlaywrightAsync();
        await using IBrowser browser = await LaunchAsync(playwright, trusting: true);
        IPage page = await browser.NewPageAsync();
        await page.GotoAsync(gateway.Served("https://localhost:0/").ToString());
        Assert.Equal("secure", await page.TitleAsync());
        Assert.True(await page.EvaluateAsync<bool>("isSecureContext"));
        string answer = await page.EvaluateAsync<string>(
            """
            address => new Promise((resolve, reject) => {
                const socket = new WebSocket(address);
                const sent = 'Grüße, 潮 🌊'.repeat(5000);
                socket.onopen = () => socket.send(sent);
                socket.onmessage = event => { socket.close(1000); resolve(event.data === sent ? 'the same' : 'another'); };
                socket.onerror = () => reject(new Error('refused'));
            })
            """,
            gateway.Served("wss://localhost:0/echo").ToString());
        Assert.Equal("the same", answer);
    }

    [Fact]
    public async Task A_browser_that_was_not_told_of_the_authority_refuses_its_certificate()
    {
        await using GatewayProcess gateway = await _authority.StartAsync(GatewayProcess.Service("echo", "wss://localhost:0/echo"));
        using IPlaywright playwright = await StartPlaywrightAsync();
        await using IBrowser browser = await LaunchAsync(playwright, trusting: false);
        IPage page = await browser.NewPageAsync();
        string address = gateway.Served("wss://localhost:0/echo").ToString().Replace("wss:", "https:", StringComparison.Ordinal);
        PlaywrightException refusal = await Assert.ThrowsAsync<PlaywrightException>(() => page.GotoAsync(address));
        Assert.Contains("ERR_CERT_AUTHORITY_INVALID", refusal.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _authority.Dispose();

    private static Task<IPlaywright> StartPlaywrightAsync()
    {
        Environment.SetEnvironmentVariable("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        return Playwright.CreateAsync();
    }

    private async Task<IBrowser> LaunchAsync(IPlaywright playwright, bool trusting)
    {
        string home = Path.Combine(_authority.Directory, trusting ? "trusting" : "strange");
        string store = Path.Combine(home, ".pki", "nssdb");
        Directory.CreateDirectory(store);
        if (trusting)
        {
            ChildProcess create = await ChildProcess.RunAsync("certutil", "-d", $"sql:{store}", "-N", "--empty-password");
            Assert.True(create.ExitCode == 0, create.Transcript);
            ChildProcess trust = await ChildProcess.RunAsync("certutil", "-d", $"sql:{store}", "-A", "-t", "C,,", "-n", "authority", "-i", _authority.File);
            Assert.True(trust.ExitCode == 0, trust.Transcript);
        }

        Dictionary<string, string> environment = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string)entry.Value!);
        environment["HOME"] = home;
        return await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Timeout = (float)Patience.Long.TotalMilliseconds,
            Env = environment,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
    }
}
