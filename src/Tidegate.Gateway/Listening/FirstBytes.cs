using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Listening;

/// <summary>
/// A connection to an HTTP port that has not said anything yet: a small object and a timer. The HTTP server hears of it with
/// its first bytes, so that those who connect and say nothing cost little.
/// </summary>
/// <remarks>
/// The first bytes also tell HTTP/2 from HTTP/1: it begins with a preface that no request of HTTP/1 begins with (RFC 9113, section
/// 3.4). While they are a part of it nothing has to be kept but how many there were.
/// </remarks>
internal sealed class FirstBytes : IConnectionHandler
{
    private readonly HttpServer _server;
    private readonly RouteTable _routes;
    private readonly LoopTimer _timer;
    private byte _prefaceSeen;

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

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    public void OnReceived(TcpConnection connection, Payload data)
    {
        if (!_routes.SpeaksHttp2)
        {
            // Kestrel knows the preface when it meets it in HTTP/1, and asks for HTTP/1 in the words of HTTP/2.
            _timer.Cancel();
            _server.Transport.Offer(connection, _routes, http2: false, [], data);
            return;
        }

        ReadOnlySpan<byte> seen = Preface[.._prefaceSeen];
        ReadOnlySpan<byte> awaited = Preface[_prefaceSeen..];
        int same = awaited.CommonPrefixLength(data.Span);
        if (same == data.Length && same < awaited.Length)
        {
            _prefaceSeen += (byte)same;
            return;
        }

        _timer.Cancel();
        _server.Transport.Offer(connection, _routes, http2: same == awaited.Length, seen, data);
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
