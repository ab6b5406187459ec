using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Services.Echo;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>Which accept of one port a request belongs to.</summary>
public sealed class RouteTableTests
{
    [Theory]
    // The longest path wins, by whole segments.
    [InlineData("http://h:8000/ http://h:8000/docs http://h:8000/docs/old", "h:8000", "/docs/old/a", "http://h:8000/docs/old")]
    [InlineData("http://h:8000/docs/old http://h:8000/docs http://h:8000/", "h:8000", "/docs/older", "http://h:8000/docs")]
    [InlineData("http://h:8000/ http://h:8000/docs", "h:8000", "/docsearch", "http://h:8000/")]
    [InlineData("http://h:8000/docs", "h:8000", "/docsearch", null)]
    [InlineData("http://h:8000/docs/", "h:8000", "/docs", "http://h:8000/docs/")]
    [InlineData("http://h:8000/a%20b", "h:8000", "/a b/c", "http://h:8000/a%20b")]
    [InlineData("http://h:8000/Docs", "h:8000", "/docs", null)]
    // Authorities, default ports added.
    [InlineData("http://h/", "h", "/", "http://h/")]
    [InlineData("http://h/", "H:80", "/", "http://h/")]
    [InlineData("http://h/", "h.", "/", "http://h/")]
    [InlineData("http://h/", "h:8000", "/", null)]
    [InlineData("http://h:8000/", "h", "/", null)]
    [InlineData("http://h/", "h:99999999999", "/", null)]
    [InlineData("https://h/", "h", "/", "https://h/")]
    [InlineData("https://h/", "h:443", "/", "https://h/")]
    [InlineData("https://h/", "h:80", "/", null)]
    [InlineData("http://h/", "", "/", null)]
    [InlineData("http://h/", "other", "/", null)]
    [InlineData("http://a:8000/ http://b:8000/", "b:8000", "/x", "http://b:8000/")]
    [InlineData("http://127.0.0.1:8000/", "localhost:8000", "/", null)]
    [InlineData("http://[::1]:8000/", "[0:0:0:0:0:0:0:1]:8000", "/", "http://[::1]:8000/")]
    [InlineData("http://[fe80::1%1]:8000/", "[fe80::1]:8000", "/", "http://[fe80::1%1]:8000/")]
    // Whoever says localhost means this machine.
    [InlineData("http://localhost:8000/", "localhost:8000", "/", "http://localhost:8000/")]
    [InlineData("http://localhost:8000/", "127.0.0.1:8000", "/", "http://localhost:8000/")]
    [InlineData("http://localhost:8000/", "[::1]:8000", "/", "http://localhost:8000/")]
    [InlineData("http://localhost:8000/", "127.0.0.2:8000", "/", null)]
    // Any host.
    [InlineData("http://*:8000/", "whatever", "/", "http://*:8000/")]
    [InlineData("http://0.0.0.0:8000/", "whatever:1", "/", "http://0.0.0.0:8000/")]
    [InlineData("http://@eth0:8000/", "whatever:8000", "/", "http://@eth0:8000/")]
    [InlineData("http://*:8000/", "", "/", "http://*:8000/")]
    [InlineData("http://*:8000/ http://h:8000/", "h:8000", "/", "http://h:8000/")]
    [InlineData("http://h:8000/ http://*:8000/", "h:8000", "/", "http://h:8000/")]
    [InlineData("http://h:8000/ http://*:8000/more", "h:8000", "/more", "http://*:8000/more")]
    [InlineData("ws://h:8000/", "h:8000", "/", null)]
    public void An_http_request_goes_to_the_longest_path_of_its_authority(string accepts, string host, string path, string? winner) =>
        Assert.Equal(winner, TableOf(accepts).FindHttp(new HostString(host), path)?.Uri.ToString());

    [Theory]
    [InlineData("ws://h:8000/echo", "h:8000", "/echo", "ws://h:8000/echo")]
    [InlineData("ws://h:8000/echo", "h:8000", "/echo/", null)]
    [InlineData("ws://h:8000/echo", "h:8000", "/echo/more", null)]
    [InlineData("ws://h:8000/ ws://h:8000/echo", "h:8000", "/ec", null)]
    [InlineData("ws://h:8000/echo/ ws://h:8000/echo", "h:8000", "/echo/", "ws://h:8000/echo/")]
    [InlineData("ws://h/echo", "h", "/echo", "ws://h/echo")]
    [InlineData("wss://h/echo", "h", "/echo", "wss://h/echo")]
    [InlineData("wss://h/echo", "h:443", "/echo", "wss://h/echo")]
    [InlineData("ws://a:8000/echo ws://b:8000/echo", "b:8000", "/echo", "ws://b:8000/echo")]
    [InlineData("ws://*:8000/echo ws://b:8000/echo", "b:8000", "/echo", "ws://b:8000/echo")]
    [InlineData("ws://*:8000/echo ws://b:8000/echo", "c:8000", "/echo", "ws://*:8000/echo")]
    [InlineData("http://h:8000/echo", "h:8000", "/echo", null)]
    public void A_web_socket_goes_to_exactly_its_path(string accepts, string host, string path, string? winner) =>
        Assert.Equal(winner, TableOf(accepts).FindWebSocket(new HostString(host), path)?.Uri.ToString());

    [Theory]
    [InlineData("ws://h:8000/echo", "ws://h:8000/echo", true)]
    [InlineData("ws://h:8000/echo", "ws://h:8000/echo/", false)]
    [InlineData("http://h:8000/docs", "http://h:8000/docs/", true)]
    [InlineData("http://h:8000/docs", "ws://h:8000/docs", false)]
    [InlineData("http://h:8000/a%62", "http://h:8000/ab", true)]
    [InlineData("ws://localhost:8000/", "ws://127.0.0.1:8000/", true)]
    [InlineData("ws://[::1]:8000/", "ws://localhost:8000/", true)]
    [InlineData("ws://*:8000/", "ws://@eth0:8000/", true)]
    [InlineData("ws://*:8000/", "ws://h:8000/", false)]
    [InlineData("ws://a:8000/", "ws://b:8000/", false)]
    [InlineData("ws://a:8000/", "ws://a:8001/", false)]
    [InlineData("ws://h/", "wss://h:80/", true)]
    public void Two_services_that_claim_the_same_requests_are_in_conflict(string first, string second, bool conflict)
    {
        RouteTable table = TableOf(first);
        Route route = RouteTo(second, 2);

        Assert.Equal(conflict ? first : null, table.Conflicting(route, route.Uri.Port)?.Uri.ToString());
    }

    [Fact]
    public void A_service_may_have_two_names_for_one_place()
    {
        var table = new RouteTable(NullLogger.Instance);
        Route route = RouteTo("ws://localhost:8000/", 1);
        table.Add(route, 8000);

        Assert.Null(table.Conflicting(new Route(RouteTo("ws://127.0.0.1:8000/", 1).Accept, route.Service), 8000));
    }

    [Theory]
    [InlineData("/clientaccesspolicy.xml", "", true)]
    [InlineData("/", "?.kr=xs", true)]
    [InlineData("/", "?a=1&.kr=xs", true)]
    [InlineData("/;resource/xs", "", true)]
    [InlineData("/echo/;e/ct", "", true)]
    [InlineData("/echo", "?.kr=xs", false)]
    [InlineData("/", "", false)]
    [InlineData("/", "?kr=xs", false)]
    [InlineData("/a;b", "", false)]
    [InlineData("/x/clientaccesspolicy.xml", "", false)]
    public void Paths_of_the_gateway_itself_are_told_from_those_of_services(string path, string query, bool own) =>
        Assert.Equal(own, GatewayResources.IsOne(path, query));

    private static RouteTable TableOf(string accepts)
    {
        var table = new RouteTable(NullLogger.Instance);
        foreach (string accept in accepts.Split(' '))
        {
            Route route = RouteTo(accept, 1);
            table.Add(route, route.Uri.Port);
        }

        return table;
    }

    private static Route RouteTo(string accept, int line)
    {
        var position = new SourcePosition("test.xml", line, 1);
        var address = new ServiceAddress(GatewayUri.Parse(accept, UriUse.Accept), position);
        return new Route(address, new EchoService(new ServiceConfiguration
        {
            Name = "echo",
            Type = "echo",
            Accepts = [address],
            AcceptOptions = new AcceptOptions(),
            ConnectOptions = new ConnectOptions(),
            Options = new EchoOptions(),
            Position = position,
        }));
    }
}
