using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tls;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Tls;
using ConfiguredConnectOptions = Tidegate.Gateway.Configuration.ConnectOptions;
using EngineConnectOptions = Tidegate.Engine.Net.ConnectOptions;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>Where one <c>connect</c> of a service leads, and through what: TCP or a pipe, a WebSocket that carries bytes, TLS.</summary>
internal sealed class BackEndPlace
{
    private readonly string _host;
    private readonly int _port;
    private readonly bool _compression;

    /// <exception cref="GatewayStartException">It is to come from an address that this machine does not have, or its transport is not served.</exception>
    internal BackEndPlace(ServiceAddress connect, ServiceConfiguration service, GatewayTls tls, PipeBoard pipes, WebSocketOptions webSocket)
    {
        ConfiguredConnectOptions options = service.ConnectOptions;
        _compression = options.Compression;

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
                Through = (loop, completed) => WebSocketTunnel.Connect(loop, RequestFor(tunnel, null), toTunnel, webSocket, completed),
            };
        }

        Options = Secured(place, carriage.Tls);
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

    internal EngineConnectOptions Options { get; }

    /// <summary>Opens a connection on <paramref name="loop"/>, TLS included: see <see cref="TlsConnector.Connect"/>.</summary>
    internal void Connect(EventLoop loop, Action<TcpConnection?, string> completed) => TlsConnector.Connect(loop, _host, _port, Options, completed);

    /// <summary>What to ask a WebSocket server for that is there.</summary>
    internal WebSocketRequest RequestFor(GatewayUri uri, string? subprotocol) => new()
    {
        Host = _host,
        Port = _port,
        Authority = uri.HostHeader,
        Target = uri.PathAndQuery,
        Subprotocols = subprotocol is null ? [] : [subprotocol],
        Compression = _compression,
    };

    private static string NameOf(UriHost host) => host is HostAddress { Address: var address } ? address.ToString() : host.ToString()!;
}
