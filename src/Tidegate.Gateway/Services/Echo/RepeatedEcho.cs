using System.Buffers;
using System.Runtime.CompilerServices;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Services.Echo;

/// <summary>Sends each message back several times. Gathers them, as only whole ones can be repeated.</summary>
/// <remarks>
/// One read may bring thousands of messages, and each becomes up to a thousand. So while a client has more to take than the high-water
/// mark, its messages wait as they came, the first of them in the middle of being repeated. No more than one read had brought can wait, since
/// no other follows meanwhile.
/// </remarks>
internal sealed class RepeatedEcho(int repeat) : ISessionHandler
{
    // How long a client that has closed may take for what it is still owed.
    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(5);

    private readonly ConditionalWeakTable<Session, Conversation> _conversations = [];

    public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage)
    {
        Conversation conversation = _conversations.GetOrCreateValue(session);
        conversation.Unfinished.Write(payload.Span);
        if (!endOfMessage)
        {
            return;
        }

        ReadOnlySpan<byte> message = conversation.Unfinished.WrittenSpan;
        if (conversation.Waiting.Count > 0)
        {
            conversation.Waiting.Enqueue((message.ToArray(), kind));
        }
        else if (Send(session, conversation, message, kind, repeat) is var left and > 0)
        {
            conversation.Waiting.Enqueue((message.ToArray(), kind));
            conversation.LeftOfFirst = left;
        }

        conversation.Unfinished = new();
        Forget(session, conversation);
    }

    public void OnReceiveEnded(Session session) => EndWhenSent(session);

    public bool OnClosing(Session session, CloseStatus status, string reason)
    {
        if (!_conversations.TryGetValue(session, out Conversation? conversation) || conversation.Waiting.Count == 0)
        {
            return false;
        }

        session.Loop.Schedule(s_closeTimeout, static session => ((Session)session!).EndSending(), session);
        EndWhenSent(session);
        return true;
    }

    public void OnCongested(Session session)
    {
        _conversations.GetOrCreateValue(session).IsCongested = true;
        session.PauseReading();
    }

    public void OnDrained(Session session)
    {
        Conversation conversation = _conversations.GetOrCreateValue(session);
        conversation.IsCongested = false;
        while (!conversation.IsCongested && conversation.Waiting.TryPeek(out var next))
        {
            conversation.LeftOfFirst = Send(session, conversation, next.Bytes, next.Kind, conversation.LeftOfFirst);
            if (conversation.LeftOfFirst == 0)
            {
                conversation.Waiting.Dequeue();
                conversation.LeftOfFirst = repeat;
            }
        }

        if (conversation.IsCongested)
        {
            return;
        }

        if (conversation.EndsWhenSent)
        {
            session.EndSending();
        }

        Forget(session, conversation);
        session.ResumeReading();
    }

    public void OnClosed(Session session, SessionEnd end) => _conversations.Remove(session);

    private void EndWhenSent(Session session)
    {
        if (_conversations.TryGetValue(session, out Conversation? conversation) && conversation.Waiting.Count > 0)
        {
            conversation.EndsWhenSent = true;
        }
        else
        {
            session.EndSending();
        }
    }

    /// <summary>Sends a message so many times, or until the client has too much to take. Returns how many times are left.</summary>
    private static int Send(Session session, Conversation conversation, ReadOnlySpan<byte> message, MessageKind kind, int times)
    {
        for (; times > 0 && !conversation.IsCongested && !session.IsClosing; times--)
        {
            session.Send(message, kind);
        }

        return session.IsClosing ? 0 : times;
    }

    /// <summary>Keeps nothing of a client that is owed nothing.</summary>
    private void Forget(Session session, Conversation conversation)
    {
        if (conversation.Waiting.Count == 0 && !conversation.IsCongested)
        {
            _conversations.Remove(session);
        }
    }

    private sealed class Conversation
    {
        internal ArrayBufferWriter<byte> Unfinished { get; set; } = new();

        /// <summary>Messages that are still owed.</summary>
        internal Queue<(byte[] Bytes, MessageKind Kind)> Waiting { get; } = new();

        /// <summary>How many times the first of them is still to be sent.</summary>
        internal int LeftOfFirst { get; set; }

        internal bool IsCongested { get; set; }

        internal bool EndsWhenSent { get; set; }
    }
}
