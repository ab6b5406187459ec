using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Clients;

/// <summary>Closes sessions that no connection stands for, so that nobody who drains connections would find them.</summary>
internal static class EvenClosing
{
    /// <summary>Closes each on its loop, evenly over some time.</summary>
    internal static void Begin(IReadOnlyList<Session> sessions, TimeSpan over, CloseStatus status, string reason)
    {
        for (int i = 0; i < sessions.Count; i++)
        {
            Session session = sessions[i];
            TimeSpan delay = over * i / sessions.Count;
            session.Loop.Post(() => session.Loop.Schedule(delay, _ => session.Close(status, reason), null));
        }
    }
}
