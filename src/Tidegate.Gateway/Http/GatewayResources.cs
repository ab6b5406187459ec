using Microsoft.AspNetCore.Http;

namespace Tidegate.Gateway.Http;

/// <summary>
/// Paths that belong to the gateway itself, before any service: <c>/;…</c> anywhere in a path, <c>/clientaccesspolicy.xml</c>, and
/// <c>/?.kr=…</c>. Client libraries of the old gateway ask for them (docs/spec/compat.md, chapter 3.4).
/// </summary>
internal static class GatewayResources
{
    /// <summary>Whether a request is for one of them.</summary>
    /// <param name="path">The path, percent-decoded.</param>
    /// <param name="query">The query with its question mark, or empty.</param>
    internal static bool IsOne(string path, string query) =>
        path.Contains("/;", StringComparison.Ordinal) || path == "/clientaccesspolicy.xml" || (path == "/" && AsksForResource(query));

    /// <summary>Answers such a request, unless it is of those that `Clients` serves: there are no other resources yet, and no service is to be mistaken for one.</summary>
    internal static Task HandleAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    private static bool AsksForResource(string query) =>
        query.StartsWith("?.kr=", StringComparison.Ordinal) || query.Contains("&.kr=", StringComparison.Ordinal);
}
