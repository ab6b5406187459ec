using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tls;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
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
    private readonly EngineConnectOptions _connect;
    private readonly WebSocketOptions _webSocket;
    private readonly bool _compression;

    internal BackEnd(ServiceAddress connect, ConfiguredConnectOptions options, GatewayTls tls)
    {
        GatewayUri uri = connect.Uri;
        Uri = uri;
        _host = uri.Host switch
        {
            HostAddress address => address.Address.ToString(),
            _ => uri.Host.ToString()!,
        };
        TlsUse? use = uri.Scheme.UsesTls && options.Tls.Encryption ? tls.ForConnect(connect, options.Tls) : null;
        _connect = new EngineConnectOptions { Timeout = options.ConnectTimeout, Tls = use is null ? null : () => use.Context };
        _compression = options.Compression;
        _webSocket = new WebSocketOptions
        {
            MaximumMessageSize = options.MaximumMessageSize,
            InactivityTimeout = options.InactivityTimeout,
            CloseTimeout = CloseTimeout,
        };
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
            var request = new WebSocketRequest
            {
                Host = _host,
                Port = Uri.Port,
                Authority = Uri.HostHeader,
                Target = Uri.PathAndQuery,
                Subprotocols = subprotocol is null ? [] : [subprotocol],
                Compression = _compression,
            };
            WebSocketConnector.Connect(loop, request, _connect, _webSocket, completed);
        }
        else
        {
            TlsConnector.Connect(loop, _host, Uri.Port, _connect, (connection, fault) =>
                completed(connection is null ? null : new TcpSession(connection, CloseTimeout), fault));
        }
    }
}
