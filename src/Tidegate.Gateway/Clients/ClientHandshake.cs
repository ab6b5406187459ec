using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// What the client libraries of the old gateway expect of a WebSocket handshake beyond RFC 6455 (docs/clients.md). Whoever asks for nothing
/// of it is none of its business.
/// </summary>
internal static class ClientHandshake
{
    /// <summary>Says that another handshake follows within the WebSocket. It goes before every other subprotocol.</summary>
    internal const string Subprotocol = "x-kaazing-handshake";

    /// <summary>The version of the drafts HyBi 8 to 12, whose frames are those of RFC 6455.</summary>
    internal const string Version8 = "8";

    private const string OldOrigin = "Sec-WebSocket-Origin";

    /// <summary>How a service that serves its clients itself goes about this one; null where as with any other.</summary>
    internal static HandshakeDecision? DecisionFor(HttpContext http, Route route)
    {
        bool aware = IsAware(http.Request);
        Service service = route.Service;
        if (OffersInner(http.Request))
        {
            AcceptOptions accept = service.Configuration.AcceptOptions;
            var terms = new InnerTerms(ProtectedBy(http, service, request => Grant(request, accept)), session => Stay(session, service, aware))
            {
                SaysStay = aware,
                EndsWithEmptyFrame = aware || IsOfVersion3(http.Request),
            };
            return new HandshakeDecision(Subprotocol, session => InnerHandshake.Begin((WebSocketSession)session, terms));
        }

        return aware ? new HandshakeDecision(SelectSubprotocol(http, service), session => Stay(session, service, says: true)) : null;
    }

    /// <summary>How a service that sends its clients elsewhere tells this one so; null where it can not within the WebSocket.</summary>
    /// <param name="http">The request.</param>
    /// <param name="service">The service.</param>
    /// <param name="direction">Where clients are sent.</param>
    internal static HandshakeDecision? DecisionFor(HttpContext http, Service service, ClientDirection direction)
    {
        bool aware = IsAware(http.Request);
        if (OffersInner(http.Request) && (aware || direction.HoldsForUnaware))
        {
            AcceptOptions accept = service.Configuration.AcceptOptions;
            var terms = new InnerTerms(
                ProtectedBy(http, service, request => aware ? Grant(request, accept) : direction.Next(null) is { } uri ? InnerResponse.Found("http" + uri["ws".Length..]) : InnerResponse.Unavailable()),
                session => Directive.SendAway(session, direction.Next(null)))
            {
                SaysStay = true,
                EndsWithEmptyFrame = aware || IsOfVersion3(http.Request),
            };
            return new HandshakeDecision(Subprotocol, session => InnerHandshake.Begin((WebSocketSession)session, terms));
        }

        if (aware || (direction.HoldsForUnaware && http.Request.Headers.SecWebSocketVersion == Version8))
        {
            return new HandshakeDecision(SelectSubprotocol(http, service), session =>
            {
                session.Start();
                Directive.SendAway(session, direction.Next(null));
            });
        }

        return null;
    }

    /// <summary>
    /// Puts the origin where it is looked for: clients of version 8 have another header for it. Where both are there, both must be let in,
    /// which two headers never are.
    /// </summary>
    internal static void TakeOldOrigin(IHeaderDictionary request)
    {
        if (request.SecWebSocketVersion == Version8 && request.TryGetValue(OldOrigin, out StringValues origin))
        {
            request.Origin = StringValues.Concat(request.Origin, origin);
        }
    }

    /// <summary>Whether the client makes another handshake within the WebSocket.</summary>
    internal static bool OffersInner(HttpRequest request) =>
        request.Headers.GetCommaSeparatedValues(HeaderNames.SecWebSocketProtocol).Contains(Subprotocol, StringComparer.Ordinal);

    /// <summary>
    /// Whether the client is answered within the WebSocket by this gateway, and can say there who it is. Where a service relays clients
    /// that are not told to go elsewhere, the handshake is played by whoever they are relayed to.
    /// </summary>
    internal static bool IsAnsweredWithin(HttpContext http, Route route) =>
        OffersInner(http.Request)
        && (IsAware(http.Request) || route.Service.DirectionFor(http, route) is not { HoldsForUnaware: false });

    /// <summary>Whether the client understands where it is sent within the WebSocket, and waits to hear of it.</summary>
    private static bool IsAware(HttpRequest request) => request.Query[".kl"].Contains("Y", StringComparer.Ordinal);

    private static bool IsOfVersion3(HttpRequest request) => request.Query[".kv"].Contains("10.05", StringComparer.Ordinal);

    private static string? SelectSubprotocol(HttpContext http, Service service) =>
        WebSocketHandshake.SelectSubprotocol(service.Configuration.AcceptOptions.Subprotocols, http.Request.Headers.SecWebSocketProtocol);

    /// <summary>Where a client library is to say who it is, it does so in the request within the WebSocket.</summary>
    private static Func<InnerRequest, CancellationToken, ValueTask<InnerResponse>> ProtectedBy(HttpContext http, Service service, Func<InnerRequest, InnerResponse> decide)
    {
        if (service.Protection is not { Realm.Scheme.IsApplication: true } protection)
        {
            return (request, _) => ValueTask.FromResult(decide(request));
        }

        // The request that opened the WebSocket is over by then.
        InnerCredentials outer = InnerCredentials.From(http.Request, protection.Places);
        IPAddress? address = http.Connection.RemoteIpAddress;
        return async (request, cancellation) =>
        {
            // Requests come on an event loop, and whoever checks a password may take a while over it.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            Admission admission = await protection.AdmitAsync(outer.With(request.Headers), address, cancellation).ConfigureAwait(false);
            return admission.Status switch
            {
                200 => decide(request) with { Identity = admission.Identity },
                401 => InnerResponse.Challenge((admission.Challenger ?? protection.Realm).Challenge(forLibrary: true, admission.Reply), admission.ChallengeId),
                403 => InnerResponse.Forbidden(),
                503 => InnerResponse.Unavailable(),
                _ => InnerResponse.Bad(),
            };
        };
    }

    private static InnerResponse Grant(InnerRequest request, AcceptOptions accept) => InnerResponse.Granted(
        WebSocketHandshake.SelectSubprotocol(accept.Subprotocols, request.Protocols), ExtensionAgreement.To(request.Extensions, accept.InactivityTimeout));

    private static void Stay(Session session, Service service, bool says)
    {
        if (says)
        {
            Directive.SendStay(session);
        }

        service.Begin(session);
    }
}
