using Microsoft.Extensions.Logging;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Listening;

/// <summary>
/// What becomes of the connections that a port, a pipe or a tunnel brings: TLS where it is spoken, and then they speak HTTP, or are
/// the sessions of one service.
/// </summary>
internal sealed partial class Reception
{
    // How long a closing session of a stream may take to send what it owes and hear the peer's answer.
    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(5);

    // How long a client may take for its TLS handshake, from connecting on.
    private static readonly TimeSpan s_handshakeTimeout = TimeSpan.FromSeconds(10);
    private readonly HttpServer? _server;
    private readonly Service? _service;
    private readonly Action<TcpConnection, string?> _secured;
    private readonly ILogger _logger;

    private Reception(HttpServer? server, Service? service, PortSecurity security, string place, ILogger logger)
    {
        _server = server;
        _service = service;
        _logger = logger;
        _secured = OnHandshakeEnded;
        Security = security;
        Place = place;
        Routes = new RouteTable(logger) { IsSecure = security.IsSecure };
    }

    /// <summary>What messages call it: an end point, a pipe or a tunnel.</summary>
    internal string Place { get; set; }

    /// <summary>What HTTP and WebSocket clients find here.</summary>
    internal RouteTable Routes { get; }

    /// <summary>Whether and how TLS is spoken.</summary>
    internal PortSecurity Security { get; }

    internal bool IsHttp => _server is not null;

    /// <summary>False while the one service that is reached here turns clients away.</summary>
    internal bool IsAccepting => _service?.IsAccepting ?? true;

    /// <summary>For connections that speak HTTP first.</summary>
    internal static Reception ForHttp(HttpServer server, PortSecurity security, string place, ILogger logger) => new(server, null, security, place, logger);

    /// <summary>For connections that are the sessions of one service.</summary>
    internal static Reception ForStreams(Service service, PortSecurity security, string place, ILogger logger) => new(null, service, security, place, logger);

    /// <summary>Takes a connection that has no handler yet, on its loop.</summary>
    internal void Accept(TcpConnection connection)
    {
        if (Security.Tls is { } tls)
        {
            connection.StartTls(tls.Context, null, s_handshakeTimeout, _secured);
        }
        else
        {
            Serve(connection);
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
            LogHandshakeFailed(Place, fault);
        }
    }

    private void Serve(TcpConnection connection)
    {
        if (_server is not null)
        {
            FirstBytes.Await(connection, _server, Routes);
        }
        else
        {
            _service!.Begin(new TcpSession(connection, s_closeTimeout) { IsClient = true });
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "A TLS handshake at {Place} failed: {Fault}")]
    private partial void LogHandshakeFailed(string place, string fault);
}
