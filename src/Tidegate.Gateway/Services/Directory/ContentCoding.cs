using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>A content coding that files are sent in.</summary>
/// <param name="Name">As <c>Content-Encoding</c> calls it.</param>
/// <param name="Extension">What the name of a file that was compressed in advance ends in.</param>
internal sealed record ContentCoding(string Name, string Extension)
{
    internal static ContentCoding Brotli { get; } = new("br", ".br");

    internal static ContentCoding Gzip { get; } = new("gzip", ".gz");

    /// <summary>What a client takes besides the file as it is, the most welcome first; of equals, what makes files smaller.</summary>
    internal static ContentCoding[] AcceptedBy(HttpRequest request)
    {
        if (request.Headers.AcceptEncoding.Count == 0 || !StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out IList<StringWithQualityHeaderValue>? accepted))
        {
            return [];
        }

        return [.. new[] { Brotli, Gzip }
            .Select(coding => (Coding: coding, Quality: QualityOf(accepted, coding.Name)))
            .Where(c => c.Quality > 0)
            .OrderByDescending(c => c.Quality)
            .Select(c => c.Coding)];
    }

    private static double QualityOf(IList<StringWithQualityHeaderValue> accepted, string name)
    {
        double any = 0;
        foreach (StringWithQualityHeaderValue each in accepted)
        {
            if (each.Value.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return each.Quality ?? 1;
            }

            if (each.Value.Equals("*", StringComparison.Ordinal))
            {
                any = each.Quality ?? 1;
            }
        }

        return any;
    }
}
