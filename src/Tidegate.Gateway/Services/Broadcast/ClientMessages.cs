using Tidegate.Engine.Fanout;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>Sends to all clients what one of them sends, where <c>on.client.message</c> says so.</summary>
internal sealed class ClientMessages(BroadcastService service) : ISubscriberInput
{
    private MessageAssembler? _assembler;

    public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage)
    {
        _assembler ??= new MessageAssembler(
            service.Options.Framing, isStream: !session.KeepsMessages, service.Configuration.AcceptOptions.MaximumMessageSize);
        if (session.IsClosing)
        {
            return;
        }

        if (_assembler.Take(payload.Span, kind, endOfMessage, service.Hub.Publish))
        {
            service.Publishers.AfterMessage(session, service.Hub);
        }
        else
        {
            session.Close(CloseStatus.MessageTooBig, "a message is too long");
        }
    }

    public void OnClosed(Session session) => service.Publishers.Forget(session);
}
