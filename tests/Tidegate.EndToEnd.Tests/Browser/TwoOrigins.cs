using System.Net;
using System.Net.Sockets;
using Microsoft.Playwright;
using Tidegate.EndToEnd.Tests.Tls;

namespace Tidegate.EndToEnd.Tests.Browser;

/// <summary>Chromium, the site of someone else, and a gateway with an echo and events for pages of that site: everything over http and https.</summary>
public sealed class TwoOrigins : IAsyncLifetime
{
    private const string Size = "<accept-options><ws.maximum.message.size>1M</ws.maximum.message.size></accept-options>";

    private readonly ScratchDirectory _files = new();
    // Says the same to everybody, and then nothing.
    private readonly TcpListener _events = new(IPAddress.Loopback, 0);
    private readonly List<Socket> _listening = [];
    private Task _telling = Task.CompletedTask;
    private TrustingBrowser _browser = null!;
    // Over http and over https.
    private GatewayProcess[] _sites = [];
    private GatewayProcess[] _gateways = [];

    internal SelfMadeAuthority Authority { get; } = new();

    public async Task InitializeAsync()
    {
        _events.Start();
        _telling = TellAsync();
        string connect = $"<connect>tcp://127.0.0.1:{((IPEndPoint)_events.LocalEndpoint).Port}</connect>";
        _files.Write("index.html", "<!doctype html><title>Another site</title><body>");
        string directory = $"<properties><directory>{new Uri(_files.Path)}</directory><welcome-file>index.html</welcome-file></properties>";
        string[] secure = ["", "s"];
        _sites = await Task.WhenAll(secure.Select(s => Authority.StartAsync(GatewayProcess.Service("directory", $"http{s}://localhost:0/", directory))));
        _gateways = await Task.WhenAll(secure.Select(s =>
        {
            string constraint = $"<cross-site-constraint><allow-origin>{OriginOf(Page(s == "s"))}</allow-origin></cross-site-constraint>";
            return Authority.StartAsync(
                GatewayProcess.Service("directory", $"http{s}://localhost:0/", directory + constraint)
                + GatewayProcess.Service("echo", $"ws{s}://localhost:0/echo", Size + constraint)
                // The same address under another name is another origin.
                + GatewayProcess.Service("balancer", $"ws{s}://localhost:0/balanced", constraint)
                + GatewayProcess.Service("echo", $"ws{s}://127.0.0.1:0/member", $"<balance>ws{s}://localhost:0/balanced</balance>{Size}{constraint}")
                + GatewayProcess.Service("proxy", Events(s, "localhost", "/news"), connect + constraint)
                + GatewayProcess.Service("balancer", Events(s, "localhost", "/balanced-news"), constraint)
                + GatewayProcess.Service("proxy", Events(s, "127.0.0.1", "/member-news"), $"{connect}<balance>{Events(s, "localhost", "/balanced-news")}</balance>{constraint}")
                + GatewayProcess.Service("echo", $"ws{s}://localhost:0/other"));
        }));
        _browser = await TrustingBrowser.LaunchAsync(Authority);
    }

    /// <summary>The page of the site.</summary>
    internal Uri Page(bool secure) => RootOf(_sites, secure);

    /// <summary>The gateway's origin.</summary>
    internal string Gateway(bool secure) => OriginOf(RootOf(_gateways, secure));

    /// <summary>As a browser writes it.</summary>
    internal static string OriginOf(Uri uri) => $"{uri.Scheme}://{uri.Authority}";

    /// <summary>Opens a page with the client of emulated WebSockets in it.</summary>
    /// <param name="address">The page.</param>
    /// <param name="browser">Another browser than the one for all tests.</param>
    internal async Task<IPage> OpenAsync(Uri address, TrustingBrowser? browser = null)
    {
        IPage page = await (browser ?? _browser).NewPageAsync();
        await page.GotoAsync(address.ToString());
        await page.AddScriptTagAsync(new() { Path = Path.Combine(Repository.Tests, "Browser", "emulated-socket.js") });
        return page;
    }

    private static string Events(string secure, string host, string path) => $"sse{(secure.Length > 0 ? "+ssl" : "")}://{host}:0{path}";

    private async Task TellAsync()
    {
        try
        {
            while (true)
            {
                Socket socket = await _events.AcceptSocketAsync();
                lock (_listening)
                {
                    _listening.Add(socket);
                }

                await socket.SendAsync("news"u8.ToArray());
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The end.
        }
    }

    public async Task DisposeAsync()
    {
        _events.Stop();
        await _telling;
        _listening.ForEach(socket => socket.Dispose());
        await _browser.DisposeAsync();
        foreach (GatewayProcess process in (GatewayProcess[])[.. _gateways, .. _sites])
        {
            await process.DisposeAsync();
        }

        Authority.Dispose();
        _files.Dispose();
    }

    private static Uri RootOf(GatewayProcess[] processes, bool secure) => processes[secure ? 1 : 0].Served(secure ? "https://localhost:0/" : "http://localhost:0/");
}
