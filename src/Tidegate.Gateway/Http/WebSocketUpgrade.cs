using System.Net;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Http;

/// <summary>The server's side of the opening handshake (RFC 6455, section 4.2), and the hand-over to the event loop.</summary>
internal static class WebSocketUpgrade
{
    // HTTP_1_1_REQUIRED.
    private const int Http11Required = 0xd;

    private static readonly ConditionalWeakTable<AcceptOptions, WebSocketOptions> s_options = [];

    /// <summary>True where the client asks for a WebSocket, rightly or not.</summary>
    internal static bool IsAsked(HttpContext http) =>
        IsExtendedConnect(http) || http.Request.Headers.GetCommaSeparatedValues(HeaderNames.Upgrade).Contains("websocket", StringComparer.OrdinalIgnoreCase);

    /// <summary>True where a stream of HTTP/2 is asked to become a WebSocket (RFC 8441).</summary>
    internal static bool IsExtendedConnect(HttpContext http) =>
        http.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true, Protocol: "websocket" };

    internal static async Task HandleAsync(HttpContext http, Route route)
    {
        AcceptOptions accept = route.Service.Configuration.AcceptOptions;
        if (accept.Offer == WebSocketOffer.Emulated && route.Service is not Listening.TunnelEntrance)
        {
            await RefuseAsync(http.Response, StatusCodes.Status404NotFound, "This address takes emulated WebSockets only.").ConfigureAwait(false);
            return;
        }

        bool http2 = IsExtendedConnect(http);
        if (http2 && !accept.WebSocketsOverHttp2)
        {
            // Whoever asks nevertheless is told to come again over HTTP/1.1 (RFC 9113, section 7).
            http.Features.GetRequiredFeature<IHttpResetFeature>().Reset(Http11Required);
            return;
        }

        if ((http2 ? VersionRefusal(http.Request) : Refusal(http)) is { } refusal)
        {
            await refusal(http.Response).ConfigureAwait(false);
            return;
        }

        HandshakeDecision? decision = await DecideAsync(http, route).ConfigureAwait(false);
        if (decision is { Begin: null })
        {
            return;
        }

        IHeaderDictionary request = http.Request.Headers;
        IHeaderDictionary response = http.Response.Headers;
        string? subprotocol = decision is null ? WebSocketHandshake.SelectSubprotocol(accept.Subprotocols, request.SecWebSocketProtocol) : decision.Subprotocol;
        bool compression = accept.Compression && PermessageDeflate.CanAccept(request.SecWebSocketExtensions);
        if (subprotocol is not null)
        {
            response.SecWebSocketProtocol = subprotocol;
        }

        if (compression)
        {
            response.SecWebSocketExtensions = PermessageDeflate.Agreement;
        }

        ExtensionAgreement agreement = subprotocol == ClientHandshake.Subprotocol
            ? ExtensionAgreement.None
            : ExtensionAgreement.To(request.SecWebSocketExtensions, accept.InactivityTimeout);
        if (agreement.Header is { } extensions)
        {
            response.Append(HeaderNames.SecWebSocketExtensions, extensions);
        }

        WebSocketOptions options = s_options.GetValue(accept, static accept => new WebSocketOptions
        {
            MaximumMessageSize = accept.MaximumMessageSize,
            InactivityTimeout = accept.InactivityTimeout,
            CloseTimeout = accept.CloseTimeout,
        });
        Action<Session> begin = decision?.Begin ?? route.Service.Begin;
        IPEndPoint? client = http.Features.Get<EstablishedClient>()?.EndPoint;
        Identity? identity = http.Features.Get<Identity>();
        void Begin(TcpConnection connection)
        {
            var session = new WebSocketSession(connection, WebSocketRole.Server, options, subprotocol, compression) { IsClient = true, ClientEndPoint = client };
            identity?.Hold(session);
            if (agreement.Header is not null)
            {
                session.Agree(subprotocol, agreement.Extensions);
            }

            begin(session);
        }

        if (http2)
        {
            await WebSocketStream.RunAsync(http, Begin).ConfigureAwait(false);
            return;
        }

        response.Upgrade = "websocket";
        response.Connection = "Upgrade";
        response.SecWebSocketAccept = WebSocketHandshake.AcceptFor(request.SecWebSocketKey!);
        await http.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync().ConfigureAwait(false);
        identity?.Keep();
        http.Features.GetRequiredFeature<IDetachableConnection>().Detach(Begin, () => identity?.End());
    }

    /// <summary>What becomes of a handshake that is in order: null where the service simply gets the session.</summary>
    private static async ValueTask<HandshakeDecision?> DecideAsync(HttpContext http, Route route)
    {
        Service service = route.Service;
        if (service.DirectionFor(http, route) is { } direction && ClientHandshake.DecisionFor(http, service, direction) is { } away)
        {
            return away;
        }

        HandshakeDecision? decision = service.Detour is { } detour
            ? await detour.DecideAsync(http, route).ConfigureAwait(false)
            : await service.OnHandshakeAsync(http, route).ConfigureAwait(false);
        if (decision?.Begin is { } relay && service.Protection is { } protection)
        {
            // The session is not the service's, and ends with its login all the same.
            return decision with
            {
                Begin = session =>
                {
                    relay(session);
                    protection.Limit(session);
                },
            };
        }

        return decision ?? ClientHandshake.DecisionFor(http, route);
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
            return response => RefuseUpgradeAsync(response, "This address speaks WebSocket.");
        }

        if (request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0)
        {
            return response => BadRequestAsync(response, "A WebSocket handshake has no body.");
        }

        if (!HttpProtocol.IsHttp11(request.Protocol) || http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true })
        {
            return response => BadRequestAsync(response, "The Connection header does not name Upgrade, or the request is not HTTP/1.1.");
        }

        if (VersionRefusal(request) is { } refusal)
        {
            return refusal;
        }

        if (request.Headers.SecWebSocketKey is not [{ } key] || !WebSocketHandshake.IsValidKey(key))
        {
            return response => BadRequestAsync(response, "Sec-WebSocket-Key is not 16 bytes in base64.");
        }

        return null;
    }

    private static Func<HttpResponse, Task>? VersionRefusal(HttpRequest request)
    {
        if (request.Headers.SecWebSocketVersion is var version && version.Count != 1)
        {
            return version.Count == 0 && request.Headers.SecWebSocketKey.Count == 0 && !HttpProtocol.IsHttp2(request.Protocol)
                ? RefuseHixieAsync
                : response => BadRequestAsync(response, "A WebSocket handshake has one Sec-WebSocket-Version header.");
        }

        if (version != WebSocketHandshake.Version && (version != ClientHandshake.Version8 || HttpProtocol.IsHttp2(request.Protocol)))
        {
            return response => RefuseUpgradeAsync(
                response, "The WebSocket version spoken here is 13.", (HeaderNames.SecWebSocketVersion, WebSocketHandshake.Version));
        }

        return null;
    }

    // HTTP/2 has neither an Upgrade header nor a Connection header, without which a 426 is none.
    private static Task RefuseUpgradeAsync(HttpResponse response, string words, params ReadOnlySpan<(string Name, string Value)> headers) =>
        HttpProtocol.IsHttp2(response.HttpContext.Request.Protocol)
            ? RefuseAsync(response, StatusCodes.Status400BadRequest, words, headers)
            : RefuseAsync(
                response, StatusCodes.Status426UpgradeRequired, words,
                [(HeaderNames.Upgrade, "websocket"), (HeaderNames.Connection, "Upgrade"), .. headers]);

    private static Task BadRequestAsync(HttpResponse response, string words) => RefuseAsync(response, StatusCodes.Status400BadRequest, words);

    /// <summary>The drafts before HyBi have another handshake and other frames; what follows the head of one is no request.</summary>
    private static Task RefuseHixieAsync(HttpResponse response) => RefuseAsync(
        response, StatusCodes.Status400BadRequest, "This is the handshake of an old draft of WebSocket (Hixie 75 or 76). Spoken here is version 13, RFC 6455: use a newer client.",
        (HeaderNames.Connection, "close"));

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
