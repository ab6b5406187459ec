using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>The inventory of what users' files may hold (docs/spec/compat.md), read as it stands, so that nothing in it is forgotten.</summary>
internal static partial class Inventory
{
    private static readonly string[] s_lines = File.ReadAllLines(Repository.File("docs", "spec", "compat.md"));

    /// <summary>The cells of each row of the tables in a chapter, headers left out.</summary>
    internal static ImmutableArray<string[]> Rows(string chapter) =>
    [
        .. from line in Chapter(chapter)
           where line.StartsWith("| `", StringComparison.Ordinal)
           select line.Trim('|').Split('|', StringSplitOptions.TrimEntries),
    ];

    /// <summary>What stands between back-ticks.</summary>
    internal static ImmutableArray<string> Names(string text) => [.. Quoted().Matches(text).Select(match => match.Groups[1].Value)];

    /// <summary>The line of a chapter that starts like this.</summary>
    internal static string Line(string chapter, string start) => Chapter(chapter).Single(line => line.StartsWith(start, StringComparison.Ordinal));

    private static IEnumerable<string> Chapter(string number) =>
        s_lines.SkipWhile(line => !line.StartsWith($"## {number} ", StringComparison.Ordinal))
            .Skip(1)
            .TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal) && !line.StartsWith("# ", StringComparison.Ordinal));

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
