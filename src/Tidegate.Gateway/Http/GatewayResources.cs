using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Clients;

namespace Tidegate.Gateway.Http;

/// <summary>
/// Paths that belong to the gateway itself, before any service: <c>/;…</c> anywhere in a path, <c>/clientaccesspolicy.xml</c>, and
/// <c>/?.kr=…</c>. Client libraries of the old gateway ask for them (docs/spec/compat.md, chapter 3.4).
/// </summary>
internal static class GatewayResources
{
    private const string ResourcePath = "/;resource/";

    /// <summary>Whether a request is for one of them.</summary>
    /// <param name="path">The path, percent-decoded.</param>
    /// <param name="query">The query with its question mark, or empty.</param>
    internal static bool IsOne(string path, string query) =>
        path.Contains("/;", StringComparison.Ordinal) || path == "/clientaccesspolicy.xml" || (path == "/" && AsksForResource(query));

    /// <summary>Answers such a request, unless it is of those that `Clients` serves: there is one resource, and no service is to be mistaken for another.</summary>
    internal static Task HandleAsync(HttpContext http, RouteTable routes)
    {
        if (NameOf(http.Request) == BridgePage.Name)
        {
            return BridgePage.HandleAsync(http, routes.ForClients(http.Request.Host));
        }

        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    /// <summary>The resource that is asked for, in either way of asking; null where none is.</summary>
    private static string? NameOf(HttpRequest request) =>
        request.Path.Value is not { } path ? null
        : path.StartsWith(ResourcePath, StringComparison.Ordinal) ? path[ResourcePath.Length..]
        : path == "/" ? request.Query[".kr"].ToString()
        : null;

    private static bool AsksForResource(string query) =>
        query.StartsWith("?.kr=", StringComparison.Ordinal) || query.Contains("&.kr=", StringComparison.Ordinal);
}
