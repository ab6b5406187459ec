using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Directory;
using Tidegate.Gateway.Services.Echo;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Tests;

/// <summary>A gateway in this process, on free ports of the loopback address.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    private readonly GatewayServer _server;
    private readonly string _web;

    private readonly ScratchDirectory _own;

    private RunningGateway(GatewayServer server, string web, int port, Carrier carrier, ScratchDirectory own)
    {
        _server = server;
        _web = web;
        _own = own;
        Port = port;
        Carrier = carrier;
    }

    /// <summary>How clients are to ask.</summary>
    internal Carrier Carrier { get; }

    /// <summary>Such as <c>http://127.0.0.1:8000</c>.</summary>
    internal string Origin => $"{Carrier.Scheme}://127.0.0.1:{Port}";

    /// <summary>Port of /echo, /relay, /events and of the files at /.</summary>
    internal int Port { get; }

    /// <summary>The directory whose files are served.</summary>
    internal string Web => _web;

    internal GatewayServer Server => _server;

    internal IPEndPoint EndPoint => new(IPAddress.Loopback, Port);

    internal static async Task<RunningGateway> StartAsync(
        int backEndPort = 1, AcceptOptions? accept = null, ProxyOptions? proxy = null, ILoggerFactory? loggers = null, Dictionary<string, byte[]>? files = null,
        ImmutableArray<CrossSiteConstraint>? constraints = null, Func<DirectoryOptions, DirectoryOptions>? directory = null, ImmutableDictionary<string, string>? mimeTypes = null,
        AcceptOptions? acceptFiles = null, string? keystore = null, TimeProvider? time = null, EchoOptions? echo = null,
        string echoPath = "/echo", RealmConfiguration? realm = null, ImmutableArray<string>? roles = null, Carrier? carrier = null,
        ImmutableArray<RealmConfiguration>? chain = null)
    {
        var own = new ScratchDirectory();
        carrier ??= Carrier.Plain;
        if (carrier.Store is { } store)
        {
            keystore = Path.Combine(own.Path, "store.pem");
            await File.WriteAllTextAsync(keystore, store);
        }

        string web = Directory.CreateTempSubdirectory("tidegate-web").FullName;
        File.WriteAllText(Path.Combine(web, "index.html"), "<!doctype html><title>files</title>");
        foreach ((string name, byte[] content) in files ?? [])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(web, name))!);
            File.WriteAllBytes(Path.Combine(web, name), content);
        }

        var nowhere = new SourcePosition("test.xml", 1, 1);
        ServiceConfiguration Service(string name, string type, string uri, ServiceOptions options, string? connect = null) => new()
        {
            Name = name,
            Type = type,
            Accepts = [new ServiceAddress(GatewayUri.Parse(uri, UriUse.Accept), nowhere)],
            Connects = connect is null ? [] : [new ServiceAddress(GatewayUri.Parse(connect, UriUse.Connect), nowhere)],
            AcceptOptions = ((type == "directory" ? acceptFiles : null) ?? accept ?? new AcceptOptions()) with { HttpRealms = [.. (chain ?? []).Select(one => one.Name)] },
            ConnectOptions = new ConnectOptions(),
            Options = options,
            CrossSiteConstraints = constraints ?? [],
            RealmName = realm?.Name,
            RequiredRoles = realm is null && chain is null ? [] : roles ?? ["*"],
            MimeTypes = mimeTypes ?? ImmutableDictionary<string, string>.Empty,
            Position = nowhere,
        };

        var served = new DirectoryOptions { Directory = new Uri(web).AbsoluteUri, WelcomeFile = "index.html" };
        string secure = keystore is null ? string.Empty : "s";
        var configuration = new GatewayConfiguration(
            "test.xml",
            [
                Service("files", "directory", $"http{secure}://127.0.0.1:0/", directory?.Invoke(served) ?? served),
                Service("echo", "echo", $"ws{secure}://127.0.0.1:0{echoPath}", echo ?? new EchoOptions()),
                Service("relay", "proxy", $"ws{secure}://127.0.0.1:0/relay", proxy ?? new ProxyOptions(), $"tcp://127.0.0.1:{backEndPort}"),
                Service("events", "proxy", $"sse{(keystore is null ? string.Empty : "+ssl")}://127.0.0.1:0/events", proxy ?? new ProxyOptions(), $"tcp://127.0.0.1:{backEndPort}"),
            ],
            [])
        {
            Security = new() { Realms = chain ?? (realm is null ? [] : [realm]), Keystore = keystore is null ? null : new StoreConfiguration { File = keystore, Position = nowhere } },
        };
        var server = await GatewayServer.StartAsync(
            configuration, new GatewayServerOptions { WebDirectory = web, Loops = 2, TimeProvider = time ?? TimeProvider.System }, loggers ?? NullLoggerFactory.Instance, CancellationToken.None);
        // All of them asked for any free port of one address, so they share one.
        return new RunningGateway(server, web, server.Served[0].Port, carrier, own);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_web, recursive: true);
        _own.Dispose();
    }
}
