using System.Net;

namespace Tidegate.Gateway.Http;

/// <summary>
/// What Kestrel believes to listen on. The sockets are the engine's; these end points only name the streams of
/// connections that it is fed.
/// </summary>
internal sealed class HttpListenEndPoint : EndPoint
{
    private readonly string _protocol;

    private HttpListenEndPoint(string protocol) => _protocol = protocol;

    /// <summary>Where connections come from that speak HTTP/1.1 or 1.0.</summary>
    internal static HttpListenEndPoint Http1 { get; } = new("http/1.1");

    /// <summary>Where connections come from that have begun with the preface of HTTP/2.</summary>
    internal static HttpListenEndPoint Http2 { get; } = new("h2");

    public override string ToString() => _protocol;
}
