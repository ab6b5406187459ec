namespace Tidegate.Gateway.Http;

/// <summary>
/// How a path is read by those who are generous: some servers take several slashes for one, a backslash or an encoded slash for a slash, and
/// leave out what follows a semicolon in a segment. Here all of these are characters like others.
/// </summary>
internal static class OtherReading
{
    /// <summary>The path as the most generous of servers would have it; null where nobody reads it differently.</summary>
    /// <param name="path">The path, percent-decoded, with its dots resolved.</param>
    internal static string? Of(string path)
    {
        if (!path.Contains("//", StringComparison.Ordinal) && path.AsSpan().IndexOfAny('%', ';', '\\') < 0)
        {
            return null;
        }

        var segments = new List<string>();
        foreach (string segment in Decoded(path).Replace('\\', '/').Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            int semicolon = segment.IndexOf(';', StringComparison.Ordinal);
            string name = semicolon < 0 ? segment : segment[..semicolon];
            switch (name)
            {
                case "" or ".":
                    break;
                case "..":
                    segments.RemoveRange(Math.Max(segments.Count - 1, 0), Math.Min(segments.Count, 1));
                    break;
                default:
                    segments.Add(name);
                    break;
            }
        }

        string other = "/" + string.Join('/', segments) + (path.EndsWith('/') && segments.Count > 0 ? "/" : "");
        return other == path ? null : other;
    }

    /// <summary>What was encoded twice or more is decoded by those behind who decode again; a bounded number of them.</summary>
    private static string Decoded(string path)
    {
        for (int i = 0; i < 3 && path.Contains('%', StringComparison.Ordinal); i++)
        {
            path = Uri.UnescapeDataString(path);
        }

        return path;
    }
}
