using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Tidegate.Gateway.Http;

/// <summary>
/// The part of a request's path that lies below an accept, as it was sent, for services that write it into another URI. What is sent on
/// must mean to everybody what it meant here, so dots are taken out, and a path is refused that only shows a way out once it is decoded.
/// </summary>
internal static class RequestPath
{
    /// <summary>What a request gets whose path is not to be handed on, in words.</summary>
    internal const string Refusal = "The path hides a way out of the directory that it names.";

    /// <summary>
    /// What follows the accept's path, percent-encoded as it was sent, dot segments removed (RFC 3986, section 5.2.4): empty at <c>/base</c>
    /// of an accept at <c>/base</c> or <c>/base/</c>, <c>/</c> at <c>/base/</c>. Null where servers could read the path in two ways: a segment
    /// that is <c>..</c> once a slash, a backslash or a parameter in it is decoded.
    /// </summary>
    /// <param name="http">The request. It was routed to the accept by its decoded path.</param>
    /// <param name="accept">The accept's path, percent-encoded.</param>
    internal static string? Below(HttpContext http, string accept) => Below(HttpPipeline.RawPath(http), accept);

    /// <summary>
    /// The query as it was sent, with its question mark; empty where there is none. A <c>#</c>, which no URI has in its query, is encoded, since
    /// whoever reads the query within another URI would take it for the end.
    /// </summary>
    internal static string QueryOf(HttpContext http)
    {
        string target = http.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        int query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? "" : target[query..].Replace("#", "%23", StringComparison.Ordinal);
    }

    /// <inheritdoc cref="Below(HttpContext, string)"/>
    internal static string? Below(string path, string accept)
    {
        if (!path.StartsWith('/') || WithoutDots(path) is not { } segments)
        {
            return null;
        }

        string[] prefix = accept.Trim('/') is { Length: > 0 } inner ? inner.Split('/') : [];
        if (segments.Count < prefix.Length)
        {
            return null;
        }

        for (int i = 0; i < prefix.Length; i++)
        {
            if (Uri.UnescapeDataString(prefix[i]) != Uri.UnescapeDataString(segments[i]))
            {
                return null;
            }
        }

        return segments.Count == prefix.Length ? "" : "/" + string.Join('/', segments.Skip(prefix.Length));
    }

    private static List<string>? WithoutDots(string path)
    {
        string[] sent = path[1..].Split('/');
        var segments = new List<string>(sent.Length);
        for (int i = 0; i < sent.Length; i++)
        {
            string decoded = Uri.UnescapeDataString(sent[i]);
            if (decoded is not ("." or ".."))
            {
                if (HidesDots(decoded))
                {
                    return null;
                }

                segments.Add(sent[i].Replace("#", "%23", StringComparison.Ordinal));
                continue;
            }

            if (decoded == ".." && segments.Count > 0)
            {
                segments.RemoveAt(segments.Count - 1);
            }

            if (i == sent.Length - 1)
            {
                // "/a/." and "/a/b/.." mean the directory.
                segments.Add("");
            }
        }

        return segments;
    }

    /// <summary>Some servers take %2F and the backslash for a slash, and some forget what follows a semicolon before they look for dots.</summary>
    private static bool HidesDots(string decoded) =>
        decoded.Contains("..", StringComparison.Ordinal)
        && decoded.Split('/', '\\').Any(part => (part.IndexOf(';', StringComparison.Ordinal) is >= 0 and var end ? part[..end] : part) == "..");
}
