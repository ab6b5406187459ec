using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Listening;

/// <summary>
/// A connection to an HTTP port that has not said anything yet: a small object and a timer. The HTTP server hears of it with
/// its first bytes, so that those who connect and say nothing cost little.
/// </summary>
internal sealed class FirstBytes : IConnectionHandler
{
    private readonly HttpServer _server;
    private readonly RouteTable _routes;
    private readonly LoopTimer _timer;

    private FirstBytes(TcpConnection connection, HttpServer server, RouteTable routes)
    {
        _server = server;
        _routes = routes;
        _timer = connection.Loop.Schedule(server.Limits.KeepaliveTimeout, static connection => ((TcpConnection)connection!).Abort(), connection);
    }

    internal static void Await(TcpConnection connection, HttpServer server, RouteTable routes) =>
        connection.Handler = new FirstBytes(connection, server, routes);

    /// <summary>Ends a connection that has not said anything: there is nothing to wait for.</summary>
    internal static void EndIfSilent(TcpConnection connection)
    {
        if (connection.Handler is FirstBytes || connection.IsHandshaking)
        {
            connection.Abort();
        }
    }

    public void OnReceived(TcpConnection connection, Payload data)
    {
        _timer.Cancel();
        _server.Transport.Offer(connection, _routes, data);
    }

    public void OnReceiveEnded(TcpConnection connection)
    {
        _timer.Cancel();
        connection.EndSending();
    }

    public void OnCongested(TcpConnection connection)
    {
    }

    public void OnDrained(TcpConnection connection)
    {
    }

    public void OnClosed(TcpConnection connection, SocketError? error) => _timer.Cancel();
}
