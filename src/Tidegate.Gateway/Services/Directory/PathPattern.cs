using System.Text;
using System.Text.RegularExpressions;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>A pattern of paths as Ant has them: <c>**/*.html</c>. Case does not matter.</summary>
internal sealed class PathPattern
{
    private readonly Regex _regex;

    internal PathPattern(string text)
    {
        // Linear in the path, whatever the pattern.
        _regex = new Regex(Translate(text.TrimStart('/')), RegexOptions.NonBacktracking | RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.Singleline);
        Weight = text.Count(c => c is not ('*' or '?' or '/'));
    }

    /// <summary>How much of a path it says literally: of two patterns that match, the heavier one is the more specific.</summary>
    internal int Weight { get; }

    /// <summary>Whether a path matches; relative, with slashes and none in front.</summary>
    internal bool Matches(string path) => _regex.IsMatch(path);

    private static string Translate(string pattern)
    {
        // A pattern that ends in a slash is for all that is in there.
        string[] segments = (pattern.EndsWith('/') ? pattern + "**" : pattern).Split('/');
        var regex = new StringBuilder("\\A");
        for (int i = 0; i < segments.Length; i++)
        {
            bool last = i == segments.Length - 1;
            if (segments[i] == "**")
            {
                regex.Append(last ? ".*" : "(?:[^/]*/)*");
                continue;
            }

            foreach (char c in segments[i])
            {
                regex.Append(c switch
                {
                    '*' => "[^/]*",
                    '?' => "[^/]",
                    _ => Regex.Escape(c.ToString()),
                });
            }

            regex.Append(last ? string.Empty : "/");
        }

        return regex.Append("\\z").ToString();
    }
}
