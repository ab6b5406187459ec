using System.Text.RegularExpressions;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>What docs/cluster.md says of the lines in the log.</summary>
public sealed class ClusterMessageTests
{
    private static readonly string s_page = File.ReadAllText(Repository.File("docs", "cluster.md"));

    /// <summary>The messages of these files that operators see without asking for more.</summary>
    public static TheoryData<string> Messages =>
    [
        .. new[] { "Cluster/ClusterLog.cs", "Cluster/OwnTargets.cs", "Control/ControlSocket.cs", "Clients/SessionRelay.cs" }
            .Select(file => File.ReadAllText(Repository.File("src", "Tidegate.Gateway", file)))
            .SelectMany(source => Regex.Matches(source, @"LogLevel\.(Information|Warning|Error), Message = ""([^""]+)"""))
            .Select(message => message.Groups[2].Value)
            .Where(message => !message.StartsWith("A defect in Tidegate", StringComparison.Ordinal)),
    ];

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_line_about_the_cluster_is_explained(string message)
    {
        // The first clause, less its values. After a few words a colon ends it, too.
        string clause = Regex.Split(message, @"[;,]|\. ")[0];
        clause = Regex.Match(clause, @"^(\S+ ){3,}\S+?(?=: )") is { Success: true } head ? head.Value : clause;
        string[] parts = [.. Regex.Split(clause, @"\{[^}]*\}").Select(part => part.Trim()).Where(part => part.Length > 0)];
        string[] rows = [.. s_page[s_page.IndexOf("# What the lines in the log mean", StringComparison.Ordinal)..].Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))];

        Assert.True(rows.Any(row => parts.All(part => row.Split('|')[1].Contains(part, StringComparison.Ordinal))), $"docs/cluster.md has no row with: {string.Join(" … ", parts)}");
    }

    [Fact]
    public void There_are_lines_to_explain() => Assert.True(Messages.Count > 10);
}
