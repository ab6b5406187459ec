using System.Text.RegularExpressions;

namespace Tidegate.EndToEnd.Tests.Documentation;

/// <summary>docs/what-happens-when.md promises what tests do: each row names one, and there it is.</summary>
public sealed partial class WhatHappensWhenTests
{
    [Fact]
    public void Every_row_names_a_test_that_exists()
    {
        string[] rows = [.. File.ReadLines(Path.Combine(Repository.Root, "docs", "what-happens-when.md")).Where(line => line.StartsWith("| ", StringComparison.Ordinal)).Skip(2)];
        string[] sources = [.. Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), "*Tests.cs", SearchOption.AllDirectories)];
        Assert.NotEmpty(rows);
        foreach (string row in rows)
        {
            Match named = TestName().Match(row);
            Assert.True(named.Success, $"This row names no test: {row}");
            (string type, string method) = (named.Groups[1].Value, named.Groups[2].Value);
            string? source = Array.Find(sources, file => Path.GetFileNameWithoutExtension(file) == type);
            Assert.True(source is not null, $"There is no {type}.cs, of which the page names {method}.");
            Assert.True(
                Regex.IsMatch(File.ReadAllText(source), $@"^    public (async Task|void|Task) {Regex.Escape(method)}\(", RegexOptions.Multiline),
                $"{type} has no test {method}, which the page names.");
        }
    }

    /// <summary>The test in the last column.</summary>
    [GeneratedRegex(@"`(\w+Tests)\.(\w+)`[^|]*\|$")]
    private static partial Regex TestName();
}
