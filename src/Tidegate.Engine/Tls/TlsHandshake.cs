using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Tls;

/// <summary>A handshake under way: whom to tell, and how long to wait. The connection's handler until it is over.</summary>
internal sealed class TlsHandshake : IConnectionHandler
{
    private readonly Action<TcpConnection, string?> _completed;
    private readonly LoopTimer _timer;
    private string? _reason;

    internal TlsHandshake(TcpConnection connection, OpenSslContext context, string? peerName, TimeSpan timeout, Action<TcpConnection, string?> completed)
    {
        Context = context;
        PeerName = peerName;
        _completed = completed;
        _timer = connection.Loop.Schedule(
            timeout,
            static connection => ((TcpConnection)connection!).FailHandshake("the peer did not complete the TLS handshake in time"),
            connection);
    }

    internal OpenSslContext Context { get; }

    internal string? PeerName { get; }

    /// <summary>True while a step of it waits for its turn.</summary>
    internal bool IsQueued { get; set; }

    internal void Complete(TcpConnection connection)
    {
        _timer.Cancel();
        _completed(connection, null);
    }

    /// <summary>Notes why the connection is about to end.</summary>
    internal void Blame(string reason) => _reason ??= reason;

    void IConnectionHandler.OnReceived(TcpConnection connection, Payload data)
    {
        // Nothing is handed out before the handshake is over, and then somebody else is the handler.
    }

    void IConnectionHandler.OnReceiveEnded(TcpConnection connection)
    {
    }

    void IConnectionHandler.OnCongested(TcpConnection connection)
    {
    }

    void IConnectionHandler.OnDrained(TcpConnection connection)
    {
    }

    void IConnectionHandler.OnClosed(TcpConnection connection, SocketError? error)
    {
        _timer.Cancel();
        _completed(connection, _reason ?? $"the connection broke during the TLS handshake ({error})");
    }
}
