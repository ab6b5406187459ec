using System.Net;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Tests.Addressing;

public sealed class GatewayUriTests
{
    [Theory]
    [InlineData("ws://localhost:8000/echo", "ws://localhost:8000/echo", "localhost:8000", "/echo")]
    [InlineData("WS://LocalHost:8000/Echo", "ws://localhost:8000/Echo", "localhost:8000", "/Echo")]
    [InlineData("ws://example.com", "ws://example.com/", "example.com:80", "/")]
    [InlineData("http://example.com/a%20b/", "http://example.com/a%20b/", "example.com:80", "/a%20b/")]
    [InlineData("http://127.0.0.1:80/", "http://127.0.0.1:80/", "127.0.0.1:80", "/")]
    [InlineData("ws://[::1]:8000/x", "ws://[::1]:8000/x", "[::1]:8000", "/x")]
    [InlineData("ws://[0:0:0:0:0:0:0:1]/", "ws://[::1]/", "[::1]:80", "/")]
    [InlineData("tcp://localhost:6379", "tcp://localhost:6379", "localhost:6379", "")]
    [InlineData("tcp://under_score.example:1", "tcp://under_score.example:1", "under_score.example:1", "")]
    public void A_right_uri_is_read_and_shown_with_scheme_and_host_in_lower_case(string text, string shown, string authority, string path)
    {
        GatewayUri uri = GatewayUri.Parse(text, UriUse.Accept);

        Assert.Equal(shown, uri.ToString());
        Assert.Equal(authority, uri.Authority);
        Assert.Equal(path, uri.Path);
        Assert.Equal(uri, GatewayUri.Parse(uri.ToString(), UriUse.Accept));
    }

    [Fact]
    public void A_connect_uri_keeps_its_query()
    {
        GatewayUri uri = GatewayUri.Parse("ws://back.example/feed?a=1&b=%2F?", UriUse.Connect);

        Assert.Equal("/feed?a=1&b=%2F?", uri.PathAndQuery);
        Assert.Equal("back.example", uri.HostHeader);
    }

    [Fact]
    public void Names_and_addresses_are_told_apart()
    {
        Assert.Equal(new HostName("a.b"), GatewayUri.Parse("tcp://A.b:1", UriUse.Connect).Host);
        Assert.Equal(new HostAddress(IPAddress.Parse("10.0.0.1")), GatewayUri.Parse("tcp://10.0.0.1:1", UriUse.Connect).Host);
        Assert.Equal(new HostAddress(IPAddress.IPv6Any), GatewayUri.Parse("tcp://[::]:1", UriUse.Connect).Host);
    }

    [Theory]
    [InlineData("ws://localhost:0/echo")]
    [InlineData("tcp://127.0.0.1:0")]
    public void Any_free_port_can_be_accepted_at_but_not_connected_to(string text)
    {
        Assert.Equal(0, GatewayUri.Parse(text, UriUse.Accept).Port);

        Assert.False(GatewayUri.TryParse(text, UriUse.Connect, out _, out TextFault? fault));
        Assert.Equal(new TextFault($"\"0\" in \"{text}\" is not a port.", "Write a number from 1 to 65535."), fault);
    }

    [Theory]
    [InlineData("", "The URI is empty.", "Write one such as")]
    [InlineData("localhost:8000", "\"localhost:8000\" has no scheme.", "ws://localhost:8000")]
    [InlineData("wss://localhost/", "Tidegate does not serve wss yet (\"wss://localhost/\").", "http, tcp, ws")]
    [InlineData("wz://localhost/", "\"wz\" in \"wz://localhost/\" is not a scheme that Tidegate knows.", "Did you mean ws?")]
    [InlineData("ws:///echo", "Missing host in URI: ws:///echo.", "0.0.0.0")]
    [InlineData("ws://:80/", "Missing host in URI: ws://:80/.", "0.0.0.0")]
    [InlineData("tcp://localhost", "Missing port in URI: tcp://localhost.", "tcp://localhost:9000")]
    [InlineData("tcp://localhost:1/x", "Unexpected path \"/x\" in URI: tcp://localhost:1/x.", "Remove it")]
    [InlineData("ws://localhost:65536/", "\"65536\" in \"ws://localhost:65536/\" is not a port.", "1 to 65535")]
    [InlineData("ws://localhost:/", "\"\" in \"ws://localhost:/\" is not a port.", "1 to 65535")]
    [InlineData("ws://localhost:+80/", "\"+80\" in \"ws://localhost:+80/\" is not a port.", "1 to 65535")]
    [InlineData("ws://::1:80/", "There are too many colons in \"ws://::1:80/\".", "brackets")]
    [InlineData("ws://[::1/", "The brackets around the IPv6 address in \"ws://[::1/\" are wrong.", "[::1]:8000")]
    [InlineData("ws://[::1]80/", "The brackets around the IPv6 address in \"ws://[::1]80/\" are wrong.", "[::1]:8000")]
    [InlineData("ws://[host]/", "\"host\" in \"ws://[host]/\" is not an IPv6 address.", "[::1]")]
    [InlineData("ws://[]/", "\"\" in \"ws://[]/\" is not an IPv6 address.", "[::1]")]
    [InlineData("ws://127.1/", "\"127.1\" in \"ws://127.1/\" is not an IPv4 address.", "127.0.0.1")]
    [InlineData("ws://127.0.0.010/", "\"127.0.0.010\" in \"ws://127.0.0.010/\" is not an IPv4 address.", "leading zeros")]
    [InlineData("ws://256.0.0.1/", "\"256.0.0.1\" in \"ws://256.0.0.1/\" is not an IPv4 address.", "0 to 255")]
    [InlineData("ws://a..b/", "\"a..b\" in \"ws://a..b/\" is not a host name.", "letters")]
    [InlineData("ws://gärten.example/", "\"gärten.example\" in \"ws://gärten.example/\" is not a host name.", "xn--")]
    [InlineData("ws://user@host/", "There is a user name before the host in \"ws://user@host/\".", "@")]
    [InlineData("tcp://@eth0:8123", "Tidegate does not serve network interface names yet (\"tcp://@eth0:8123\").", "address")]
    [InlineData("ws://*:80/", "Tidegate does not serve * as a host yet (\"ws://*:80/\").", "0.0.0.0")]
    [InlineData("ws://h/a#b", "\"ws://h/a#b\" has a fragment.", "#")]
    [InlineData("ws://h/a?b", "\"ws://h/a?b\" has a query.", "?")]
    [InlineData("ws://h/a b", "There is white space or a control character in \"ws://h/a b\".", "%20")]
    [InlineData("ws://h/%2", "There is a % without two hexadecimal digits in \"ws://h/%2\".", "%25")]
    [InlineData("ws://h/<", "The character < may not stand in a URI (\"ws://h/<\").", "%3C")]
    [InlineData("ws://h/a/../b", "\"ws://h/a/../b\" has a . or .. segment in its path.", "stands for")]
    public void A_wrong_uri_is_refused_with_what_is_wrong_and_what_would_be_right(string text, string problem, string cure)
    {
        Assert.False(GatewayUri.TryParse(text, UriUse.Accept, out _, out TextFault? fault));

        Assert.Equal(problem, fault.Problem);
        Assert.Contains(cure, fault.Cure, StringComparison.Ordinal);
    }
}
