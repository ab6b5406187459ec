using Tidegate.Gateway.Cluster;
using Tidegate.Host.Commands;

namespace Tidegate.Host.Tests.Commands;

/// <summary>Members of a cluster as they are shown on a terminal.</summary>
public sealed class MemberTextTests
{
    [Fact]
    public void Nothing_that_is_said_of_a_member_can_do_anything_to_a_terminal()
    {
        const string Clear = "\e[2J\n";
        var member = new ObservedMember
        {
            Id = $"/192.0.2.1:5942{Clear}",
            State = $"alive{Clear}",
            Kind = $"Tidegate{Clear}",
            Offers = [new ObservedOffer($"ws://b{Clear}/", $"ws://t{Clear}/", 1)],
            Differences = [$"differs{Clear}"],
        };

        string[] lines = MemberText.Of([member]).TrimEnd('\n').Split('\n');

        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.False(line.Any(char.IsControl), line));
        Assert.Equal("/192.0.2.1:5942?[2J? alive?[2J?, Tidegate?[2J?", lines[0]);
    }
}
