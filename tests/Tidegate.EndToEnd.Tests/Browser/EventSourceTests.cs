using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Playwright;

namespace Tidegate.EndToEnd.Tests.Browser;

/// <summary>Events as a browser's own <c>EventSource</c> sees them, in a page of another origin.</summary>
public sealed class EventSourceTests(BrowserFixture browser) : IClassFixture<BrowserFixture>
{
    private const string Listen = """
        address => {
            window.received = [];
            window.opened = 0;
            window.failed = 0;
            window.source = new EventSource(address);
            window.source.onopen = () => window.opened++;
            window.source.onmessage = event => window.received.push(event.data);
            window.source.onerror = () => { if (window.source.readyState === EventSource.CLOSED) window.failed++; };
            window.source.addEventListener('injected', () => window.received.push('INJECTED'));
        }
        """;

    private static readonly PageWaitForFunctionOptions s_patience = new() { Timeout = (float)Patience.Long.TotalMilliseconds };

    [Fact]
    public async Task A_page_of_another_origin_receives_events_and_goes_on_where_it_was_when_the_network_breaks()
    {
        using var backEnd = new TcpListener(IPAddress.Loopback, 0);
        backEnd.Start();
        await using var site = new PageServer();
        await using GatewayProcess gateway = await StartAsync(((IPEndPoint)backEnd.LocalEndpoint).Port, site.Address.GetLeftPart(UriPartial.Authority));
        await using var network = new CuttableRelay(gateway.Served("sse://0.0.0.0:0/news").Port);
        IPage page = await browser.OpenAsync(site.Address);

        await page.EvaluateAsync(Listen, $"http://127.0.0.1:{network.Port}/news");
        using Socket server = await backEnd.AcceptSocketAsync(Patience.Token);
        await server.SendAsync(Encoding.UTF8.GetBytes("Grüße,\n潮 🌊\n\nevent: injected\ndata: x"), Patience.Token);
        await ReceivedAsync(page, "Grüße,\n潮 🌊\n\nevent: injected\ndata: x");

        network.Cut();
        await server.SendAsync("missed"u8.ToArray(), Patience.Token);
        await page.WaitForFunctionAsync("() => window.opened >= 2", null, s_patience);
        await server.SendAsync("|afterwards"u8.ToArray(), Patience.Token);

        await ReceivedAsync(page, "Grüße,\n潮 🌊\n\nevent: injected\ndata: xmissed|afterwards");
        Assert.False(backEnd.Pending());
    }

    [Fact]
    public async Task A_page_of_an_origin_that_is_not_let_in_receives_nothing()
    {
        using var backEnd = new TcpListener(IPAddress.Loopback, 0);
        backEnd.Start();
        await using var site = new PageServer();
        await using GatewayProcess gateway = await StartAsync(((IPEndPoint)backEnd.LocalEndpoint).Port, "http://friend.example:80");
        IPage page = await browser.OpenAsync(site.Address);

        await page.EvaluateAsync(Listen, $"http://127.0.0.1:{gateway.Served("sse://0.0.0.0:0/news").Port}/news");

        await page.WaitForFunctionAsync("() => window.failed === 1", null, s_patience);
        Assert.False(backEnd.Pending());
    }

    /// <summary>Waits until the page has received this and nothing else, in however many events.</summary>
    private static async Task ReceivedAsync(IPage page, string text) =>
        await page.WaitForFunctionAsync("text => window.received.join('') === text", text, s_patience);

    // Whatever the network between them is called, it is let in.
    private static Task<GatewayProcess> StartAsync(int backEnd, string origin) => GatewayProcess.StartAsync($"""
        <service>
          <name>news</name>
          <accept>sse://0.0.0.0:0/news</accept>
          <connect>tcp://127.0.0.1:{backEnd}</connect>
          <type>proxy</type>
          <accept-options><tcp.bind>127.0.0.1:0</tcp.bind></accept-options>
          <cross-site-constraint><allow-origin>{origin}</allow-origin></cross-site-constraint>
        </service>
        """);
}
