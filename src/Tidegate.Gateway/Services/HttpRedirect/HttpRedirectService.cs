using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Services.HttpRedirect;

/// <summary>Answers every request with a redirect, whatever its method.</summary>
internal sealed class HttpRedirectService : Service
{
    // What caches of HTTP/1.0 heed instead of Cache-Control.
    private const string LongAgo = "Thu, 01 Jan 1970 00:00:00 GMT";
    private readonly HttpRedirectOptions _options;
    private readonly RedirectTarget _target;
    private readonly string? _cacheControl;

    internal HttpRedirectService(ServiceConfiguration configuration)
        : base(configuration)
    {
        _options = (HttpRedirectOptions)configuration.Options;
        _target = new RedirectTarget(_options.Location);
        _cacheControl = _options.CacheControl.IsEmpty ? null : string.Join(", ", _options.CacheControl);
    }

    /// <summary>A client that asks for a WebSocket is told where to go as well, though not every one goes.</summary>
    internal override bool TakesUpgrades => true;

    internal override Task OnRequestAsync(HttpContext http, Route route)
    {
        string? below = _options.PropagatesPath ? RequestPath.Below(http, route.Uri.Path) : "";
        if (below is null)
        {
            return RequestRules.RefuseAsync(http.Response, RequestPath.Refusal);
        }

        // Both are visible ASCII: RequestRules refuses whatever else a request's target may hold.
        string query = _options.PropagatesQuery ? RequestPath.QueryOf(http) : "";
        http.Response.StatusCode = _options.StatusCode;
        http.Response.Headers.Location = _target.For(below, query);
        http.Response.ContentLength = 0;
        if (_cacheControl is not null)
        {
            http.Response.Headers.CacheControl = _cacheControl;
            http.Response.Headers.Expires = LongAgo;
        }

        return Task.CompletedTask;
    }
}
