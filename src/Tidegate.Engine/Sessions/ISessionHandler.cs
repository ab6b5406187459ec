using Tidegate.Engine.Net;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Sessions;

/// <summary>What a <see cref="Session"/> tells the service that uses it, always on the session's loop.</summary>
public interface ISessionHandler
{
    /// <summary>A message, or a part of one, arrived. The payload is valid during the call only.</summary>
    void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage);

    /// <summary>The peer will send nothing more, but still receives. Byte streams only.</summary>
    void OnReceiveEnded(Session session);

    /// <summary>
    /// The peer closes, and waits for this side's answer; it sends nothing more. True where the handler still has something to send: the
    /// session then stays open for it until <see cref="Session.Close"/> or <see cref="Session.EndSending"/>, which the handler has to see to
    /// within a bound of its own. False: the peer is answered at once, and <see cref="OnClosed"/> follows.
    /// </summary>
    /// <param name="session">The session.</param>
    /// <param name="status">What the peer gave, or <see cref="CloseStatus.NoStatus"/>.</param>
    /// <param name="reason">The peer's words; may be empty.</param>
    bool OnClosing(Session session, CloseStatus status, string reason) => false;

    /// <summary>More waits to be sent than the high-water mark.</summary>
    void OnCongested(Session session);

    /// <summary>What waits to be sent has fallen to the low-water mark.</summary>
    void OnDrained(Session session);

    /// <summary>The session is over. Called once, and last.</summary>
    void OnClosed(Session session, SessionEnd end);
}
