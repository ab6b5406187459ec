using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Fanout;

/// <summary>One session that gets the messages of a group, and where in them it is.</summary>
internal sealed class Subscriber(SubscriberGroup group, Session session, ISubscriberInput? received, LoggedMessage at) : ISessionHandler
{
    // What the connection holds itself, encoded for this subscriber alone: little, so that the rest waits where it costs nothing.
    private const int HighWater = 16 * 1024;
    private const int Unsent = 64 * 1024;

    // Messages that wait for it go out together, up to so many bytes, before the next subscriber gets its turn.
    private const int SentAtOnce = 256 * 1024;

    private LoggedMessage _at = at;
    private bool _isCongested;

    /// <summary>Its place in the group's list.</summary>
    internal int Index { get; set; }

    internal void Begin()
    {
        session.SetWaterMarks(HighWater, HighWater / 4);
        session.LimitUnsent(Unsent);
        session.Handler = this;
        session.Start();
    }

    /// <summary>Sends what the session takes of the messages that it has not had.</summary>
    /// <returns>True where there is more that it would take at once.</returns>
    internal bool Serve()
    {
        if (_isCongested)
        {
            CheckPending();
            return false;
        }

        if (_at.Next is not { } next)
        {
            return false;
        }

        if (next.Next is null)
        {
            _at = next;
            session.Send(next.Message!);
            return false;
        }

        // Small ones leave in one call.
        long until = _at.End + SentAtOnce;
        group.Loop.Outbox.Begin();
        try
        {
            while (next is not null && !_isCongested && _at.End < until)
            {
                _at = next;
                session.Send(next.Message!);
                next = next.Next;
            }
        }
        finally
        {
            group.Loop.Outbox.End();
        }

        return !_isCongested && _at.Next is not null;
    }

    public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage) =>
        received?.OnPayload(session, payload, kind, endOfMessage);

    public void OnReceiveEnded(Session session)
    {
        // It has nothing to say, and may still listen.
    }

    public void OnCongested(Session session) => _isCongested = true;

    public void OnDrained(Session session)
    {
        _isCongested = false;
        if (Serve())
        {
            group.ServeAgain();
        }
    }

    public void OnClosed(Session session, SessionEnd end)
    {
        group.Remove(this);
        received?.OnClosed(session);
    }

    internal void Close(CloseStatus status, string reason)
    {
        Serve();
        session.Close(status, reason);
    }

    /// <summary>Closes a subscriber for which too much waits, or has it miss the oldest.</summary>
    private void CheckPending()
    {
        long pending = group.Tail.End - _at.End;
        FanoutOptions options = group.Options;
        if (pending <= options.MaximumPendingBytes || session.IsClosing)
        {
            return;
        }

        if (options.SlowSubscriber == SlowSubscriber.Close)
        {
            options.Closing?.Invoke(session, pending + session.PendingBytes);
            group.Remove(this);
            session.Break(CloseStatus.PolicyViolation, "too slow for the messages that come");
            return;
        }

        int dropped = 0;
        while (group.Tail.End - _at.End > options.MaximumPendingBytes)
        {
            _at = _at.Next!;
            dropped++;
        }

        options.Dropped?.Invoke(session, dropped);
    }
}
