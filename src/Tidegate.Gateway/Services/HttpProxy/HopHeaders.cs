using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>The headers that belong to one connection and not to the message (RFC 9110, section 7.6.1).</summary>
internal static class HopHeaders
{
    private static readonly HashSet<string> s_names = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Authentication-Info", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "HTTP2-Settings", "Content-Length",
    };

    // What members of a cluster say to each other: a client that says so is not to be believed behind the gateway either.
    private static readonly HashSet<string> s_own = new(StringComparer.OrdinalIgnoreCase) { MemberRelay.Hop, RelayedClient.Header, SessionRelay.ReconnectHeader };

    // Those that say how a message is framed, routed or to be believed are nothing for its end (RFC 9110, section 6.5.1).
    private static readonly HashSet<string> s_notInTrailers = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Set-Cookie", "Location", "Cache-Control", "Expires", "Vary", "Content-Encoding", "Content-Type", "Content-Range", "WWW-Authenticate",
        "Authorization", "Age", "Date", "Retry-After",
    };

    /// <summary>Whether a header of a message is passed on.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="connection">What the message's <c>Connection</c> names.</param>
    internal static bool ArePassed(string name, string[] connection) =>
        !s_names.Contains(name) && !s_own.Contains(name) && !name.StartsWith(':') && !connection.Contains(name, StringComparer.OrdinalIgnoreCase);

    /// <summary>Whether a field at the end of an answer is passed on.</summary>
    internal static bool IsPassedTrailer(string name) => ArePassed(name, []) && !s_notInTrailers.Contains(name);

    /// <summary>What a request's <c>Connection</c> names.</summary>
    internal static string[] NamedBy(IHeaderDictionary headers) => headers.Connection.Count == 0 ? [] : headers.GetCommaSeparatedValues(HeaderNames.Connection);
}
