using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>
/// A gateway whose configuration is XML as users have it: realms of every scheme, and behind each a proxy for WebSocket clients, one for clients of
/// events and a directory of files, plainly and over TLS. What comes to the back-end is counted.
/// </summary>
internal sealed class GuardedGateway : IAsyncDisposable
{
    /// <summary>The schemes; a service's paths begin with one, in lower case and without its space.</summary>
    internal static readonly string[] Schemes = ["Basic", "Application Basic", "Bearer", "Application Token"];

    /// <summary>What is wanted of clients, by the second part of a path.</summary>
    internal static readonly (string Path, string[] Roles)[] Wanted =
        [("anyone", ["*"]), ("both", ["ADMINISTRATOR", "AUTHORIZED"]), ("joe", ["joe"])];

    private const string SecureHost = "127.0.0.2";

    internal const string Secret = "what-is-in-the-file";

    private readonly ScratchDirectory _directory = new();
    private readonly TcpListener _backEnd = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly List<Socket> _accepted = [];
    private GatewayServer? _server;
    private Task? _accepting;
    private int _connections;

    internal CollectedLog Log { get; } = new();

    /// <summary>Stands still, so that failures are forgotten when a test says so.</summary>
    internal StandingTime Time { get; } = new();

    internal TokenIssuer? Issuer { get; private set; }

    internal GatewayServer Server => _server!;

    internal IPEndPoint Plain => new(IPAddress.Loopback, PortOf("ws", "http"));

    // One place speaks TLS or does not, and any free port of an address is one place.
    internal IPEndPoint Secure => new(IPAddress.Parse(SecureHost), PortOf("wss", "https"));

    /// <summary>How many connections have come to the back-end.</summary>
    internal int Connections => Volatile.Read(ref _connections);

    /// <summary>Starts one.</summary>
    /// <param name="services">Service elements beside the usual ones; BACKEND is the back-end's address.</param>
    /// <param name="usual">Whether the usual ones are there.</param>
    /// <param name="more">More elements for the <c>authentication</c> of each realm.</param>
    internal static async Task<GuardedGateway> StartAsync(string services = "", bool usual = true, string more = "")
    {
        var gateway = new GuardedGateway();
        try
        {
            await gateway.BeginAsync(services, usual, more);
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>The path of a service of a scheme.</summary>
    internal static string PathOf(string scheme, string wanted) => $"/{scheme.Replace(" ", "", StringComparison.Ordinal).ToLowerInvariant()}/{wanted}";

    /// <summary>Waits until as many have come to the back-end, and no more.</summary>
    internal async Task ExpectConnectionsAsync(int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (Connections < count)
        {
            Assert.False(patience.IsCancellationRequested, $"{Connections} of {count} came to the back-end");
            await Task.Delay(10, CancellationToken.None);
        }

        Assert.Equal(count, Connections);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        await _ending.CancelAsync();
        if (_accepting is not null)
        {
            await _accepting;
        }

        _backEnd.Dispose();
        _accepted.ForEach(socket => socket.Dispose());
        Issuer?.Dispose();
        _ending.Dispose();
        _directory.Dispose();
    }

    private async Task BeginAsync(string services, bool usual, string more)
    {
        _backEnd.Start();
        _accepting = AcceptAsync();
        Issuer = new TokenIssuer(_directory.Path);
        Directory.CreateDirectory(Path.Combine(_directory.Path, "files", "private"));
        _directory.Write("files/page.txt", Secret);
        _directory.Write("files/private/page.txt", Secret);
        _directory.Write("keystore.pem", Carrier.Tls.Store!);
        _directory.Write("jaas-config.xml", $"<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\">{UsersFile.Demo}</jaas-config>");
        string realms = string.Concat(Schemes.Select(scheme => Realm(scheme, more)));
        string all = (usual ? string.Concat(Schemes.SelectMany(scheme => Wanted.Select(wanted => Services(scheme, wanted.Path, wanted.Roles)))) : "")
            + services.Replace("BACKEND", $"tcp://{_backEnd.LocalEndpoint}", StringComparison.Ordinal).Replace("FILES", FilesUri, StringComparison.Ordinal);
        GatewayConfiguration configuration = ConfigurationReader.Parse(
            $"<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><security><keystore><file>keystore.pem</file></keystore>{realms}</security>\n{all}</gateway-config>",
            Path.Combine(_directory.Path, "gateway-config.xml"));
        Assert.Empty(configuration.Unserved);
        ILoggerFactory loggers = LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(Log));
        _server = await GatewayServer.StartAsync(
            configuration, new GatewayServerOptions { WebDirectory = _directory.Path, Loops = 2, TimeProvider = Time }, loggers, CancellationToken.None);
    }

    private string FilesUri => new Uri(Path.Combine(_directory.Path, "files")).AbsoluteUri;

    private static string Realm(string scheme, string more)
    {
        string module = scheme.EndsWith("Basic", StringComparison.Ordinal)
            ? "<type>file</type><success>required</success><options><file>jaas-config.xml</file></options>"
            : "<type>jwt</type><success>required</success><options><keys>keys.json</keys><issuer>https://login.example</issuer><audience>gateway</audience></options>";
        return $"<realm><name>{scheme}</name><description>The demo</description><authentication><http-challenge-scheme>{scheme}</http-challenge-scheme>{more}"
            + $"<login-modules><login-module>{module}</login-module></login-modules></authentication></realm>";
    }

    private string Services(string scheme, string wanted, string[] roles)
    {
        string path = PathOf(scheme, wanted);
        string protection = $"<realm-name>{scheme}</realm-name><authorization-constraint>{string.Concat(roles.Select(role => $"<require-role>{role}</require-role>"))}</authorization-constraint>";
        string Service(string name, string type, string accepts, string more) =>
            $"<service><name>{path}{name}</name>{string.Concat(accepts.Split(' ').Select(scheme => $"<accept>{scheme}://{(scheme is "ws" or "sse" or "http" ? "127.0.0.1" : SecureHost)}:0{path}{name}</accept>"))}{more}{protection}</service>"
                .Replace("TYPE", type, StringComparison.Ordinal);
        return Service("/ws", "proxy", "ws wss", $"<connect>tcp://{_backEnd.LocalEndpoint}</connect><type>TYPE</type>")
            + Service("/events", "proxy", "sse sse+ssl", $"<connect>tcp://{_backEnd.LocalEndpoint}</connect><type>TYPE</type>")
            + Service("/files", "directory", "http https", $"<type>TYPE</type><properties><directory>{FilesUri}</directory></properties>");
    }

    private int PortOf(params string[] schemes) => Server.Served.First(served => schemes.Contains(served.Uri.Scheme.Name)).Port;

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _accepted.Add(await _backEnd.AcceptSocketAsync(_ending.Token));
                Interlocked.Increment(ref _connections);
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }
}
