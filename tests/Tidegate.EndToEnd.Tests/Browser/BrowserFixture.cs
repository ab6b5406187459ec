using Microsoft.Playwright;

namespace Tidegate.EndToEnd.Tests.Browser;

/// <summary>Debian's Chromium, and a gateway with the default configuration.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    internal ChildProcess Gateway { get; private set; } = null!;

    internal Uri WelcomePage => GatewayProcess.Served(Gateway.Output, "http://localhost:0/");

    internal Uri Echo => GatewayProcess.Served(Gateway.Output, "ws://localhost:0/echo");

    public async Task InitializeAsync()
    {
        string configuration = Path.Combine(Repository.Root, "conf", "gateway-config.xml");
        Gateway = ChildProcess.Start("dotnet", [Repository.Program, "start", "--config", configuration, "-Dgateway.port=0"], GatewayProcess.Variables);
        await Gateway.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));

        // The browser is the one that is installed.
        Environment.SetEnvironmentVariable("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = "/usr/bin/chromium",
            Timeout = (float)Patience.Long.TotalMilliseconds,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
    }

    /// <summary>A page in a browser context of its own, at this address.</summary>
    internal async Task<IPage> OpenAsync(Uri address, ColorScheme colors = ColorScheme.Light)
    {
        IBrowserContext context = await _browser!.NewContextAsync(new BrowserNewContextOptions { ColorScheme = colors });
        context.SetDefaultTimeout((float)Patience.Normal.TotalMilliseconds);
        IPage page = await context.NewPageAsync();
        await page.GotoAsync(address.ToString());
        return page;
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.CloseAsync();
        }

        _playwright?.Dispose();
        await Gateway.DisposeAsync();
    }
}
