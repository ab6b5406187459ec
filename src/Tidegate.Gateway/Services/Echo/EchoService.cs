using System.Buffers;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Echo;

/// <summary>Sends back what comes.</summary>
internal sealed class EchoService(ServiceConfiguration configuration) : Service(configuration)
{
    // An echo owes its client as much as the client has sent: one that does not read is not read from.
    private const int MaximumPendingBytes = 64 * 1024;
    private readonly ISessionHandler _handler =
        ((EchoOptions)configuration.Options).Repeat is > 1 and var repeat ? new RepeatedEcho(repeat) : new Echo();

    internal override void OnSession(Session session)
    {
        session.SetWaterMarks(MaximumPendingBytes, MaximumPendingBytes / 2);
        session.Handler = _handler;
        session.Start();
    }

    /// <summary>Keeps nothing of a session, so that one serves all of them.</summary>
    private class Echo : ISessionHandler
    {
        public virtual void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage) =>
            session.Relay(payload, kind, endOfMessage);

        public void OnReceiveEnded(Session session) => session.EndSending();

        public void OnCongested(Session session) => session.PauseReading();

        public void OnDrained(Session session) => session.ResumeReading();

        public virtual void OnClosed(Session session, SessionEnd end)
        {
        }
    }

    /// <summary>Gathers each message, as only whole ones can be repeated.</summary>
    private sealed class RepeatedEcho(int repeat) : Echo
    {
        private readonly System.Runtime.CompilerServices.ConditionalWeakTable<Session, ArrayBufferWriter<byte>> _messages = [];

        public override void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage)
        {
            ArrayBufferWriter<byte> message = _messages.GetOrCreateValue(session);
            message.Write(payload.Span);
            if (!endOfMessage)
            {
                return;
            }

            for (int i = 0; i < repeat; i++)
            {
                session.Send(message.WrittenSpan, kind);
            }

            _messages.Remove(session);
        }

        public override void OnClosed(Session session, SessionEnd end) => _messages.Remove(session);
    }
}
