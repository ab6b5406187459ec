using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Clients;

/// <summary>
/// <c>PATH/;e/cookies</c>: a client that can not see its own cookies has them told before it opens a WebSocket, and opens none where this
/// is not answered.
/// </summary>
internal static class CookieEcho
{
    private const string Suffix = "/;e/cookies";

    /// <summary>The path of the accept that a request for cookies is about; null where it is none.</summary>
    internal static string? AcceptPathOf(string path)
    {
        if (!path.EndsWith(Suffix, StringComparison.Ordinal))
        {
            return null;
        }

        return path.Length == Suffix.Length ? "/" : path[..^Suffix.Length];
    }

    internal static Task HandleAsync(HttpContext http)
    {
        HttpResponse response = http.Response;
        if (!HttpMethods.IsGet(http.Request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET";
            return Task.CompletedTask;
        }

        response.ContentType = "text/plain; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.Vary = "Cookie";
        return response.WriteAsync(IsFromBrowser(http.Request) ? string.Empty : http.Request.Headers.Cookie.ToString());
    }

    /// <summary>
    /// A browser keeps some cookies from the scripts of a page, and what it sends back to a server is not to be shown to them. Over plain HTTP
    /// a page can have it leave out all that names the page; that it takes compressed answers it always says, and the library in Java never.
    /// </summary>
    internal static bool IsFromBrowser(HttpRequest request) =>
        request.Headers.Origin.Count > 0 || request.Headers.ContainsKey(HeaderNames.Referer) || request.Headers.ContainsKey("X-Origin")
        || request.Headers.AcceptEncoding.Count > 0
        || request.Headers.Any(header => header.Key.StartsWith("Sec-Fetch-", StringComparison.OrdinalIgnoreCase));
}
