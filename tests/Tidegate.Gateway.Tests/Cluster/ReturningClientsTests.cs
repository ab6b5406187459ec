using System.Net;
using Microsoft.AspNetCore.Http;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Who is turned away by a member that drains, so that it is not closed twice.</summary>
public sealed class ReturningClientsTests
{
    [Fact]
    public async Task For_each_session_that_was_closed_one_client_of_its_address_is_turned_away_and_whoever_insists_is_not()
    {
        var returning = new ReturningClients();
        returning.Expect(IPAddress.Parse("192.0.2.1"));
        returning.Expect(IPAddress.Parse("192.0.2.1"));

        Assert.Equal(200, await StatusForAsync("192.0.2.2"));
        Assert.Equal(503, await StatusForAsync("192.0.2.1"));
        Assert.Equal(503, await StatusForAsync("::ffff:192.0.2.1"));
        Assert.Equal(200, await StatusForAsync("192.0.2.1"));

        async Task<int> StatusForAsync(string address)
        {
            var http = new DefaultHttpContext { Connection = { RemoteIpAddress = IPAddress.Parse(address) } };
            Assert.Equal(await returning.TurnAwayAsync(http), http.Response.StatusCode == 503);
            return http.Response.StatusCode;
        }
    }
}
