using Microsoft.Playwright;

namespace Tidegate.EndToEnd.Tests.Browser;

public sealed class WelcomePageTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    // Opens a WebSocket from a page and says what becomes of it.
    private const string OpenWebSocket = """
        address => new Promise(resolve => {
            const socket = new WebSocket(address);
            socket.onopen = () => resolve('open');
            socket.onclose = event => resolve(`closed ${event.code}`);
        })
        """;

    private static readonly PageWaitForFunctionOptions s_patience = new() { Timeout = (float)Patience.Normal.TotalMilliseconds };

    [Fact]
    public async Task What_one_types_on_the_welcome_page_comes_back()
    {
        IPage page = await browser.OpenAsync(browser.WelcomePage);
        await Text(page, "status", "Connected");
        Assert.Equal(browser.Echo.ToString(), await page.GetByTestId("address").TextContentAsync());

        await page.GetByTestId("message").FillAsync("Grüße, 潮 🌊");
        await page.GetByTestId("send").ClickAsync();

        await Text(page, "count", "1");
        Assert.Contains("Grüße, 潮 🌊", await page.GetByTestId("log").TextContentAsync(), StringComparison.Ordinal);
        Assert.Matches(@"^\d+(\.\d+)? ms$", await page.GetByTestId("last").TextContentAsync());

        await page.GetByTestId("message").PressAsync("Enter");
        await Text(page, "count", "2");
    }

    [Fact]
    public async Task One_can_disconnect_and_connect_again()
    {
        IPage page = await browser.OpenAsync(browser.WelcomePage);
        await Text(page, "status", "Connected");

        await page.GetByTestId("connection").ClickAsync();
        await Text(page, "status", "Disconnected");
        Assert.True(await page.GetByTestId("send").IsDisabledAsync());

        await page.GetByTestId("connection").ClickAsync();
        await Text(page, "status", "Connected");
    }

    [Fact]
    public async Task The_welcome_page_loads_without_an_error_of_its_own()
    {
        var messages = new List<string>();
        IPage page = await browser.OpenAsync(new Uri("about:blank"));
        page.Console += (_, message) => messages.Add(message.Text);
        page.PageError += (_, error) => messages.Add(error);
        page.RequestFailed += (_, request) => messages.Add(request.Url);
        page.Response += (_, response) => messages.AddRange(response.Ok ? [] : [$"{response.Status} {response.Url}"]);

        await page.GotoAsync(browser.WelcomePage.ToString());
        await Text(page, "status", "Connected");

        Assert.Empty(messages);
    }

    [Fact]
    public async Task A_page_of_another_origin_may_not_open_a_web_socket()
    {
        await using var other = new PageServer();
        IPage page = await browser.OpenAsync(other.Address);
        var refused = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        page.Console += (_, message) => refused.TrySetResult(message.Text);

        Assert.Equal("closed 1006", await page.EvaluateAsync<string>(OpenWebSocket, browser.Echo.ToString()));

        Assert.Contains("Unexpected response code: 403", await refused.Task.WaitAsync(Patience.Normal), StringComparison.Ordinal);
        IPage own = await browser.OpenAsync(browser.WelcomePage);
        Assert.Equal("open", await own.EvaluateAsync<string>(OpenWebSocket, browser.Echo.ToString()));
    }

    [Fact]
    public async Task The_page_is_told_when_the_gateway_stops()
    {
        await using var gateway = ChildProcess.Start(
            "dotnet",
            [Repository.Program, "start", "--config", Path.Combine(Repository.Root, "conf", "gateway-config.xml"), "-Dgateway.port=0"],
            GatewayProcess.Variables);
        await gateway.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
        IPage page = await browser.OpenAsync(GatewayProcess.Served(gateway.Output, "http://localhost:0/"));
        await Text(page, "status", "Connected");

        gateway.Signal("TERM");

        await Text(page, "status", "Disconnected (1001: the gateway is stopping)");
        Assert.Equal(0, await gateway.WaitForExitAsync());
    }

    /// <summary>Waits until an element has this text.</summary>
    private static async Task Text(IPage page, string testId, string text) => await page.WaitForFunctionAsync(
        "([id, text]) => document.querySelector(`[data-testid=${id}]`).textContent === text", new[] { testId, text }, s_patience);
}
