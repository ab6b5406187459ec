using System.Net.Sockets;

namespace Tidegate.Engine.Net;

/// <summary>What a <see cref="TcpConnection"/> tells its owner, always on the connection's loop.</summary>
public interface IConnectionHandler
{
    /// <summary>Bytes arrived. They are valid during the call only.</summary>
    void OnReceived(TcpConnection connection, Payload data);

    /// <summary>The peer will send nothing more; it may still receive.</summary>
    void OnReceiveEnded(TcpConnection connection);

    /// <summary>More waits to be sent than the high-water mark. Called again only after <see cref="OnDrained"/>.</summary>
    void OnCongested(TcpConnection connection);

    /// <summary>What waits to be sent has fallen to the low-water mark.</summary>
    void OnDrained(TcpConnection connection);

    /// <summary>The connection is over; nothing follows. Null: in order, by both sides.</summary>
    void OnClosed(TcpConnection connection, SocketError? error);
}

/// <summary>Who is told how a connect attempt ended, on the loop.</summary>
internal interface IConnectObserver
{
    void OnConnected(TcpConnection connection);

    void OnConnectFailed(TcpConnection connection, SocketError error);
}
