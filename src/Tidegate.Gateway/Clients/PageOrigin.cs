using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// For which page a request is made. A browser says so in <c>Origin</c>; the gateway's own page for pages of other origins (<see cref="BridgePage"/>), whose
/// requests are all of the gateway's origin, in <c>X-Origin</c> (docs/spec/clients.md, section 3).
/// </summary>
internal static class PageOrigin
{
    internal const string Header = "X-Origin";

    /// <summary>The same in a query, where a client can set no header that has an origin as its value.</summary>
    internal const string Parameter = ".ko";

    /// <summary>
    /// Every origin that a request names: all of them have to be let in. Of what clients of the old gateway ask for (<c>/;…</c>), the page in
    /// <c>Referer</c> counts where nothing else is said: an image or a script in a foreign page comes with it, unless that page sees to it that it does not.
    /// </summary>
    internal static IEnumerable<StringValues> ClaimsOf(HttpRequest request)
    {
        StringValues origin = request.Headers.Origin;
        StringValues page = request.Headers[Header];
        if (origin.Count > 0)
        {
            yield return origin;
        }

        if (page.Count > 0)
        {
            yield return page;
        }

        if (origin.Count + page.Count == 0 && request.Path.Value?.Contains("/;", StringComparison.Ordinal) == true && OfReferer(request) is { } referer)
        {
            yield return referer;
        }
    }

    /// <summary>
    /// Puts an origin that the query names where it is looked for. Whoever wants a browser to ask in its name can write a query, so it counts only
    /// beside a header that no page has a browser send without being asked: <c>X-Origin-</c> and the origin percent-encoded, or the same in <c>Origin</c>.
    /// </summary>
    /// <returns>False where it is not to be believed.</returns>
    internal static bool TryTakeFromQuery(HttpRequest request, string? named)
    {
        if (named is null)
        {
            return true;
        }

        IHeaderDictionary headers = request.Headers;
        StringValues already = headers[Header];
        if (already.Count > 0)
        {
            return already == named;
        }

        if (named.Length == 0 || !(headers.Origin == named || headers.ContainsKey($"{Header}-{Uri.EscapeDataString(named)}")))
        {
            return false;
        }

        headers[Header] = named;
        return true;
    }

    private static string? OfReferer(HttpRequest request) =>
        Uri.TryCreate(request.Headers.Referer.ToString(), UriKind.Absolute, out Uri? uri) && uri.Scheme is "http" or "https"
        && WebOrigin.TryParse($"{uri.Scheme}://{uri.Authority}", out WebOrigin origin)
            ? origin.Text
            : null;
}
