using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Tidegate.Engine;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Control;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway;

/// <summary>A running gateway: every service of a configuration.</summary>
public sealed partial class GatewayServer : IAsyncDisposable
{
    private readonly GatewayServerOptions _options;
    private readonly ILogger _logger;
    private readonly EventLoops _loops;
    private readonly PipeBoard _pipes;
    private readonly List<Service> _services = [];
    private readonly Dictionary<Service, ServiceContext> _contexts = [];
    private readonly BalanceMap _balances;
    private readonly ClusterSecrets _secrets = new();
    private readonly ClientProof _clients;
    private HttpServer? _http;
    private Listeners? _listeners;
    private GatewayTls? _tls;
    private Realms? _realms;
    private ClusterMember? _member;
    private OwnTargets? _targets;
    private OwnStatus? _status;
    private ControlSocket? _control;
    private ClusterKeyWatch? _keyWatch;
    private bool _stopped;
    private Task? _ending;

    private GatewayServer(GatewayServerOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _loops = EventLoops.Start(new EngineOptions { Loops = options.Loops ?? Environment.ProcessorCount, EventSource = options.EventSource });
        _pipes = new PipeBoard(_loops);
        _balances = new BalanceMap(options.TimeProvider);
        _clients = new ClientProof(_secrets, options.TimeProvider);
        foreach (var loop in _loops.All)
        {
            loop.UnhandledException += (_, exception) => LogDefect(exception);
        }
    }

    /// <summary>What is served, in the order of the configuration.</summary>
    public ImmutableArray<ServedAddress> Served => [.. _listeners?.Served ?? []];

    /// <summary>Where this gateway listens for the other members of its cluster; null for one on its own.</summary>
    public System.Net.IPEndPoint? ClusterEndPoint => _member?.EndPoint;

    /// <summary>How many sessions the services have that balancers may lead to.</summary>
    internal int BalancedSessions => _services.Sum(service => service.Sessions);

    /// <summary>At how many sockets of other members sessions can be reached from here, for tests.</summary>
    internal int KnownEntrances => _balances.Owners.Count;

    /// <summary>The services that run, for tests.</summary>
    internal IReadOnlyList<Service> Services => _services;

    /// <summary>The WebSockets that are emulated by requests.</summary>
    internal IReadOnlyList<Engine.Emulation.EmulatedSession> Emulated => _http?.Emulated.All ?? [];

    /// <summary>Starts every service, or none.</summary>
    /// <exception cref="ConfigurationException">The configuration asks for what this version cannot do, or for addresses that this machine does not have.</exception>
    /// <exception cref="GatewayStartException">A service cannot be started; the message names place and cure.</exception>
    public static async Task<GatewayServer> StartAsync(
        GatewayConfiguration configuration, GatewayServerOptions options, ILoggerFactory loggers, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(loggers);
        configuration = configuration.Servable(lenient: false);
        if (LocalAddresses.Check(configuration) is { IsEmpty: false } errors)
        {
            throw new ConfigurationException(errors);
        }

        PipeRings.Refuse(configuration);
        string[] keys = configuration.Cluster is { } cluster ? ClusterKeys.Read(cluster, options.ClusterKey) : [];
        long began = Stopwatch.GetTimestamp();
        var server = new GatewayServer(options, loggers.CreateLogger("tidegate.gateway"));
        try
        {
            server._secrets.Set(configuration.Cluster?.Name ?? "", keys);
            await server.StartServicesAsync(configuration, keys, loggers, cancellation).ConfigureAwait(false);
        }
        catch
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        server.LogStarted(Stopwatch.GetElapsedTime(began));
        return server;
    }

    /// <summary>Stops at once.</summary>
    public async ValueTask DisposeAsync()
    {
        _stopped = true;
        await _hurry.CancelAsync().ConfigureAwait(false);
        if (_control is not null)
        {
            await _control.DisposeAsync().ConfigureAwait(false);
        }

        _keyWatch?.Dispose();
        _targets?.Dispose();
        _status?.Dispose();
        if (_member is not null)
        {
            await _member.DisposeAsync().ConfigureAwait(false);
        }

        _listeners?.Dispose();
        foreach (Service service in _services)
        {
            await service.DisposeAsync().ConfigureAwait(false);
        }

        _http?.Relay?.Dispose();
        if (_http is not null)
        {
            using var now = new CancellationTokenSource();
            await now.CancelAsync().ConfigureAwait(false);
            await _http.StopAsync(now.Token).ConfigureAwait(false);
            await _http.DisposeAsync().ConfigureAwait(false);
        }

        _tls?.Dispose();
        _realms?.Dispose();
        _loops.Dispose();
    }

    private async Task StartServicesAsync(GatewayConfiguration configuration, string[] keys, ILoggerFactory loggers, CancellationToken cancellation)
    {
        _tls = new GatewayTls(configuration.Security, _options.TlsLibrary, _options.TimeProvider, loggers.CreateLogger("tidegate.tls"));
        _realms = new Realms(configuration.Security, _options.TimeProvider, loggers.CreateLogger("tidegate.security"), _options.PluginDirectory);
        await GatewayStartException.ForAllAsync(configuration.Services, async service =>
        {
            var context = new ServiceContext(_loops, loggers.CreateLogger($"tidegate.service.{service.Type}"), _options.WebDirectory, _tls, _pipes, _options.TimeProvider, _balances, _secrets, _clients) { RelaySilence = _options.RelaySilence };
            Service running = ServiceTypes.Find(service.Type)!.Create(service, context);
            _services.Add(running);
            _contexts.Add(running, context);
            running.Protection = _realms.For(service);
            running.Bounds = new Clients.SessionBounds(service, _options.TimeProvider, context.Logger);
            await running.StartAsync(cancellation).ConfigureAwait(false);
        }).ConfigureAwait(false);

        var limits = new HttpLimits();
        if (configuration.Services.Length > 0)
        {
            // One server parses for all ports, so the longest of the services' times is the bound.
            limits = limits with { KeepaliveTimeout = configuration.Services.Max(service => service.AcceptOptions.KeepaliveTimeout) };
        }

        _http = await HttpServer.StartAsync(limits, _clients, _balances.Owners, _options.TimeProvider, loggers, cancellation).ConfigureAwait(false);
        if (configuration.Cluster is not null)
        {
            _balances.Owners.Expect();
        }

        _listeners = new Listeners(_loops, _http, _tls, _pipes, _logger);
        await GatewayStartException.ForAllAsync(_services, service => _listeners.BindAsync(service, cancellation)).ConfigureAwait(false);

        await JoinAsync(configuration.Cluster, configuration.Services, keys, loggers.CreateLogger("tidegate.cluster"), cancellation).ConfigureAwait(false);
        if (_options.ConfigurationFile is { } file)
        {
            // Whoever is in a cluster by now is not to break off, but to be drained by who wants it to end: the others would take it for crashed.
            _control = await ControlSocket.OpenAsync(ControlPlaces.OfEnvironment(), file, Verbs(), loggers.CreateLogger("tidegate.control"), CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>What operators of this machine can ask this gateway.</summary>
    private ControlVerb[] Verbs() => [new MembersVerb(() => _member?.Observe()), new DrainVerb(RequestDrainAsync)];

    /// <summary>What is offered to balancers is bound by now. Without a cluster they are those of this gateway.</summary>
    private async Task JoinAsync(ClusterConfiguration? cluster, ImmutableArray<ServiceConfiguration> services, string[] keys, ILogger logger, CancellationToken cancellation)
    {
        if (cluster is null)
        {
            _http!.Relay = new SessionRelay(_loops, RelayTls(services), _clients, _balances.Departures, logger);
            _targets = new OwnTargets(
                _listeners!.Bound, ClusterAddresses.Preferred(LocalAddresses.All()), BalanceMap.Standalone,
                targets => _balances.Set(BalanceMap.Standalone, targets), _options.TimeProvider, logger);
            return;
        }

        _member = await ClusterMember.StartAsync(cluster, keys, _balances, _options.TimeProvider, logger, cancellation).ConfigureAwait(false);
        _clients.Self = _member.Name;
        _member.Share(_realms!.Used, _options.TimeProvider);
        if (cluster.KeyFile is { } file)
        {
            _keyWatch = new ClusterKeyWatch(cluster.Name, file, keys, ReplaceKeys, _options.TimeProvider, _options.KeyFileInterval, logger);
        }

        _http!.Relay = new SessionRelay(_loops, RelayTls(services), _clients, _balances.Departures, logger);
        ImmutableArray<SessionEntrance> entrances = SessionEntrance.Open(_listeners!.HttpSockets, _member.EndPoint.Address);
        _balances.Owners.Begin(entrances.Select(entrance => entrance.Tag));
        _member.Admit(entrances);
        _targets = new OwnTargets(_listeners.Bound, _member.EndPoint.Address, _member.Id, _member.Offer, _options.TimeProvider, logger);
        _status = new OwnStatus(_services, _member.Report, _options.TimeProvider);
    }

    /// <summary>What TLS is spoken with to other members; null where this gateway speaks it with no client.</summary>
    private TlsUse? RelayTls(IEnumerable<ServiceConfiguration> services) =>
        services.Where(service => service.AcceptOptions.Tls.Encryption).SelectMany(service => service.Accepts).FirstOrDefault(accept => accept.Uri.Scheme == UriScheme.Wss || accept.Uri.Scheme == UriScheme.SecureSse) is { } secure
            ? _tls!.ForConnect(secure, new TlsOptions())
            : null;

    private void ReplaceKeys(string cluster, string[] keys)
    {
        _member!.ReplaceKeys(keys);
        _secrets.Set(cluster, keys);
    }

    private void LogStarted(TimeSpan elapsed)
    {
        LogStarting();
        LogStartingServices();
        foreach (string address in _listeners!.Served.Select(served => served.ToString()).Order(StringComparer.Ordinal))
        {
            LogAddress(address);
        }

        LogStartedServices();
        LogStarted(elapsed.TotalSeconds, Clock());
    }

    private static string Clock() => DateTime.Now.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Information, Message = "Starting server")]
    private partial void LogStarting();

    [LoggerMessage(Level = LogLevel.Information, Message = "Starting services")]
    private partial void LogStartingServices();

    [LoggerMessage(Level = LogLevel.Information, Message = "  {Address}")]
    private partial void LogAddress(string address);

    [LoggerMessage(Level = LogLevel.Information, Message = "Started services")]
    private partial void LogStartedServices();

    [LoggerMessage(Level = LogLevel.Information, Message = "Started server successfully in {Seconds:F3} secs at {Clock}")]
    private partial void LogStarted(double seconds, string clock);

    [LoggerMessage(Level = LogLevel.Error, Message = "A defect in Tidegate: please report it. One connection was closed, the others go on")]
    private partial void LogDefect(Exception exception);
}
