using System.Net;
using System.Net.WebSockets;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Clients;

namespace Tidegate.Gateway.Tests.Transports;

/// <summary>Which of its ways to a WebSocket a service offers: <c>ws.transports</c>.</summary>
public sealed class OfferTests
{
    [Theory]
    [InlineData(WebSocketOffer.All, 101, 201)]
    [InlineData(WebSocketOffer.Native, 101, 404)]
    [InlineData(WebSocketOffer.Emulated, 404, 201)]
    public async Task A_client_gets_404_for_the_way_that_is_not_offered(WebSocketOffer offer, int native, int emulated)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new AcceptOptions { Offer = offer });
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port));
        Assert.StartsWith($"HTTP/1.1 {native} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        using EmulatedClient other = EmulatedClient.Stranger();
        using HttpResponseMessage created = await other.SendAsync(
            HttpMethod.Get, $"http://127.0.0.1:{gateway.Port}/echo/;e/cbm", null, "X-WebSocket-Version: wseb-1.0");
        Assert.Equal((HttpStatusCode)emulated, created.StatusCode);
    }

    [Fact]
    public async Task A_websocket_that_is_not_offered_is_not_opened_over_http_2_either()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new AcceptOptions { Offer = WebSocketOffer.Emulated });
        await Assert.ThrowsAsync<WebSocketException>(() => TransportClient.OpenAsync(gateway, "native over HTTP/2", "/echo"));
    }
}
