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
    private sealed class Echo : ISessionHandler
    {
        public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage) =>
            session.Relay(payload, kind, endOfMessage);

        public void OnReceiveEnded(Session session) => session.EndSending();

        public void OnCongested(Session session) => session.PauseReading();

        public void OnDrained(Session session) => session.ResumeReading();

        public void OnClosed(Session session, SessionEnd end)
        {
        }
    }
}
