using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Http;

/// <summary>
/// Whether a page of another origin may do what it asks for: <c>cross-site-constraint</c>, as the Fetch standard's CORS protocol
/// has it. Holds for every request and for WebSocket handshakes, which browsers open without asking (RFC 6455, section 10.2).
/// </summary>
internal sealed partial class CrossOrigin(ILogger logger)
{
    // Headers that clients of the gateway send, and that needed no allow-headers ever.
    private static readonly string[] s_usualHeaders =
        ["content-type", "authorization", "x-websocket-extensions", "x-websocket-version", "x-websocket-protocol"];

    /// <summary>Decides, and says what it decided in the response. True where the request is to be served.</summary>
    internal bool Admits(HttpContext http, Route route)
    {
        IHeaderDictionary request = http.Request.Headers;
        if (route.Service.Configuration.CrossSiteConstraints.Length > 0)
        {
            // Also where no origin was sent: what a cache keeps of this answer must not serve a page that sends one.
            http.Response.Headers.Append(HeaderNames.Vary, HeaderNames.Origin);
        }

        bool preflight = IsPreflight(http.Request);
        string method = preflight && request.AccessControlRequestMethod.Count > 0 ? request.AccessControlRequestMethod.ToString() : MethodOf(http);
        // A preflight that only asks for headers asks for no method.
        bool asksNoMethod = preflight && request.AccessControlRequestMethod.Count == 0;
        CrossSiteConstraint? ofOrigin = null;
        foreach (StringValues claim in PageOrigin.ClaimsOf(http.Request))
        {
            if (IsSameOrigin(claim, http, route))
            {
                continue;
            }

            // Of an origin that was let in by its name the answer says that name, and no header can say others (RFC 9110, section 5.5).
            CrossSiteConstraint? constraint = claim is [{ } origin] && !origin.AsSpan().ContainsAnyExceptInRange(' ', '~')
                ? Find(route.Service.Configuration, origin)
                : null;
            if (constraint is null || !(asksNoMethod || constraint.AllowMethods.Contains(method, StringComparer.Ordinal)))
            {
                LogRejected(http.Request.Path, claim.ToString());
                http.Response.StatusCode = StatusCodes.Status403Forbidden;
                return false;
            }

            ofOrigin ??= claim == request.Origin ? constraint : null;
        }

        if (ofOrigin is null)
        {
            return true;
        }

        IHeaderDictionary response = http.Response.Headers;
        response.AccessControlAllowOrigin = request.Origin;
        response.AccessControlAllowCredentials = "true";
        if (!preflight)
        {
            return true;
        }

        response.AccessControlAllowMethods = string.Join(", ", ofOrigin.AllowMethods);
        response.AccessControlAllowHeaders = string.Join(", ", s_usualHeaders.Union(ofOrigin.AllowHeaders, StringComparer.OrdinalIgnoreCase));
        if (ofOrigin.MaximumAge is { } age)
        {
            response.AccessControlMaxAge = ((long)age.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        response.ContentLength = 0;
        http.Response.StatusCode = StatusCodes.Status200OK;
        return false;
    }

    /// <summary>Of which other origins the page is that a request is made for; empty where it is of the service's own, or there is none.</summary>
    internal static string ForeignOriginOf(HttpContext http, Route route) =>
        string.Join(' ', PageOrigin.ClaimsOf(http.Request)
            .Where(claim => !IsSameOrigin(claim, http, route))
            .Select(claim => WebOrigin.TryParse(claim, out WebOrigin origin) ? origin.Text : claim.ToString())
            .Distinct(StringComparer.Ordinal));

    /// <summary>True where a page of another origin may do what it asks for only because every page may.</summary>
    internal static bool IsLetInWithAll(HttpContext http, Route route) => PageOrigin.ClaimsOf(http.Request)
        .Any(claim => !IsSameOrigin(claim, http, route) && Find(route.Service.Configuration, claim.ToString()) is not { AllowOrigin: not "*" });

    private static bool IsPreflight(HttpRequest request) =>
        HttpMethods.IsOptions(request.Method)
        && (request.Headers.AccessControlRequestMethod.Count > 0 || request.Headers.AccessControlRequestHeaders.Count > 0);

    // Over HTTP/2 a WebSocket is opened with CONNECT (RFC 8441); for a page it is the same GET.
    private static string MethodOf(HttpContext http) => WebSocketUpgrade.IsExtendedConnect(http) ? HttpMethods.Get : http.Request.Method;

    private static bool IsSameOrigin(StringValues claim, HttpContext http, Route route) =>
        claim is [{ } text] && WebOrigin.TryParse(text, out WebOrigin origin)
        // The accept's own: behind a proxy that does TLS, this side of it does not know what the page sees.
        && (origin == WebOrigin.Of(route.Uri)
            // Pages that come from where the balancer is (docs/spec/compat.md, section 4.8).
            || route.Service.Configuration.Balances.Any(balance => origin == WebOrigin.Of(balance.Uri))
            // Client libraries in Java; no page has such an origin (docs/spec/compat.md, section 4.8).
            || (route.Uri.Scheme.IsWebSocket && origin.Text.StartsWith("privileged://", StringComparison.Ordinal))
            || (WebOrigin.TryParse($"{http.Request.Scheme}://{http.Request.Host.Value}", out WebOrigin own) && origin == own));

    /// <summary>The constraint for this very origin, or else the one for all; <c>null</c> is no origin, so only the latter is for it.</summary>
    private static CrossSiteConstraint? Find(ServiceConfiguration service, string text)
    {
        bool known = WebOrigin.TryParse(text, out WebOrigin origin);
        CrossSiteConstraint? forAll = null;
        foreach (CrossSiteConstraint constraint in service.CrossSiteConstraints)
        {
            if (constraint.AllowOrigin == "*")
            {
                forAll ??= constraint;
            }
            else if (known && WebOrigin.TryParse(constraint.AllowOrigin, out WebOrigin allowed) && allowed == origin)
            {
                return constraint;
            }
        }

        return forAll;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Rejected cross-origin request for location \"{Location}\" from origin \"{Origin}\"")]
    private partial void LogRejected(string? location, string origin);
}
