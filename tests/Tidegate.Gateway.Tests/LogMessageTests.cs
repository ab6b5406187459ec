using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Tests;

/// <summary>docs/troubleshooting.md explains every line that a gateway writes without being asked for more, and no line that it does not.</summary>
public sealed partial class LogMessageTests
{
    private const string Gone = "## Lines of the old gateway that are not written";

    // They have no words of their own: what they pass on is explained where it comes from.
    private static readonly string[] s_passedOn = ["{Message}", "{Warning}", "{Text}", "{Text} ({LeftOut} other warnings were left out since the last one.)", "{Position}: {Warning}", "  {Address}"];

    private static readonly string s_page = File.ReadAllText(Repository.File("docs", "troubleshooting.md"));

    /// <summary>What stands between back-ticks in the first column of the tables.</summary>
    private static readonly string[] s_lines =
        [.. s_page[..s_page.IndexOf(Gone, StringComparison.Ordinal)].Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).SelectMany(row => Quoted().Matches(row.Split('|')[1])).Select(match => match.Groups[1].Value)];

    private static readonly string s_sources = string.Concat(
        Directory.EnumerateFiles(Repository.File("src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(file => File.ReadAllText(file).Replace("\\\"", "\"", StringComparison.Ordinal)));

    /// <summary>Those of the gateway by reflection, and those of the command line and of the library of members from their sources.</summary>
    public static TheoryData<string> Messages =>
    [
        .. OfGateway()
            .Concat(Written("Tidegate.Host", LoggedByHost()))
            .Concat(Written("Tidegate.Membership", LoggedByMembers()))
            .Except(s_passedOn),
    ];

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_line_of_the_log_is_explained(string message)
    {
        // The first clause, less its values. After a few words a colon ends it, too.
        string clause = Regex.Split(message, @"[;,]|\. ")[0].TrimEnd('.');
        clause = Regex.Match(clause, @"^(\S+ ){3,}\S+?(?=: )") is { Success: true } head ? head.Value : clause;
        string[] parts = [.. Regex.Split(clause, @"\{[^}]*\}").Select(part => part.Trim()).Where(part => part.Any(char.IsLetter))];

        Assert.NotEmpty(parts);
        Assert.True(s_lines.Any(line => HasInOrder(line, parts)), $"docs/troubleshooting.md has no row with: {string.Join(" … ", parts)}");
    }

    [Fact]
    public void Every_line_that_is_explained_is_written()
    {
        foreach (string line in s_lines)
        {
            // The words before the first value; a value has no small letters, or is left out.
            string words = string.Join(' ', line.Trim().Split(' ').SkipWhile(IsValue).TakeWhile(word => !IsValue(word)));

            Assert.True(
                words.Length == 0 || s_sources.Contains(words, StringComparison.Ordinal) || OfGateway().Any(message => message.Contains(words, StringComparison.Ordinal)),
                $"Nothing says what docs/troubleshooting.md explains: {line}");
        }

        static bool IsValue(string word) => word.Contains('…', StringComparison.Ordinal) || !word.Any(char.IsAsciiLetterLower);
    }

    [Fact]
    public void There_are_lines_to_explain()
    {
        Assert.True(OfGateway().Count() > 50);
        Assert.True(Written("Tidegate.Host", LoggedByHost()).Count() > 3);
        Assert.True(Written("Tidegate.Membership", LoggedByMembers()).Count() > 12);
        Assert.All(s_passedOn, message => Assert.Contains(message, s_sources, StringComparison.Ordinal));
    }

    /// <summary>Whoever searches for what the old gateway said finds what is said instead.</summary>
    [Fact]
    public void The_lines_of_the_old_gateway_that_are_left_out_are_explained()
    {
        string table = s_page[s_page.IndexOf(Gone, StringComparison.Ordinal)..];
        string[] said = [.. Configuration.Inventory.Rows("5.3", "| ").Where(row => row.Length == 2 && row[0] != "When" && row[0][0] != '-').SelectMany(row => Configuration.Inventory.Names(row[1]))];
        Assert.True(said.Length > 10);
        foreach (string message in said)
        {
            string words = message.Split("{}")[^1] is { Length: > 4 } end && message.StartsWith("Cluster member", StringComparison.Ordinal) ? end.Trim() : message.Split("{}")[0].Trim();
            Assert.True(
                table.Contains(words, StringComparison.Ordinal) || s_sources.Contains(words, StringComparison.Ordinal) || words == "... unbound",
                $"The gateway does not say this, and docs/troubleshooting.md does not say what it says instead: {message}");
        }
    }

    private static IEnumerable<string> OfGateway() =>
        from type in typeof(GatewayServer).Assembly.GetTypes()
        from method in type.GetMethods(BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let attribute = method.GetCustomAttribute<LoggerMessageAttribute>()
        where attribute is not null && attribute.Level >= LogLevel.Information
        select attribute.Message;

    private static IEnumerable<string> Written(string project, Regex call) =>
        from file in Directory.EnumerateFiles(Repository.File("src", project), "*.cs", SearchOption.AllDirectories)
        from Match match in call.Matches(File.ReadAllText(file))
        select match.Groups[1].Value;

    private static bool HasInOrder(string line, string[] parts)
    {
        int at = 0;
        foreach (string part in parts)
        {
            at = line.IndexOf(part, at, StringComparison.Ordinal);
            if (at < 0)
            {
                return false;
            }

            at += part.Length;
        }

        return true;
    }

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"\.Log(?:Information|Warning|Error)\((?:\w+, )?\$?""([^""]+)""")]
    private static partial Regex LoggedByHost();

    // What the library says for information is for those who debug it, when a gateway uses it.
    [GeneratedRegex(@"(?:\.Log(?:Warning|Error)\((?:\w+, )?|[wW]arnings\.Write\(|_host\.Warn\()\$?""([^""]+)""")]
    private static partial Regex LoggedByMembers();
}
