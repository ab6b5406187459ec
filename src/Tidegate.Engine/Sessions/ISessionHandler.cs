using Tidegate.Engine.Net;

namespace Tidegate.Engine.Sessions;

/// <summary>What a <see cref="Session"/> tells the service that uses it, always on the session's loop.</summary>
public interface ISessionHandler
{
    /// <summary>A message, or a part of one, arrived. The payload is valid during the call only.</summary>
    void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage);

    /// <summary>The peer will send nothing more, but still receives. Byte streams only.</summary>
    void OnReceiveEnded(Session session);

    /// <summary>More waits to be sent than the high-water mark.</summary>
    void OnCongested(Session session);

    /// <summary>What waits to be sent has fallen to the low-water mark.</summary>
    void OnDrained(Session session);

    /// <summary>The session is over. Called once, and last.</summary>
    void OnClosed(Session session, SessionEnd end);
}
