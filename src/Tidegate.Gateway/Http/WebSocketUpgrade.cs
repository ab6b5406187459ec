using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Http;

/// <summary>The server's side of the opening handshake (RFC 6455, section 4.2), and the hand-over to the event loop.</summary>
internal static class WebSocketUpgrade
{
    private static readonly ConditionalWeakTable<AcceptOptions, WebSocketOptions> s_options = [];

    /// <summary>True where the client asks for a WebSocket, rightly or not.</summary>
    internal static bool IsAsked(HttpContext http) =>
        http.Request.Headers.GetCommaSeparatedValues(HeaderNames.Upgrade).Contains("websocket", StringComparer.OrdinalIgnoreCase);

    internal static async Task HandleAsync(HttpContext http, Route route)
    {
        AcceptOptions accept = route.Service.Configuration.AcceptOptions;
        if (Refusal(http) is { } refusal)
        {
            await refusal(http.Response).ConfigureAwait(false);
            return;
        }

        IHeaderDictionary request = http.Request.Headers;
        IHeaderDictionary response = http.Response.Headers;
        string? subprotocol = WebSocketHandshake.SelectSubprotocol(accept.Subprotocols, request.SecWebSocketProtocol);
        bool compression = accept.Compression && PermessageDeflate.CanAccept(request.SecWebSocketExtensions);
        response.Upgrade = "websocket";
        response.Connection = "Upgrade";
        response.SecWebSocketAccept = WebSocketHandshake.AcceptFor(request.SecWebSocketKey!);
        if (subprotocol is not null)
        {
            response.SecWebSocketProtocol = subprotocol;
        }

        if (compression)
        {
            response.SecWebSocketExtensions = PermessageDeflate.Agreement;
        }

        WebSocketOptions options = s_options.GetValue(accept, static accept => new WebSocketOptions
        {
            MaximumMessageSize = accept.MaximumMessageSize,
            InactivityTimeout = accept.InactivityTimeout,
        });
        await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
        http.Features.GetRequiredFeature<IDetachableConnection>().Detach(connection =>
            route.Service.OnSession(new WebSocketSession(connection, WebSocketRole.Server, options, subprotocol, compression)));
    }

    /// <summary>How to answer a request that can not be upgraded, or null.</summary>
    private static Func<HttpResponse, Task>? Refusal(HttpContext http)
    {
        HttpRequest request = http.Request;
        if (!HttpMethods.IsGet(request.Method))
        {
            return response => RefuseAsync(response, StatusCodes.Status405MethodNotAllowed, "A WebSocket is opened with GET.", (HeaderNames.Allow, "GET"));
        }

        if (!IsAsked(http))
        {
            return response => RefuseAsync(
                response, StatusCodes.Status426UpgradeRequired, "This address speaks WebSocket.",
                (HeaderNames.Upgrade, "websocket"), (HeaderNames.Connection, "Upgrade"));
        }

        if (request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0)
        {
            return response => BadRequestAsync(response, "A WebSocket handshake has no body.");
        }

        if (!HttpProtocol.IsHttp11(request.Protocol) || http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true })
        {
            return response => BadRequestAsync(response, "The Connection header does not name Upgrade, or the request is not HTTP/1.1.");
        }

        if (request.Headers.SecWebSocketVersion is var version && version.Count != 1)
        {
            return response => BadRequestAsync(response, "A WebSocket handshake has one Sec-WebSocket-Version header.");
        }

        if (version != WebSocketHandshake.Version)
        {
            return response => RefuseAsync(
                response, StatusCodes.Status426UpgradeRequired, "The WebSocket version spoken here is 13.",
                (HeaderNames.SecWebSocketVersion, WebSocketHandshake.Version), (HeaderNames.Upgrade, "websocket"), (HeaderNames.Connection, "Upgrade"));
        }

        if (request.Headers.SecWebSocketKey is not [{ } key] || !WebSocketHandshake.IsValidKey(key))
        {
            return response => BadRequestAsync(response, "Sec-WebSocket-Key is not 16 bytes in base64.");
        }

        return IsSameOrigin(request)
            ? null
            : response => RefuseAsync(response, StatusCodes.Status403Forbidden, "Pages of this origin may not connect here.");
    }

    /// <summary>
    /// Browsers let any page open a WebSocket anywhere and only say where the page is from (RFC 6455, section 10.2): a page
    /// of another origin would act with its visitor's rights.
    /// </summary>
    private static bool IsSameOrigin(HttpRequest request)
    {
        if (request.Headers.Origin.Count == 0)
        {
            return true;
        }

        return request.Headers.Origin is [{ } origin]
            && Uri.TryCreate(origin, UriKind.Absolute, out Uri? uri)
            && string.Equals(uri.Scheme, request.Scheme, StringComparison.Ordinal)
            && uri.PathAndQuery == "/" && uri.Fragment.Length == 0 && uri.UserInfo.Length == 0 && !origin.EndsWith('/')
            && string.Equals(uri.Host, request.Host.Host, StringComparison.OrdinalIgnoreCase)
            && uri.Port == (request.Host.Port ?? (request.IsHttps ? 443 : 80));
    }

    private static Task BadRequestAsync(HttpResponse response, string words) => RefuseAsync(response, StatusCodes.Status400BadRequest, words);

    private static Task RefuseAsync(HttpResponse response, int status, string words, params ReadOnlySpan<(string Name, string Value)> headers)
    {
        response.StatusCode = status;
        response.ContentType = "text/plain; charset=utf-8";
        foreach ((string name, string value) in headers)
        {
            response.Headers[name] = value;
        }

        return response.WriteAsync(words + "\n");
    }
}
