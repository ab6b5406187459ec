using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Directory;
using Tidegate.Gateway.Services.Echo;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>Services that share one port of a running gateway.</summary>
public sealed class RoutingTests : IDisposable
{
    private readonly ScratchDirectory _web = new();
    private readonly WarningLog _log = new();

    public void Dispose()
    {
        _web.Dispose();
        _log.Dispose();
    }

    [Fact]
    public async Task Services_on_one_port_are_told_apart_by_host_and_by_path()
    {
        await using GatewayServer gateway = await StartAsync(
            Files("red", "http://red.example:0/"), Files("blue", "http://blue.example:0/"), Files("green", "http://blue.example:0/deep/er"),
            Echo("once", "ws://red.example:0/echo", 1), Echo("twice", "ws://blue.example:0/echo", 2));
        int port = Assert.Single(gateway.Served.Select(served => served.Port).Distinct());

        Assert.Equal("200 red", await GetAsync(port, $"red.example:{port}", "/"));
        Assert.Equal("200 blue", await GetAsync(port, $"BLUE.example:{port}", "/"));
        Assert.Equal("200 green", await GetAsync(port, $"blue.example:{port}", "/deep/er/"));
        Assert.Equal("404 ", await GetAsync(port, $"blue.example:{port}", "/deep/eraser"));
        Assert.Equal("404 ", await GetAsync(port, $"green.example:{port}", "/"));
        Assert.Equal("a", await EchoedAsync(port, $"red.example:{port}", 1));
        Assert.Equal("aa", await EchoedAsync(port, $"blue.example:{port}", 2));
    }

    [Fact]
    public async Task Default_ports_are_added_where_a_bind_option_leads_them_elsewhere()
    {
        await using GatewayServer gateway = await StartAsync(Files("red", "http://red.example/"));
        int port = gateway.Served[0].BoundTo.Single().Port;

        Assert.Equal("200 red", await GetAsync(port, "red.example", "/"));
        Assert.Equal("200 red", await GetAsync(port, "red.example:80", "/"));
        Assert.Equal("404 ", await GetAsync(port, $"red.example:{port}", "/"));
    }

    [Fact]
    public async Task A_host_that_nobody_serves_is_named_once_with_those_that_are()
    {
        await using GatewayServer gateway = await StartAsync(Files("red", "http://red.example:0/"), Echo("once", "ws://blue.example:0/echo", 1));
        int port = gateway.Served[0].Port;

        Assert.Equal("404 ", await GetAsync(port, $"red.example:{port}", "/missing"));
        Assert.Empty(_log.Warnings);
        Assert.Equal("404 ", await GetAsync(port, "green.example", "/"));
        Assert.Equal("404 ", await GetAsync(port, "yellow.example", "/"));

        Assert.Equal(
            $"A client asked for \"green.example\" at port {port}, where no service accepts that host: it got 404, and so will others, without a word here. " +
            $"Hosts served there: red.example:{port}, blue.example:{port}",
            Assert.Single(_log.Warnings));
    }

    [Fact]
    public async Task Paths_of_the_gateway_itself_reach_no_service()
    {
        await File.WriteAllTextAsync(Path.Combine(_web.Path, "clientaccesspolicy.xml"), "mine");
        await using GatewayServer gateway = await StartAsync(Files("red", "http://red.example:0/"));
        int port = gateway.Served[0].Port;

        foreach (string path in (string[])["/clientaccesspolicy.xml", "/;resource/xs", "/%3Bresource/xs", "/?.kr=xs"])
        {
            Assert.Equal("404 ", await GetAsync(port, $"red.example:{port}", path));
        }

        Assert.Equal("200 red", await GetAsync(port, $"red.example:{port}", "/?kr=xs"));
    }

    [Fact]
    public async Task Two_services_at_one_place_keep_the_gateway_from_starting_and_both_lines_are_named()
    {
        GatewayStartException error = await Assert.ThrowsAsync<GatewayStartException>(
            () => StartAsync(Echo("one", "ws://localhost:0/echo", 1), Echo("two", "ws://127.0.0.1:0/echo", 1)));

        Assert.StartsWith("test.xml:2:1: service \"two\": ws://127.0.0.1:0/echo is served already at 127.0.0.1:", error.Message, StringComparison.Ordinal);
        Assert.EndsWith(
            " by ws://localhost:0/echo of service \"one\" (test.xml:1:1). Give one of the two another host, path or port.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_beside_all_addresses_of_the_same_port_is_an_error_that_names_both_lines()
    {
        using var free = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        free.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        int port = ((IPEndPoint)free.LocalEndPoint!).Port;
        free.Dispose();
        string one = string.Create(CultureInfo.InvariantCulture, $"ws://0.0.0.0:{port}/one");
        string two = string.Create(CultureInfo.InvariantCulture, $"ws://127.0.0.1:{port}/two");

        GatewayStartException error = await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(
            Echo("one", one, 1) with { AcceptOptions = new AcceptOptions() }, Echo("two", two, 1) with { AcceptOptions = new AcceptOptions() }));

        Assert.Contains("test.xml:2:1: service \"two\": Unable to bind ", error.Message, StringComparison.Ordinal);
        Assert.Contains($"0.0.0.0:{port} is bound for {one} of service \"one\" (test.xml:1:1)", error.Message, StringComparison.Ordinal);
    }

    private Task<GatewayServer> StartAsync(params ServiceConfiguration[] services)
    {
        ImmutableArray<ServiceConfiguration> placed =
        [
            .. services.Select((service, index) => service with
            {
                Accepts = [service.Accepts[0] with { Position = new SourcePosition("test.xml", index + 1, 1) }],
            }),
        ];
        return GatewayServer.StartAsync(
            new GatewayConfiguration("test.xml", placed, []), new GatewayServerOptions { WebDirectory = _web.Path, Loops = 2 },
            LoggerFactory.Create(logging => logging.AddProvider(_log)), CancellationToken.None);
    }

    /// <summary>A directory with a page of its own name.</summary>
    private ServiceConfiguration Files(string name, string accept)
    {
        File.WriteAllText(Path.Combine(_web.Path, name + ".html"), name);
        return Service(name, "directory", accept, new DirectoryOptions { Directory = new Uri(_web.Path).AbsoluteUri, WelcomeFile = name + ".html" });
    }

    private static ServiceConfiguration Echo(string name, string accept, int repeat) => Service(name, "echo", accept, new EchoOptions { Repeat = repeat });

    private static ServiceConfiguration Service(string name, string type, string accept, ServiceOptions options)
    {
        var nowhere = new SourcePosition("test.xml", 1, 1);
        return new ServiceConfiguration
        {
            Name = name,
            Type = type,
            Accepts = [new ServiceAddress(GatewayUri.Parse(accept, UriUse.Accept), nowhere)],
            // The names mean nothing to a resolver; and all share one port.
            AcceptOptions = accept.Contains(".example", StringComparison.Ordinal)
                ? new AcceptOptions { Binds = ImmutableDictionary<string, BindAddress>.Empty.Add("tcp", new BindAddress(new HostAddress(IPAddress.Loopback), 0)) }
                : new AcceptOptions(),
            ConnectOptions = new ConnectOptions(),
            Options = options,
            Position = nowhere,
        };
    }

    private static async Task<string> GetAsync(int port, string host, string path)
    {
        using RawClient client = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        string head = await client.ReadHeadAsync();
        string body = System.Text.Encoding.Latin1.GetString(await client.ReadToEndAsync());
        string status = head.Split(' ')[1];
        return $"{status} {(status == "200" ? body : "")}";
    }

    private static async Task<string> EchoedAsync(int port, string host, int count)
    {
        using RawClient client = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        await client.SendAsync(RawClient.Handshake(port).Replace($"127.0.0.1:{port}", host, StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.SendAsync(RawClient.Frame(1, "a"u8));
        await client.SendAsync(RawClient.Frame(8, [0x03, 0xe8]));
        // Each frame is three bytes; the close frame that follows ends them.
        byte[] frames = await client.ReadAsync((3 * count) + 2);
        Assert.Equal(0x88, frames[3 * count]);
        return string.Concat(Enumerable.Range(0, count).Select(i => (char)frames[(3 * i) + 2]));
    }

    /// <summary>Keeps what the gateway warns of.</summary>
    private sealed class WarningLog : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _warnings = new();

        internal string[] Warnings => [.. _warnings];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
            {
                _warnings.Enqueue(formatter(state, exception));
            }
        }

        public void Dispose()
        {
        }
    }
}
