using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Tests.Support;

/// <summary>A test of WebSocket sessions whose peer writes and reads exact bytes; the handshake is taken as done.</summary>
public abstract class WebSocketTest(EventSource source) : EngineTest(source)
{
    protected static readonly WebSocketOptions Patient = new() { CloseTimeout = TimeSpan.FromSeconds(20) };

    private protected (RawPeer Peer, WebSocketSession Session) Serve(
        ISessionHandler handler, WebSocketOptions? options = null, WebSocketRole role = WebSocketRole.Server, bool compression = false, int? receiveBuffer = null, bool start = true)
    {
        WebSocketSession? session = null;
        var (peer, _) = Pair(
            connection =>
            {
                session = new WebSocketSession(connection, role, options ?? Patient, compression: compression) { Handler = handler };
                if (start)
                {
                    session.Start();
                }
            },
            receiveBuffer);
        return (peer, session!);
    }
}
