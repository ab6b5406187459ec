using System.Net.Sockets;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Sessions;

/// <summary>How a session ended.</summary>
/// <param name="Status">The status that the peer gave, or what this side closed with where the peer gave none.</param>
/// <param name="Reason">The peer's words, or this side's; never null.</param>
/// <param name="Error">The socket's error where the connection broke, null where it was closed in order.</param>
/// <param name="ByPeer">True where the peer was the first to close.</param>
public readonly record struct SessionEnd(CloseStatus Status, string Reason, SocketError? Error, bool ByPeer)
{
    /// <summary>True where both sides agreed that it was over.</summary>
    public bool IsOrderly => Error is null;
}
