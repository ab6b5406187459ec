using Microsoft.Playwright;

namespace Tidegate.EndToEnd.Tests.Tls;

/// <summary>Debian's Chromium with a home of its own, in which it may have been told to trust a self-made authority.</summary>
internal sealed class TrustingBrowser : IAsyncDisposable
{
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private TrustingBrowser(IPlaywright playwright, IBrowser browser)
    {
        _playwright = playwright;
        _browser = browser;
    }

    /// <summary>Starts one.</summary>
    /// <param name="authority">The authority.</param>
    /// <param name="trusting">Whether it is told of the authority.</param>
    /// <param name="arguments">Further arguments of Chromium.</param>
    internal static async Task<TrustingBrowser> LaunchAsync(SelfMadeAuthority authority, bool trusting = true, params string[] arguments)
    {
        string home = Directory.CreateDirectory(Path.Combine(authority.Directory, Guid.NewGuid().ToString("N"))).FullName;
        string store = Path.Combine(home, ".pki", "nssdb");
        Directory.CreateDirectory(store);
        if (trusting)
        {
            ChildProcess create = await ChildProcess.RunAsync("certutil", "-d", $"sql:{store}", "-N", "--empty-password");
            Assert.True(create.ExitCode == 0, create.Transcript);
            ChildProcess trust = await ChildProcess.RunAsync("certutil", "-d", $"sql:{store}", "-A", "-t", "C,,", "-n", "authority", "-i", authority.File);
            Assert.True(trust.ExitCode == 0, trust.Transcript);
        }

        Dictionary<string, string> environment = Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>()
            .ToDictionary(entry => (string)entry.Key, entry => (string)entry.Value!);
        environment["HOME"] = home;
        Environment.SetEnvironmentVariable("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        IPlaywright playwright = await Playwright.CreateAsync();
        try
        {
            IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
            {
                ExecutablePath = "/usr/bin/chromium",
                Timeout = (float)Patience.Long.TotalMilliseconds,
                Env = environment,
                Args =
                [
                    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                    "--disable-component-update", "--disable-sync", .. arguments,
                ],
            });
            return new TrustingBrowser(playwright, browser);
        }
        catch
        {
            playwright.Dispose();
            throw;
        }
    }

    /// <summary>An empty page.</summary>
    internal async Task<IPage> NewPageAsync()
    {
        IBrowserContext context = await _browser.NewContextAsync();
        context.SetDefaultTimeout((float)Patience.Long.TotalMilliseconds);
        return await context.NewPageAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        _playwright.Dispose();
    }
}
