using System.Collections.Immutable;
using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>What caches are told about each file: the <c>location</c> elements of a directory service.</summary>
internal sealed class CacheRules
{
    private readonly ImmutableArray<(PathPattern Pattern, CacheControl Control)> _rules;

    internal CacheRules(ImmutableArray<DirectoryLocation> locations) =>
        // The most specific first; of equals, the one that is written first.
        _rules = [.. locations
            .SelectMany(location => location.Patterns.Select(pattern => (Pattern: new PathPattern(pattern), location.CacheControl)))
            .OrderByDescending(rule => rule.Pattern.Weight)];

    /// <summary>Sets <c>Cache-Control</c> and <c>Expires</c>.</summary>
    /// <param name="response">The response.</param>
    /// <param name="name">The file's path relative to the directory.</param>
    /// <param name="now">The time of the request.</param>
    /// <param name="modified">The file's last modification.</param>
    internal void Apply(HttpResponse response, string name, DateTimeOffset now, DateTimeOffset modified)
    {
        if (_rules.IsEmpty)
        {
            return;
        }

        CacheControl[] matching = [.. _rules.Where(rule => rule.Pattern.Matches(name)).Select(rule => rule.Control)];
        (string? header, long? maxAge) = CacheControl.Combine(matching, now, modified);
        if (header is not null)
        {
            response.Headers.CacheControl = header;
        }

        if (maxAge is { } seconds)
        {
            response.Headers.Expires = now.AddSeconds(seconds).ToString("R", CultureInfo.InvariantCulture);
        }
    }
}
