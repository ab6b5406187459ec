using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.HttpRedirect;

/// <summary>The properties of an <c>http.redirect</c> service.</summary>
public sealed record HttpRedirectOptions : ServiceOptions
{
    /// <summary><c>location</c>: where clients are sent, a URI or a path, in visible ASCII.</summary>
    public required string Location { get; init; }

    /// <summary><c>status-code</c>: 300, 301, 302, 303, 307 or 308.</summary>
    public int StatusCode { get; init; } = 300;

    /// <summary><c>cache-control</c>: the directives of the answer's <c>Cache-Control</c>, in the order of the file; empty for no such header.</summary>
    public ImmutableArray<string> CacheControl { get; init; } = [];

    /// <summary><c>propagate-path</c>: whether what follows the accept's path in a request follows the location's path, too.</summary>
    public bool PropagatesPath { get; init; }

    /// <summary><c>propagate-query</c>: whether the query of a request is added to the location's.</summary>
    public bool PropagatesQuery { get; init; }
}
