using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>One <c>connect</c> of a service: how to open a session to it.</summary>
internal sealed class BackEnd
{
    // How long a closing session may take to send what it owes and hear the peer's answer.
    internal static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(5);
    private readonly BackEndPlace _place;
    private readonly WebSocketOptions _webSocket;

    /// <exception cref="GatewayStartException">It is to come from an address that this machine does not have, or its transport is not served.</exception>
    internal BackEnd(ServiceAddress connect, ServiceConfiguration service, GatewayTls tls, PipeBoard pipes)
    {
        Uri = connect.Uri;
        _webSocket = new WebSocketOptions
        {
            MaximumMessageSize = service.ConnectOptions.MaximumMessageSize,
            InactivityTimeout = service.ConnectOptions.InactivityTimeout,
            CloseTimeout = CloseTimeout,
        };
        _place = new BackEndPlace(connect, service, tls, pipes, _webSocket);
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
            WebSocketConnector.Connect(loop, _place.RequestFor(Uri, subprotocol), _place.Options, _webSocket, completed);
        }
        else
        {
            _place.Connect(loop, (connection, fault) =>
                completed(connection is null ? null : new TcpSession(connection, CloseTimeout), fault));
        }
    }
}
