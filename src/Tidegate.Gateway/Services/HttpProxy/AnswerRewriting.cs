using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>What becomes of the headers of an answer that say where something is: <c>Location</c> and <c>Set-Cookie</c>.</summary>
internal sealed class AnswerRewriting(HttpProxyOptions options)
{
    /// <summary>A location as the client is to know it.</summary>
    /// <param name="location">What the back-end says.</param>
    /// <param name="connect">The back-end.</param>
    /// <param name="accept">The accept as the client calls it: scheme, authority and path, a slash at its end.</param>
    internal string Location(string location, GatewayUri connect, string accept)
    {
        if (!options.RewritesLocations)
        {
            return location;
        }

        foreach (TextMapping mapping in options.Locations)
        {
            if (Replace(location, mapping.From, mapping.To) is { } mapped)
            {
                return mapped;
            }
        }

        return Below(location, connect) is { } below ? accept + below : location;
    }

    /// <summary>What follows the connect's path in a location that leads there; null where it leads elsewhere.</summary>
    internal static string? Below(string location, GatewayUri connect)
    {
        string path = location;
        if (!location.StartsWith('/') || location.StartsWith("//", StringComparison.Ordinal))
        {
            string scheme = $"{connect.Scheme.Name}://";
            int authority = location.StartsWith("//", StringComparison.Ordinal) ? 2
                : location.StartsWith(scheme, StringComparison.OrdinalIgnoreCase) ? scheme.Length
                : 0;
            if (authority == 0)
            {
                return null;
            }

            int end = location.AsSpan(authority).IndexOfAny('/', '?', '#') is >= 0 and var found ? authority + found : location.Length;
            string said = location[authority..end];
            if (!said.Equals(connect.HostHeader, StringComparison.OrdinalIgnoreCase) && !said.Equals(connect.Authority, StringComparison.OrdinalIgnoreCase))
            {
                return null;
            }

            path = location[end..] is ['/', ..] rest ? rest : "/" + location[end..];
        }

        return path.StartsWith(connect.Path, StringComparison.Ordinal) ? path[connect.Path.Length..] : null;
    }

    /// <summary>A cookie as the client is to keep it.</summary>
    internal string Cookie(string cookie)
    {
        if (!(options.RewritesCookieDomains || options.RewritesCookiePaths) || !cookie.Contains(';', StringComparison.Ordinal))
        {
            return cookie;
        }

        string[] parts = cookie.Split(';');
        for (int i = 1; i < parts.Length; i++)
        {
            int equals = parts[i].IndexOf('=', StringComparison.Ordinal);
            string name = (equals < 0 ? parts[i] : parts[i][..equals]).Trim();
            string value = equals < 0 ? "" : parts[i][(equals + 1)..].Trim();
            string? rewritten =
                options.RewritesCookieDomains && name.Equals("Domain", StringComparison.OrdinalIgnoreCase) ? Domain(value, options.CookieDomains)
                : options.RewritesCookiePaths && name.Equals("Path", StringComparison.OrdinalIgnoreCase) ? First(value, options.CookiePaths)
                : null;
            if (rewritten is not null)
            {
                parts[i] = $" {name}={rewritten}";
            }
        }

        return string.Join(';', parts);
    }

    // A dot in front of a domain means nothing any more (RFC 6265, section 5.2.3).
    private static string? Domain(string value, ImmutableArray<TextMapping> mappings) =>
        mappings.FirstOrDefault(mapping => mapping.From.TrimStart('.').Equals(value.TrimStart('.'), StringComparison.OrdinalIgnoreCase))?.To;

    private static string? First(string value, ImmutableArray<TextMapping> mappings) =>
        mappings.Select(mapping => Replace(value, mapping.From, mapping.To)).FirstOrDefault(replaced => replaced is not null);

    /// <summary>A text with another beginning, or null where it does not begin so. What is replaced ends where a segment of a path does.</summary>
    private static string? Replace(string text, string from, string to)
    {
        if (!text.StartsWith(from, StringComparison.Ordinal))
        {
            return null;
        }

        string rest = text[from.Length..];
        return rest.Length == 0 ? to
            : from.EndsWith('/') ? $"{to.TrimEnd('/')}/{rest}"
            : rest[0] is '/' or '?' or '#' ? $"{(rest[0] == '/' ? to.TrimEnd('/') : to)}{rest}"
            : null;
    }
}
