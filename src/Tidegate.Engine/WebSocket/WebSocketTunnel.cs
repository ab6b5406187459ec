using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.WebSocket;

/// <summary>
/// A stream of bytes through a WebSocket: what is written leaves in binary messages, and what arrives in messages of either kind is
/// handed out without their boundaries. To what it carries it is a connection like any other.
/// </summary>
public static class WebSocketTunnel
{
    /// <summary>Bytes that may wait on either side of the tunnel before the other is no longer read.</summary>
    public const int MaximumPending = 64 * 1024;

    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Makes a connection of a session that is not started yet, and gives it to <paramref name="opened"/> on the session's loop.</summary>
    /// <param name="session">The WebSocket. It ends with the connection.</param>
    /// <param name="opened">Gives the connection a handler.</param>
    public static void Open(Session session, Action<TcpConnection> opened)
    {
        ArgumentNullException.ThrowIfNull(session);
        _ = LocalPair.OpenAsync(session.Loop, opened, session.Loop, inner => Join(session, inner), session.RemoteEndPoint);
    }

    /// <summary>
    /// Begins to open a tunnel. <paramref name="completed"/> is called once, on the loop, after this has returned: with a connection
    /// that has no handler yet, or with null and what went wrong in words.
    /// </summary>
    public static void Connect(EventLoop loop, WebSocketRequest request, ConnectOptions connect, WebSocketOptions options, Action<TcpConnection?, string> completed) =>
        WebSocketConnector.Connect(loop, request, connect, options, (session, fault) =>
        {
            if (session is null)
            {
                completed(null, fault);
            }
            else
            {
                Open(session, connection => completed(connection, string.Empty));
            }
        });

    private static void Join(Session session, TcpConnection inner)
    {
        var stream = new TcpSession(inner, s_closeTimeout);
        _ = new Relay(session, stream, MaximumPending);
        stream.Start();
        session.Start();
    }
}
