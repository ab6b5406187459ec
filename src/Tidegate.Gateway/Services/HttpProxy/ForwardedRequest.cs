using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>A client's request as it is sent to a back-end.</summary>
/// <param name="Http">The client's.</param>
/// <param name="Accept">The accept as the client calls it: scheme, authority and path, a slash at its end.</param>
/// <param name="Below">What follows the accept's path, beginning with a slash.</param>
/// <param name="Query">The query, with its question mark, or empty.</param>
/// <param name="IsWebSocket">Whether it asks for a WebSocket, and is in order.</param>
internal sealed record ForwardedRequest(HttpContext Http, string Accept, string Below, string Query, bool IsWebSocket)
{
    private const string Continue = "100-continue";

    /// <summary>The key of a WebSocket that comes over HTTP/2, where there is none; null over HTTP/1.1, where the client has its own.</summary>
    internal string? Key { get; } = IsWebSocket && HttpProtocol.IsHttp2(Http.Request.Protocol) ? WebSocketHandshake.NewKey() : null;

    private HttpRequest Request => Http.Request;

    /// <summary>The path and query at a back-end.</summary>
    internal string TargetAt(GatewayUri connect) =>
        $"{connect.Path.TrimEnd('/')}{Below}{(connect.Query.Length > 1 && Query.Length > 1 ? $"{connect.Query}&{Query[1..]}" : connect.Query.Length > 1 ? connect.Query : Query)}";

    /// <summary>The message for a back-end.</summary>
    /// <param name="connect">The back-end.</param>
    /// <param name="target">Path and query there.</param>
    /// <param name="via">What this service calls itself in <c>Via</c>.</param>
    /// <param name="use">What becomes of the headers that say who the client is.</param>
    /// <param name="keepalive">Whether the connection is to be used again.</param>
    /// <param name="timer">Bounds the time that the back-end has.</param>
    internal HttpRequestMessage MessageFor(GatewayUri connect, string target, string via, ForwardedUse use, bool keepalive, ExchangeTimer timer)
    {
        // The path is the client's, letter by letter. The authority is for HttpClient, which keeps connections by it, and no more: Host is set.
        var message = new HttpRequestMessage(
            IsWebSocket ? HttpMethod.Get : new HttpMethod(Request.Method),
            new Uri($"http://{connect.HostHeader}{target}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }))
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        bool hasBody = !IsWebSocket && Http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true };
        if (hasBody)
        {
            message.Content = new RequestBody(Http, timer);
            message.Headers.ExpectContinue = Request.Headers.Expect is [{ } expected] && expected.Equals(Continue, StringComparison.OrdinalIgnoreCase) ? true : null;
        }

        CopyHeaders(message, use);
        message.Headers.TryAddWithoutValidation(HeaderNames.Host, connect.HostHeader);
        string protocol = HttpProtocol.IsHttp2(Request.Protocol) ? "2" : HttpProtocol.IsHttp10(Request.Protocol) ? "1.0" : "1.1";
        message.Headers.TryAddWithoutValidation(HeaderNames.Via, Request.Headers.Via.Count == 0 ? $"{protocol} {via}" : $"{Request.Headers.Via}, {protocol} {via}");
        if (use == ForwardedUse.Inject)
        {
            foreach ((string name, string value) in ForwardedHeaders.Of(Http))
            {
                message.Headers.TryAddWithoutValidation(name, value);
            }
        }

        if (IsWebSocket)
        {
            AddUpgrade(message);
        }
        else if (!keepalive)
        {
            message.Headers.ConnectionClose = true;
        }

        return message;
    }

    private void CopyHeaders(HttpRequestMessage message, ForwardedUse use)
    {
        string[] named = HopHeaders.NamedBy(Request.Headers);
        foreach ((string name, StringValues values) in Request.Headers)
        {
            if (!HopHeaders.ArePassed(name, named) || name.Equals(HeaderNames.Host, StringComparison.OrdinalIgnoreCase)
                || name.Equals(HeaderNames.Via, StringComparison.OrdinalIgnoreCase) || name.Equals(HeaderNames.Expect, StringComparison.OrdinalIgnoreCase)
                || (use != ForwardedUse.Ignore && ForwardedHeaders.Include(name)))
            {
                continue;
            }

            // HTTP/2 may send cookies in pieces; in HTTP/1.1 they are one line (RFC 9113, section 8.2.3).
            IEnumerable<string?> lines = name.Equals(HeaderNames.Cookie, StringComparison.OrdinalIgnoreCase) && values.Count > 1 ? [string.Join("; ", values.AsEnumerable())] : values;
            if (!message.Headers.TryAddWithoutValidation(name, lines))
            {
                (message.Content ??= new NoBody()).Headers.TryAddWithoutValidation(name, lines);
            }
        }
    }

    private void AddUpgrade(HttpRequestMessage message)
    {
        message.Headers.TryAddWithoutValidation(HeaderNames.Connection, HeaderNames.Upgrade);
        message.Headers.TryAddWithoutValidation(HeaderNames.Upgrade, "websocket");
        if (Key is not null)
        {
            message.Headers.TryAddWithoutValidation(HeaderNames.SecWebSocketKey, Key);
            if (Request.Headers.SecWebSocketVersion.Count == 0)
            {
                message.Headers.TryAddWithoutValidation(HeaderNames.SecWebSocketVersion, WebSocketHandshake.Version);
            }
        }
    }
}
