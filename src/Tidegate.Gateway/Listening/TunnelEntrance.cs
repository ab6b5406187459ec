using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Listening;

/// <summary>
/// Where a WebSocket comes in whose messages are the bytes that a service's accept is carried by. To the HTTP server it is a service like
/// any other, with the options of the one that it leads to. Whoever has to log in does so inside, where the service's own accept is.
/// </summary>
internal sealed class TunnelEntrance(Service service, Reception inside) : Service(service.Configuration)
{
    /// <summary>What becomes of the connections that come through.</summary>
    internal Reception Inside { get; } = inside;

    internal override bool IsAccepting => Inside.IsAccepting;

    internal override void OnSession(Session session)
    {
        // The client's session is the one inside, and this one ends with it.
        session.IsClient = false;
        WebSocketTunnel.Open(session, Inside.Accept);
    }
}
