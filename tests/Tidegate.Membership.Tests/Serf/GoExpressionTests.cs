using System.Text.RegularExpressions;
using Tidegate.Membership.Serf;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Expressions as Go reads them.</summary>
public sealed class GoExpressionTests
{
    [Theory]
    [InlineData("^web$", "web", true)]
    [InlineData("web", "my-web-1", true)]
    [InlineData("^web", "my-web", false)]
    [InlineData("", "anything", true)]
    [InlineData("a|b", "xb", true)]
    [InlineData("^(a|b)+$", "abab", true)]
    [InlineData("^a{2,3}$", "aaaa", false)]
    [InlineData("^a{2,}$", "aaaa", true)]
    [InlineData("^a{2}$", "aa", true)]
    [InlineData("a{,2}", "a{,2}", true)]
    [InlineData("^.$", "\n", false)]
    [InlineData("(?s)^.$", "\n", true)]
    [InlineData("(?i)WEB", "web", true)]
    [InlineData("(?i:W)eb", "wEb", false)]
    [InlineData("(?P<zone>eu)-1", "eu-1", true)]
    [InlineData("(?<zone>eu)-1", "eu-1", true)]
    [InlineData("(?U)a+", "a", true)]
    [InlineData("a+?b", "aab", true)]
    public void What_the_two_write_alike_means_the_same(string expression, string text, bool matches) => AssertMatches(expression, text, matches);

    [Theory]
    [InlineData("^a$", "a\n", false)]
    [InlineData("(?m)^a$", "a\nb", true)]
    [InlineData("(?m:^b$)", "a\nb", true)]
    [InlineData("(?:(?m)^b)|^c$", "a\nc", false)]
    [InlineData(@"^\d$", "\u0663", false)]
    [InlineData(@"^\w$", "é", false)]
    [InlineData(@"^\s$", "\u00a0", false)]
    [InlineData(@"^[\d_]$", "\u0663", false)]
    [InlineData(@"^[\D]$", "\u0663", true)]
    [InlineData(@"^[^\D]$", "5", true)]
    [InlineData("^[[:alpha:]]$", "a", true)]
    [InlineData("^[[:alpha:]]$", ":]", false)]
    [InlineData("^[[:^digit:]]$", "a", true)]
    [InlineData("^[a-z-[aeiou]]$", "x]", true)]
    [InlineData("^[]a]$", "]", true)]
    [InlineData("^[^]a]$", "]", false)]
    [InlineData("^[a-]$", "-", true)]
    [InlineData(@"^\Qa.b\E$", "a.b", true)]
    [InlineData(@"^\Qa.b\E$", "axb", false)]
    [InlineData(@"^\x41\x{42}$", "AB", true)]
    [InlineData(@"^\pL$", "é", true)]
    [InlineData(@"^\p{Lu}\P{Lu}$", "Aa", true)]
    [InlineData(@"^[\p{Lu}]$", "A", true)]
    [InlineData("a b", "ab", false)]
    [InlineData("a#b", "a#b", true)]
    public void What_they_mean_differently_means_what_Go_means(string expression, string text, bool matches) => AssertMatches(expression, text, matches);

    [Theory]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("[")]
    [InlineData("[a")]
    [InlineData("[b-a]")]
    [InlineData("*")]
    [InlineData("a**")]
    [InlineData("a|*")]
    [InlineData("\\")]
    [InlineData(@"\y")]
    [InlineData(@"(a)\1")]
    [InlineData("(?=a)")]
    [InlineData("(?!a)")]
    [InlineData("(?<=a)b")]
    [InlineData("(?>a)")]
    [InlineData("(?x)a")]
    [InlineData("(?#a)")]
    [InlineData("(?'a'b)")]
    [InlineData("[[:letters:]]")]
    [InlineData(@"\p{IsGreek}")]
    [InlineData(@"\u0041")]
    [InlineData(@"\x{110000}")]
    [InlineData("a{1001}")]
    [InlineData("a{2,1}")]
    [InlineData("a{99999999999}")]
    public void What_Go_does_not_take_is_no_expression(string expression) => Assert.False(GoExpression.TryCompile(expression, out Regex? _));

    [Theory]
    [InlineData("((a{100}){100}){100}")]
    [InlineData("(((a?){40}){40}){40}")]
    [InlineData("(abcdefghij){101}")]
    public void Repetitions_of_repetitions_are_multiplied_out_and_bounded(string expression) =>
        Assert.False(GoExpression.TryCompile(expression, out Regex? _));

    [Fact]
    public void An_expression_is_bounded_in_length()
    {
        Assert.True(GoExpression.TryCompile(new string('a', 512), out Regex? _));
        Assert.False(GoExpression.TryCompile(new string('a', 513), out Regex? _));
    }

    [Fact]
    public void Expressions_that_make_backtracking_matchers_hang_do_not() => AssertMatches("^(a+)+$", new string('a', 500) + "b", false);

    [Fact]
    public void No_expression_whatever_throws()
    {
        const string Alphabet = "ab01()[]{}*+?|^$.\\-,:=!<>P#ximsUdwpQEz \n";
        for (int seed = 0; seed < 2_000; seed++)
        {
            Random random = new(seed);
            string expression = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => Alphabet[random.Next(Alphabet.Length)]));
            if (GoExpression.TryCompile(expression, out Regex? regex))
            {
                regex.IsMatch("ab01");
            }
        }
    }

    private static void AssertMatches(string expression, string text, bool matches)
    {
        Assert.True(GoExpression.TryCompile(expression, out Regex? regex));
        Assert.Equal(matches, regex.IsMatch(text));
    }
}
