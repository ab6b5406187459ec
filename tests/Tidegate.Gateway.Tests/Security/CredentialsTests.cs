using System.Text;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>What clients show to say who they are: docs/spec/compat.md, chapter 4.2.</summary>
public sealed class CredentialsTests
{
    private static readonly CredentialPlaces s_nowhere = new([], [], []);

    [Theory]
    [InlineData("Basic am9lOndlbGNvbWU=", "Basic", "am9lOndlbGNvbWU=")]
    [InlineData("Application Basic am9lOndlbGNvbWU=", "Basic", "am9lOndlbGNvbWU=")]
    [InlineData("application  basic\tx", "basic", "x")]
    [InlineData("Bearer a b c", "Bearer", "a b c")]
    [InlineData("Basic", "Basic", "")]
    [InlineData("", null, "")]
    [InlineData("Application ", "Application", "")]
    public void The_first_space_is_between_scheme_and_value(string header, string? scheme, string token)
    {
        Credentials read = Read(new Shown("Authorization", header), s_nowhere);

        Assert.Equal((scheme, token), (read.Scheme, read.Token));
    }

    [Theory]
    [InlineData("joe:welcome", "joe", "welcome")]
    [InlineData("joe:with:colons", "joe", "with:colons")]
    [InlineData("joe:", "joe", "")]
    [InlineData(":", "", "")]
    [InlineData("jörg:grüße", "jörg", "grüße")]
    public void Basic_credentials_are_utf_8_with_a_colon_between(string text, string user, string password)
    {
        Credentials read = Read(new Shown("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes(text))), s_nowhere);

        Assert.True(read.TryReadBasic(out string? readUser, out string? readPassword));
        Assert.Equal((user, password), (readUser, readPassword));
    }

    [Theory]
    [InlineData("")]
    [InlineData("no base64!")]
    [InlineData("am9l")]
    [InlineData("am9lOndlbGNvbW")]
    [InlineData("am//OngK")]
    [InlineData("am9lADp4")]
    public void What_are_no_basic_credentials_is_none(string token) =>
        Assert.False(Read(new Shown("Authorization", "Basic " + token), s_nowhere).TryReadBasic(out _, out _));

    [Fact]
    public void Headers_parameters_and_cookies_are_found_by_the_names_that_a_realm_has()
    {
        var shown = new Shown("X-Token", "h") { Parameters = { ("token", "p"), ("other", "x") }, Cookies = { ("session", "c") } };

        Credentials read = Read(shown, new CredentialPlaces(["x-token"], ["token"], ["session"]));

        Assert.Equal("c h p", string.Join(' ', read.Named.Values.Order()));
        Assert.False(read.IsEmpty);
        Assert.True(Read(shown, s_nowhere).IsEmpty);
    }

    [Fact]
    public void Of_two_values_nobody_can_tell_which_one_is_meant()
    {
        Assert.Equal("Cannot authenticate with multiple http header values for header name \"Authorization\"", FaultOf(new Shown("Authorization", "a", "authorization", "b"), s_nowhere));
        Assert.Equal(
            "Cannot authenticate with multiple http parameter values for parameter name \"t\"",
            FaultOf(new Shown { Parameters = { ("t", "1"), ("t", "1") } }, new CredentialPlaces([], ["t"], [])));
        Assert.Equal(
            "Cannot authenticate with multiple http cookie values for cookie name \"t\"",
            FaultOf(new Shown("t", "1") { Cookies = { ("t", "2") } }, new CredentialPlaces(["t"], [], ["t"])));
    }

    [Theory]
    [InlineData("Basic", "Basic realm=\"a \\\"b\\\"\"", "Basic realm=\"a \\\"b\\\"\"")]
    [InlineData("Application Basic", "Application Basic realm=\"a \\\"b\\\"\"", "Basic realm=\"a \\\"b\\\"\"")]
    [InlineData("Application Token", "Application Token", "Token")]
    [InlineData("Bearer", "Bearer realm=\"a \\\"b\\\"\"", "Bearer realm=\"a \\\"b\\\"\"")]
    [InlineData("application negotiate", "Application Negotiate", "Negotiate")]
    public void A_challenge_is_one_that_who_reads_it_understands(string scheme, string library, string browser)
    {
        ChallengeScheme read = ChallengeScheme.Parse(scheme);

        Assert.Equal(library, read.Challenge("a \"b\"", forLibrary: true));
        Assert.Equal(browser, read.Challenge("a \"b\"", forLibrary: false));
    }

    private static Credentials Read(Shown shown, CredentialPlaces places)
    {
        Assert.True(Credentials.TryRead(shown, places, out Credentials? credentials, out _));
        return credentials;
    }

    private static string? FaultOf(Shown shown, CredentialPlaces places)
    {
        Assert.False(Credentials.TryRead(shown, places, out _, out string? fault));
        return fault;
    }
}
