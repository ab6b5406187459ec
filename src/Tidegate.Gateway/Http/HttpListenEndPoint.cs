using System.Net;

namespace Tidegate.Gateway.Http;

/// <summary>
/// What Kestrel believes to listen on. The sockets are the engine's; this end point only names the stream of connections
/// that it is fed.
/// </summary>
internal sealed class HttpListenEndPoint(string protocol) : EndPoint
{
    public override string ToString() => protocol;
}
