using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Services.HttpProxy;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>Locations and cookies of servers behind an <c>http.proxy</c>.</summary>
public sealed class AnswerRewritingTests
{
    private const string Accept = "https://example.com/app/";

    [Theory]
    [InlineData("http://inside:8081/base/login", "https://example.com/app/login")]
    [InlineData("HTTP://Inside:8081/base/login?a=b#c", "https://example.com/app/login?a=b#c")]
    [InlineData("//inside:8081/base/", "https://example.com/app/")]
    [InlineData("/base/login", "https://example.com/app/login")]
    [InlineData("http://inside:8081/other/", "http://inside:8081/other/")]
    [InlineData("http://inside:8081/basement", "http://inside:8081/basement")]
    [InlineData("http://inside:8081", "http://inside:8081")]
    [InlineData("/other", "/other")]
    [InlineData("login", "login")]
    [InlineData("https://inside:8081/base/x", "https://inside:8081/base/x")]
    [InlineData("http://inside:80810/base/x", "http://inside:80810/base/x")]
    [InlineData("http://inside/base/x", "http://inside/base/x")]
    [InlineData("http://user@inside:8081/base/x", "http://user@inside:8081/base/x")]
    [InlineData("http://pay:1/", "https://pay.example.com/")]
    [InlineData("http://pay:1/x?y", "https://pay.example.com/x?y")]
    [InlineData("http://files:2/dir/x", "/files/x")]
    [InlineData("http://files:2/directory", "http://files:2/directory")]
    [InlineData("http://files:2/dir?x", "/files?x")]
    public void A_location_behind_the_gateway_becomes_one_at_it_and_others_stay(string location, string expected)
    {
        var rewriting = new AnswerRewriting(new HttpProxyOptions { Locations = [new("http://pay:1/", "https://pay.example.com/"), new("http://files:2/dir", "/files")] });

        Assert.Equal(expected, rewriting.Location(location, GatewayUri.Parse("http://inside:8081/base/", UriUse.Connect), Accept));
    }

    [Theory]
    [InlineData("http://inside/x", "https://example.com/app/x")]
    [InlineData("http://inside:80/x", "https://example.com/app/x")]
    [InlineData("http://inside?x", "https://example.com/app/?x")]
    [InlineData("http://inside", "https://example.com/app/")]
    [InlineData("/x", "https://example.com/app/x")]
    public void A_port_that_goes_without_saying_may_be_said(string location, string expected) => Assert.Equal(
        expected, new AnswerRewriting(new HttpProxyOptions()).Location(location, GatewayUri.Parse("http://inside/", UriUse.Connect), Accept));

    [Fact]
    public void Nothing_is_rewritten_where_that_is_turned_off()
    {
        var rewriting = new AnswerRewriting(new HttpProxyOptions { RewritesLocations = false, Locations = [new("/", "/x/")], CookiePaths = [new("/", "/x/")], CookieDomains = [new("a", "b")] });

        Assert.Equal("/y", rewriting.Location("/y", GatewayUri.Parse("http://inside/", UriUse.Connect), Accept));
        Assert.Equal("a=b; Path=/; Domain=a", rewriting.Cookie("a=b; Path=/; Domain=a"));
    }

    [Theory]
    [InlineData("a=b", "a=b")]
    [InlineData("a=b; Path=/", "a=b; Path=/shop")]
    [InlineData("a=b;path=/x;Secure", "a=b; path=/shop/x;Secure")]
    [InlineData("a=b; Path = /x", "a=b; Path=/shop/x")]
    [InlineData("path=/; Path=/; domain=.Inside.example", "path=/; Path=/shop; domain=example.com")]
    [InlineData("a=b; Domain=inside.example; HttpOnly", "a=b; Domain=example.com; HttpOnly")]
    [InlineData("a=b; Domain=other.example", "a=b; Domain=other.example")]
    [InlineData("a=b; Domain", "a=b; Domain")]
    public void The_attributes_of_a_cookie_are_rewritten_and_its_value_never(string cookie, string expected)
    {
        var rewriting = new AnswerRewriting(new HttpProxyOptions
        {
            RewritesCookieDomains = true,
            CookieDomains = [new(".inside.example", "example.com")],
            RewritesCookiePaths = true,
            CookiePaths = [new("/", "/shop")],
        });

        Assert.Equal(expected, rewriting.Cookie(cookie));
    }
}
