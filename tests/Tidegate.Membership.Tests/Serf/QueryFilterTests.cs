using Tidegate.Membership.Serf;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

public sealed class QueryFilterTests
{
    private static readonly Dictionary<string, string> OwnTags = new() { ["role"] = "gateway", ["dc"] = "eu-1" };

    [Fact]
    public void A_filter_of_names_lets_those_members_through()
    {
        Assert.Equal(Raw("00 92 a1'a' a1'b'"), QueryFilter.ForNodes(["a", "b"]));
        Assert.True(Matches(QueryFilter.ForNodes(["a", "b"]), "b"));
        Assert.False(Matches(QueryFilter.ForNodes(["a", "b"]), "B"));
        Assert.False(Matches(QueryFilter.ForNodes([]), "b"));
    }

    [Fact]
    public void A_filter_of_a_tag_matches_anywhere_in_it()
    {
        Assert.Equal(Raw("01 82 a4'Expr'a1'x' a3'Tag'a4'role'"), QueryFilter.ForTag("role", "x"));
        Assert.True(Matches(QueryFilter.ForTag("role", "tew"), "a"));
        Assert.False(Matches(QueryFilter.ForTag("role", "^tew"), "a"));
    }

    [Fact]
    public void A_tag_that_a_member_does_not_have_is_empty()
    {
        Assert.True(Matches(QueryFilter.ForTag("zone", "^$"), "a"));
        Assert.False(Matches(QueryFilter.ForTag("zone", "."), "a"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("02 80")]
    [InlineData("00")]
    [InlineData("00 91 01")]
    [InlineData("00 92 a1'a'")]
    [InlineData("01 82 a3'Tag'a4'role' a4'Expr'a1'('")]
    [InlineData("01 82 a3'Tag'a4'role' a4'Expr'01")]
    [InlineData("01")]
    public void What_cannot_be_read_lets_nobody_through(string notation) => Assert.False(Matches(Raw(notation), "a"));

    private static bool Matches(RawBytes filter, string name) => QueryFilter.Matches(filter, name, OwnTags);
}
