using Tidegate.Engine.Fanout;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>One session that brings messages for all clients.</summary>
/// <param name="name">What the log calls it.</param>
/// <param name="maximum">The length in bytes that a message may have.</param>
/// <param name="service">Whose clients get the messages.</param>
/// <param name="lost">Told once, when the session is over.</param>
internal sealed class Feed(string name, int maximum, BroadcastService service, Action lost) : ISessionHandler
{
    private MessageAssembler? _assembler;
    private bool _isWrong;

    /// <summary>True once it has brought a message.</summary>
    internal bool HasSpoken { get; private set; }

    public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage)
    {
        _assembler ??= new MessageAssembler(service.Options.Framing, isStream: !session.KeepsMessages, maximum);
        HasSpoken = true;
        if (_isWrong || _assembler.Take(payload.Span, kind, endOfMessage, service.Hub.Publish))
        {
            service.Publishers.AfterMessage(session, service.Hub);
            return;
        }

        _isWrong = true;
        service.Log.FeedWrong(name, maximum);
        session.Close(CloseStatus.MessageTooBig, "a message is too long");
    }

    public void OnReceiveEnded(Session session) => session.Close(CloseStatus.NormalClosure);

    public void OnCongested(Session session)
    {
        // Nothing is sent to it.
    }

    public void OnDrained(Session session)
    {
    }

    public void OnClosed(Session session, SessionEnd end)
    {
        service.Publishers.Forget(session);
        if (!service.IsStopping)
        {
            string unfinished = _assembler is { Held: > 0 and var held } && !_isWrong ? $", with {held} bytes of a message that was not whole" : "";
            service.Log.FeedLost(name, $"{Describe(end)}{unfinished}");
        }

        lost();
    }

    private static string Describe(SessionEnd end) =>
        end.Error is { } error ? $"its connection broke ({error})"
        : !end.ByPeer ? "closed"
        : end.Status is CloseStatus.NoStatus or CloseStatus.NormalClosure ? "it has closed"
        : $"it has closed with {(int)end.Status}";
}
