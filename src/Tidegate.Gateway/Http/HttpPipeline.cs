using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Http;

/// <summary>Decides what becomes of a request. Every kind of client passes here, so this is where rules of access belong.</summary>
internal sealed class HttpPipeline(ILogger logger)
{
    private readonly CrossOrigin _crossOrigin = new(logger);

    internal Task HandleAsync(HttpContext http)
    {
        if (GatewayResources.IsOne(http.Request.Path.Value ?? "/", http.Request.QueryString.Value ?? ""))
        {
            return GatewayResources.HandleAsync(http);
        }

        RouteTable routes = http.Features.GetRequiredFeature<IDetachableConnection>().Routes;
        string path = RawPath(http);
        Route? webSocket = routes.FindWebSocket(http.Request.Host, path);
        if (webSocket is { Service.IsAccepting: true })
        {
            return _crossOrigin.Admits(http, webSocket) ? WebSocketUpgrade.HandleAsync(http, webSocket) : Task.CompletedTask;
        }

        // Files are found by the decoded path: it is what their names are.
        if (!WebSocketUpgrade.IsAsked(http) && routes.FindHttp(http.Request.Host, http.Request.Path.Value ?? "/") is { Service.IsAccepting: true } route)
        {
            return _crossOrigin.Admits(http, route) ? route.Service.OnRequestAsync(http, route.DecodedPath) : Task.CompletedTask;
        }

        routes.ReportIfUnknown(http.Request.Host, http.Connection.LocalPort);
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    /// <summary>The path as it was sent, still percent-encoded, which is how accepts are written.</summary>
    private static string RawPath(HttpContext http)
    {
        string target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        int query = target.IndexOf('?', StringComparison.Ordinal);
        string path = query < 0 ? target : target[..query];
        return path.StartsWith('/') ? path : http.Request.Path.Value ?? "/";
    }
}
