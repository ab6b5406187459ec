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
    [InlineData("wss://example.com/x", "wss://example.com/x", "example.com:443", "/x")]
    [InlineData("https://example.com", "https://example.com/", "example.com:443", "/")]
    [InlineData("ssl://example.com:9001", "ssl://example.com:9001", "example.com:9001", "")]
    [InlineData("TLS://example.com:9001", "ssl://example.com:9001", "example.com:9001", "")]
    [InlineData("ws://*:8000/x", "ws://*:8000/x", "*:8000", "/x")]
    [InlineData("http://*/", "http://*/", "*:80", "/")]
    [InlineData("tcp://@eth0:8123", "tcp://@eth0:8123", "@eth0:8123", "")]
    [InlineData("ws://@eth0.100/x", "ws://@eth0.100/x", "@eth0.100:80", "/x")]
    [InlineData("tcp://[@eth0]:8123", "tcp://@eth0:8123", "@eth0:8123", "")]
    [InlineData("tcp://[@eth0:1]:8123", "tcp://[@eth0:1]:8123", "[@eth0:1]:8123", "")]
    [InlineData("ws://[@Local Area Connection]:80/x", "ws://[@Local Area Connection]:80/x", "[@Local Area Connection]:80", "/x")]
    [InlineData("ws://[@Ethernet/2 #1?]/x", "ws://[@Ethernet/2 #1?]/x", "[@Ethernet/2 #1?]:80", "/x")]
    [InlineData("tcp://[fe80::1%1]:8123", "tcp://[fe80::1%1]:8123", "[fe80::1%1]:8123", "")]
    [InlineData("pipe://Orders.1", "pipe://orders.1", "orders.1", "")]
    [InlineData("sse+ssl://h/x", "sse+ssl://h/x", "h:443", "/x")]
    [InlineData("udp://h:1", "udp://h:1", "h:1", "")]
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
        Assert.Equal(new InterfaceName("Local Area Connection"), GatewayUri.Parse("tcp://[@Local Area Connection]:1", UriUse.Accept).Host);
        Assert.Equal(AnyHost.Instance, GatewayUri.Parse("tcp://*:1", UriUse.Accept).Host);
    }

    [Theory]
    [InlineData("tcp://[fe80::1%lo]:1")]
    // RFC 6874, section 2.
    [InlineData("tcp://[fe80::1%25lo]:1")]
    public void A_link_local_address_keeps_the_scope_that_an_interface_gives_it_and_does_not_send_it(string text)
    {
        long loopback = System.Net.NetworkInformation.NetworkInterface.GetAllNetworkInterfaces()
            .Single(one => one.Name == "lo").GetIPProperties().GetIPv4Properties().Index;

        GatewayUri uri = GatewayUri.Parse(text, UriUse.Connect);

        Assert.Equal(loopback, Assert.IsType<HostAddress>(uri.Host).Address.ScopeId);
        Assert.Equal("[fe80::1]:1", uri.HostHeader);
    }

    [Theory]
    [InlineData("tcp://@eth0:1", "\"tcp://@eth0:1\" names a network interface of this machine.")]
    [InlineData("ws://*/", "\"ws://*/\" has * for a host, which can only be accepted at.")]
    public void What_only_a_socket_can_be_bound_to_is_not_connected_to(string text, string problem)
    {
        Assert.False(GatewayUri.TryParse(text, UriUse.Connect, out _, out TextFault? fault));

        Assert.Equal(problem, fault.Problem);
        Assert.StartsWith("Write the host name or the address of what to connect to", fault.Cure, StringComparison.Ordinal);
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
    [InlineData("ws:/localhost:8000/echo", "\"ws:/localhost:8000/echo\" lacks the two slashes behind its scheme.", "Write ws://localhost:8000/echo.")]
    [InlineData("tcp:localhost:8000", "\"tcp:localhost:8000\" lacks the two slashes behind its scheme.", "Write tcp://localhost:8000.")]
    [InlineData("localhost:8000", "\"localhost:8000\" has no scheme.", "ws://localhost:8000")]
    [InlineData("pipe://", "URI pipe:// missing pipe name.", "pipe://name")]
    [InlineData("pipe://a/b", "Use pipe://a instead of pipe://a/b because named pipe URIs shouldn't contain paths.", "/b")]
    [InlineData("pipe://a:1", "Port number not allowed in URI \"pipe://a:1\".", "You must remove the port number from this URI")]
    [InlineData("pipe://a b", "\"a b\" in \"pipe://a b\" is not the name of a pipe.", "letters")]
    [InlineData("wz://localhost/", "Missing scheme \"wz\": \"wz://localhost/\" starts with no scheme that Tidegate knows.", "Did you mean ws?")]
    [InlineData("rtmp://localhost/", "Missing transport \"rtmp\": \"rtmp://localhost/\" starts with no scheme that Tidegate knows.", "tcp")]
    [InlineData("ws:///echo", "Missing host in URI: ws:///echo.", "0.0.0.0")]
    [InlineData("ws://:80/", "Missing host in URI: ws://:80/.", "0.0.0.0")]
    [InlineData("tcp://localhost", "Missing port in URI: tcp://localhost. Missing port number in URI \"tcp://localhost\". You must include an explicit port number in this URI in your gateway configuration file.", "tcp://localhost:9000")]
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
    [InlineData("tcp://@eth0", "Missing port in URI: tcp://@eth0. Missing port number in URI \"tcp://@eth0\". You must include an explicit port number in this URI in your gateway configuration file.", "tcp://@eth0:9000")]
    [InlineData("tcp://@eth0:1:8123", "There are too many colons in \"tcp://@eth0:1:8123\".", "[@eth0:1]:8000")]
    [InlineData("tcp://[@eth0:1:8123", "The brackets around the network interface in \"tcp://[@eth0:1:8123\" are wrong.", "[@eth0:1]:8000")]
    [InlineData("tcp://@:8123", "Missing interface name in \"tcp://@:8123\".", "@eth0")]
    [InlineData("tcp://[@ ]:8123", "Missing interface name in \"tcp://[@ ]:8123\".", "@eth0")]
    [InlineData("tcp://@größe:8123", "\"größe\" in \"tcp://@größe:8123\" is not the name of a network interface.", "brackets")]
    [InlineData("tcp://[@a\nb]:8123", "\"a\nb\" in \"tcp://[@a\nb]:8123\" is not the name of a network interface.", "control characters")]
    [InlineData("tcp://@a b:8123", "There is white space or a control character in \"tcp://@a b:8123\".", "%20")]
    [InlineData("tcp://[fe80::1%no-such]:1", "The interface name no-such is not recognized.", "There are: lo (127.0.0.1")]
    [InlineData("tcp://[::1/64]:1", "The brackets around the IPv6 address in \"tcp://[::1/64]:1\" are wrong.", "[::1]:8000")]
    [InlineData("ws://h/;x", "\"ws://h/;x\" has a segment that starts with a semicolon in its path.", "gateway itself")]
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
