using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tls;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Tls;
using ConfiguredConnectOptions = Tidegate.Gateway.Configuration.ConnectOptions;
using EngineConnectOptions = Tidegate.Engine.Net.ConnectOptions;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>One <c>connect</c> of a service: how to open a session to it.</summary>
internal sealed class BackEnd
{
    // How long a closing session may take to send what it owes and hear the peer's answer.
    internal static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);
    private readonly string _host;
    private readonly int _port;
    private readonly EngineConnectOptions _connect;
    private readonly WebSocketOptions _webSocket;
    private readonly bool _compression;

    /// <exception cref="GatewayStartException">It is to come from an address that this machine does not have, or its transport is not served.</exception>
    internal BackEnd(ServiceAddress connect, ServiceConfiguration service, GatewayTls tls, PipeBoard pipes)
    {
        ConfiguredConnectOptions options = service.ConnectOptions;
        Uri = connect.Uri;
        _compression = options.Compression;
        _webSocket = new WebSocketOptions
        {
            MaximumMessageSize = options.MaximumMessageSize,
            InactivityTimeout = options.InactivityTimeout,
            CloseTimeout = CloseTimeout,
        };

        // From the bottom: TCP or a pipe, TLS and a WebSocket if the bytes go through one, and TLS of the connect itself.
        Carriage carriage = Carriage.Check(connect, options.Transports, service);
        _port = carriage.Place.Port;
        _host = NameOf(carriage.Place.Host);
        var place = new EngineConnectOptions
        {
            Timeout = options.ConnectTimeout,
            Local = ConnectPlaces.LocalOf(service),
            Dial = carriage.Place.Host is PipeName pipe ? (loop, completed) => pipes.Connect(loop, pipe.Name, completed) : null,
        };
        if (carriage.Tunnel is { } tunnel)
        {
            EngineConnectOptions toTunnel = Secured(place, carriage.TunnelTls);
            place = new EngineConnectOptions
            {
                Timeout = options.ConnectTimeout,
                Through = (loop, completed) => WebSocketTunnel.Connect(loop, RequestFor(tunnel, null), toTunnel, _webSocket, completed),
            };
        }

        _connect = Secured(place, carriage.Tls);
        EngineConnectOptions Secured(EngineConnectOptions below, GatewayUri? layer)
        {
            if (layer is null || !options.Tls.Encryption)
            {
                return below;
            }

            TlsUse use = tls.ForConnect(connect with { Uri = layer }, options.Tls);
            return below with { Tls = () => use.Context, TlsPeerName = NameOf(layer.Host) };
        }
    }

    internal GatewayUri Uri { get; }

    /// <summary>
    /// Opens a session on <paramref name="loop"/>. <paramref name="completed"/> is called there, once: with a session that is
    /// not started yet, or with null and what went wrong.
    /// </summary>
    internal void Connect(EventLoop loop, string? subprotocol, Action<Session?, string> completed)
    {
        if (Uri.Scheme.IsWebSocket)
        {
            WebSocketConnector.Connect(loop, RequestFor(Uri, subprotocol), _connect, _webSocket, completed);
        }
        else
        {
            TlsConnector.Connect(loop, _host, _port, _connect, (connection, fault) =>
                completed(connection is null ? null : new TcpSession(connection, CloseTimeout), fault));
        }
    }

    private static string NameOf(UriHost host) => host is HostAddress { Address: var address } ? address.ToString() : host.ToString()!;

    private WebSocketRequest RequestFor(GatewayUri uri, string? subprotocol) => new()
    {
        Host = _host,
        Port = _port,
        Authority = uri.HostHeader,
        Target = uri.PathAndQuery,
        Subprotocols = subprotocol is null ? [] : [subprotocol],
        Compression = _compression,
    };
}
