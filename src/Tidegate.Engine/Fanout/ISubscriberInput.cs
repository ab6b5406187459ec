using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.Fanout;

/// <summary>Hears what subscribers of a <see cref="FanoutHub"/> send, on their loops.</summary>
public interface ISubscriberInput
{
    /// <summary>A message, or a part of one, arrived. The payload is valid during the call only.</summary>
    void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage);

    /// <summary>The subscriber is gone. Called once, and last.</summary>
    void OnClosed(Session session);
}
