using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>The accept of a <c>broadcast</c> service where feeds come in, and no clients. It has the options and the protection of the service.</summary>
internal sealed class FeedEntrance(ServiceConfiguration configuration, Action<Session> begin) : Service(configuration)
{
    internal override void OnSession(Session session) => begin(session);
}
