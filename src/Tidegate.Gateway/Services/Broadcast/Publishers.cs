using Tidegate.Engine.Fanout;
using Tidegate.Engine.Sessions;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>Has sessions that bring messages wait while these can not be sent out as fast as they come.</summary>
/// <remarks>Callable on any loop.</remarks>
internal sealed class Publishers
{
    private readonly Lock _lock = new();
    private readonly HashSet<Session> _waiting = [];

    /// <summary>A session has brought a message. To be called on its loop.</summary>
    internal void AfterMessage(Session session, FanoutHub hub)
    {
        if (!hub.IsBehind)
        {
            return;
        }

        lock (_lock)
        {
            if (!_waiting.Add(session))
            {
                return;
            }
        }

        session.PauseReading();

        // The word that it may go on can have come before it was among those who wait.
        if (!hub.IsBehind)
        {
            Resume();
        }
    }

    /// <summary>A session is gone.</summary>
    internal void Forget(Session session)
    {
        lock (_lock)
        {
            _waiting.Remove(session);
        }
    }

    internal void Resume()
    {
        Session[] waiting;
        lock (_lock)
        {
            waiting = [.. _waiting];
            _waiting.Clear();
        }

        foreach (Session session in waiting)
        {
            session.Loop.Post(static session => ((Session)session!).ResumeReading(), session);
        }
    }
}
