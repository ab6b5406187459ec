using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tidegate.Engine;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Listening;

/// <summary>The one physical listener of an address and port, however many accepts share it.</summary>
internal sealed partial class PortListener : IDisposable
{
    // How long a closing TCP session may take to send what it owes and hear the peer's answer.
    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(5);

    // How long a client may take for its TLS handshake, from connecting on.
    private static readonly TimeSpan s_handshakeTimeout = TimeSpan.FromSeconds(10);
    private readonly EventLoops _loops;
    private readonly HttpServer? _server;
    private readonly Service? _service;
    private readonly TlsUse? _tls;
    private readonly Action<TcpConnection, string?> _secured;
    private readonly ILogger _logger;
    private readonly RouteTable _routes;
    private readonly Lock _lock = new();
    private Listener? _listener;
    private bool _disposed;

    private PortListener(EventLoops loops, IPEndPoint endPoint, HttpServer? server, Service? service, PortSecurity security, ILogger logger)
    {
        _loops = loops;
        _server = server;
        _service = service;
        _logger = logger;
        Security = security;
        _tls = security.Tls;
        _secured = OnHandshakeEnded;
        _routes = new RouteTable(logger) { IsSecure = security.IsSecure };
        _listener = Listen(endPoint);
        EndPoint = _listener.LocalEndPoint;
    }

    /// <summary>Where it listens, the port filled in.</summary>
    internal IPEndPoint EndPoint { get; }

    /// <summary>What HTTP and WebSocket clients find here.</summary>
    internal RouteTable Routes => _routes;

    internal bool IsHttp => _server is not null;

    /// <summary>Whether and how TLS is spoken.</summary>
    internal PortSecurity Security { get; }

    /// <summary>A listener whose connections speak HTTP first.</summary>
    /// <exception cref="SocketException">It can not be bound.</exception>
    internal static PortListener ForHttp(EventLoops loops, IPEndPoint endPoint, HttpServer server, PortSecurity security, ILogger logger) =>
        new(loops, endPoint, server, null, security, logger);

    /// <summary>A listener whose connections are the sessions of one service.</summary>
    /// <exception cref="SocketException">It can not be bound.</exception>
    internal static PortListener ForTcp(EventLoops loops, IPEndPoint endPoint, Service service, PortSecurity security, ILogger logger)
    {
        var listener = new PortListener(loops, endPoint, null, service, security, logger);
        // A service that can not serve refuses clients where they can tell: at the port.
        service.AcceptingChanged += listener.FollowService;
        return listener;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _listener?.Dispose();
            _listener = null;
        }
    }

    private Listener Listen(IPEndPoint endPoint)
    {
        Listener listener = _loops.Listen(endPoint, Accept);
        listener.Starved += (_, error) => LogStarved(EndPoint.ToString(), error.ToString());
        return listener;
    }

    private void Accept(TcpConnection connection)
    {
        if (_tls is null)
        {
            Serve(connection);
        }
        else
        {
            connection.StartTls(_tls.Context, null, s_handshakeTimeout, _secured);
        }
    }

    private void OnHandshakeEnded(TcpConnection connection, string? fault)
    {
        if (fault is null)
        {
            Serve(connection);
        }
        else
        {
            LogHandshakeFailed(EndPoint.ToString(), fault);
        }
    }

    private void Serve(TcpConnection connection)
    {
        if (_server is not null)
        {
            FirstBytes.Await(connection, _server, _routes);
        }
        else
        {
            _service!.OnSession(new TcpSession(connection, s_closeTimeout));
        }
    }

    private void FollowService(Service service) => ThreadPool.QueueUserWorkItem(_ =>
    {
        lock (_lock)
        {
            if (_disposed || service.IsAccepting == _listener is not null)
            {
                return;
            }

            if (!service.IsAccepting)
            {
                _listener!.Dispose();
                _listener = null;
                return;
            }

            try
            {
                _listener = Listen(EndPoint);
            }
            catch (SocketException exception)
            {
                LogNotRebound(EndPoint.ToString(), service.Configuration.Name, exception.Message);
            }
        }
    });

    [LoggerMessage(Level = LogLevel.Error, Message = "No connection can be accepted at {EndPoint} for the moment: {Error}. Raise the limit of open files (ulimit -n) if this goes on")]
    private partial void LogStarved(string endPoint, string error);

    [LoggerMessage(Level = LogLevel.Debug, Message = "A TLS handshake at {EndPoint} failed: {Fault}")]
    private partial void LogHandshakeFailed(string endPoint, string fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "{EndPoint} can not be bound again for service \"{Service}\": {Error}")]
    private partial void LogNotRebound(string endPoint, string service, string error);
}
