using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Tidegate.Engine.Tls;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Tls;

/// <summary>A gateway in this process whose configuration is XML beside its keystore, as users have it.</summary>
internal sealed class SecureGateway : IAsyncDisposable
{
    private readonly ScratchDirectory _directory = new();
    private readonly TestAuthority _authority;
    private readonly bool _ownsAuthority;
    private GatewayServer? _server;

    private SecureGateway(TestAuthority? authority)
    {
        _authority = authority ?? new TestAuthority();
        _ownsAuthority = authority is null;
    }

    internal TestAuthority Authority => _authority;

    internal LogLines Log { get; } = new();

    internal HeldTimers Time { get; } = new();

    internal GatewayServer Server => _server!;

    internal string Keystore => Path.Combine(_directory.Path, "keystore.pem");

    /// <summary>Starts a gateway with these services.</summary>
    /// <param name="services">The service elements.</param>
    /// <param name="keystore">What makes the content of the keystore; a certificate for localhost and 127.0.0.1 if not said.</param>
    /// <param name="library">What speaks TLS on its side.</param>
    internal static async Task<SecureGateway> StartAsync(
        string services, Func<TestAuthority, string>? keystore = null, TlsLibrary library = TlsLibrary.OpenSsl)
    {
        var gateway = new SecureGateway(null);
        try
        {
            gateway.WriteKeystore((keystore ?? (authority => authority.Keystore("localhost", "127.0.0.1")))(gateway.Authority));
            File.WriteAllText(Path.Combine(gateway._directory.Path, "truststore.pem"), gateway.Authority.Pem);
            File.WriteAllText(Path.Combine(gateway._directory.Path, "page.txt"), "a page");
            string security = "<security><keystore><file>keystore.pem</file></keystore><truststore><file>truststore.pem</file></truststore></security>";
            string file = Path.Combine(gateway._directory.Path, "g.xml");
            GatewayConfiguration configuration = ConfigurationReader.Parse(
                $"<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">{security}\n{services}</gateway-config>", file);
            Assert.Empty(configuration.Unserved);
            using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.SetMinimumLevel(LogLevel.Trace).AddProvider(gateway.Log));
            gateway._server = await GatewayServer.StartAsync(
                configuration, new GatewayServerOptions { WebDirectory = gateway._directory.Path, Loops = 2, TimeProvider = gateway.Time, TlsLibrary = library }, loggers, CancellationToken.None);
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>The message that keeps a gateway with these services from starting, without its directory.</summary>
    internal static async Task<string> RefusalAsync(
        string services, Func<TestAuthority, string>? keystore = null, TlsLibrary library = TlsLibrary.OpenSsl)
    {
        var exception = await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(services, keystore, library));
        return System.Text.RegularExpressions.Regex.Replace(exception.Message, @"/\S*/tidegate-test-\w+/", "");
    }

    internal static string Service(string name, string type, string accept, string rest = "") =>
        $"<service><name>{name}</name><accept>{accept}</accept><type>{type}</type>{rest}</service>\n";

    internal int PortOf(string scheme) => _server!.Served.First(served => served.Uri.Scheme.Name == scheme).Port;

    internal void WriteKeystore(string content) => File.WriteAllText(Keystore, content);

    /// <summary>TLS with the gateway, by a client that trusts its authority.</summary>
    internal async Task<SslStream> ConnectAsync(int port, string host = "localhost", X509Certificate2? certificate = null, Action<SslClientAuthenticationOptions>? change = null)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 20_000, SendTimeout = 20_000 };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        SslClientAuthenticationOptions options = ClientOptions(host, certificate);
        change?.Invoke(options);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        await tls.AuthenticateAsClientAsync(options, timeout.Token);
        return tls;
    }

    internal SslClientAuthenticationOptions ClientOptions(string host, X509Certificate2? certificate = null) => new()
    {
        TargetHost = host,
        ClientCertificates = certificate is null ? [] : [certificate],
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { Authority.Certificate },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (_ownsAuthority)
        {
            _authority.Dispose();
        }

        _directory.Dispose();
    }
}

/// <summary>Log lines with their levels.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    internal IEnumerable<string> All => _lines;

    internal IEnumerable<string> Warnings => _lines.Where(line => line.StartsWith("Warning ", StringComparison.Ordinal));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel} {formatter(state, exception)}");

    public void Dispose()
    {
    }
}

/// <summary>The system's time, but timers fire when a test says so.</summary>
internal sealed class HeldTimers : TimeProvider
{
    private readonly ConcurrentBag<(TimerCallback Callback, object? State)> _timers = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        _timers.Add((callback, state));
        return new HeldTimer();
    }

    internal void Fire()
    {
        foreach ((TimerCallback callback, object? state) in _timers)
        {
            callback(state);
        }
    }

    private sealed class HeldTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
