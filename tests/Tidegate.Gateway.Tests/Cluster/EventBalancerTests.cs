using System.Net;
using System.Net.Sockets;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Where a balancer sends clients of events.</summary>
public sealed class EventBalancerTests
{
    [Fact]
    public async Task A_client_of_events_is_redirected_to_the_service_that_sends_them()
    {
        using var backEnd = new BackEndServer();
        await using ClusteredGateway gateway = await StartAloneAsync(
            Balancer(accept: "sse://balancer.example/news")
            // The same for WebSockets is no place for clients of events.
            + Echo("<balance>sse://balancer.example/news</balance>", "ws://127.0.0.1:0/echo")
            + $"<service><name>news</name><accept>sse://127.0.0.1:0/member</accept><connect>tcp://127.0.0.1:{backEnd.Port}</connect><balance>sse://balancer.example/news</balance><type>proxy</type></service>");
        IPEndPoint balancer = gateway.At("sse", "/news");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
        for (int i = 0; i < 5; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{balancer}/news?.kb=512") { Headers = { Host = "balancer.example" } };
            using HttpResponseMessage response = await http.SendAsync(request);
            Assert.Equal(HttpStatusCode.Found, response.StatusCode);
            Assert.Equal($"http://127.0.0.1:{gateway.At("sse", "/member").Port}/member?.kb=512", response.Headers.Location!.ToString());
        }

        using var there = new HttpRequestMessage(HttpMethod.Get, $"http://{gateway.At("sse", "/member")}/member") { Headers = { { "Origin", "http://balancer.example" } } };
        using HttpResponseMessage events = await http.SendAsync(there, HttpCompletionOption.ResponseHeadersRead);
        Socket server = await backEnd.AcceptAsync();
        Assert.Equal(HttpStatusCode.OK, events.StatusCode);
        // The page may read them: its script has been redirected here from its own origin.
        Assert.Equal("http://balancer.example", events.Headers.GetValues("Access-Control-Allow-Origin").Single());
        server.Shutdown(SocketShutdown.Both);
    }

    [Fact]
    public async Task Where_nobody_sends_events_the_answer_says_to_come_again()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Balancer(accept: "sse://balancer.example/news"));
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{gateway.At("sse", "/news")}/news") { Headers = { Host = "balancer.example" } };
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.Equal("1", response.Headers.GetValues("Retry-After").Single());
    }
}
