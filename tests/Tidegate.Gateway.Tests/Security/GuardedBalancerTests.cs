using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Clients;
using Tidegate.Gateway.Tests.Cluster;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>A balancer that has a realm protects those that it leads to, whether they have one or not.</summary>
public sealed class GuardedBalancerTests : IDisposable
{
    private readonly UsersFile _users = new();

    public void Dispose() => _users.Dispose();

    [Theory]
    [InlineData("", "403")]
    [InlineData("Authorization: BASIC admin:wrong\r\n", "403")]
    [InlineData("Authorization: BASIC admin:admin\r\n", "101")]
    public async Task A_library_that_is_relayed_shows_who_it_is_before_it_is(string headers, string status)
    {
        await using ClusteredGateway gateway = await StartAsync("Application Basic");

        // It does not say that it understands being sent elsewhere, so the member is to play the handshake, and asks nobody.
        (string head, RawClient client) = await gateway.HandshakeAsync(more: Offer + Encoded(headers));

        client.Dispose();
        Assert.Equal(status, head.Split(' ')[1]);
    }

    [Fact]
    public async Task A_library_that_understands_is_asked_within_before_it_hears_where_to_go()
    {
        await using ClusteredGateway gateway = await StartAsync("Application Basic");
        (string head, RawClient client) = await gateway.HandshakeAsync("?.kl=Y", Offer);
        using RawClient disposed = client;
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        await client.ExpectAsync(Stay);

        await client.SendAsync(Frame(Request()));
        Assert.Contains("WWW-Authenticate: Application Basic realm=\"The demo\"", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        await client.SendAsync(Frame(Request(more: Encoded("Authorization: BASIC admin:admin\r\n"))));

        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        Assert.Contains("Rws://127.0.0.1:", await client.ReadResponseAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "401")]
    [InlineData("Authorization: BASIC admin:admin\r\n", "101")]
    public async Task A_client_that_is_relayed_logs_in_before(string headers, string status)
    {
        await using ClusteredGateway gateway = await StartAsync("Basic");

        (string head, RawClient client) = await gateway.HandshakeAsync(more: Encoded(headers));

        client.Dispose();
        Assert.Equal(status, head.Split(' ')[1]);
    }

    [Fact]
    public async Task A_relayed_session_lasts_no_longer_than_its_login()
    {
        await using ClusteredGateway gateway = await StartAsync("Basic", TimeSpan.FromMilliseconds(200));
        (string head, RawClient client) = await gateway.HandshakeAsync(more: Encoded("Authorization: BASIC admin:admin\r\n"));
        using RawClient disposed = client;
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);

        (byte first, byte[] payload) = await client.ReadFrameAsync();

        Assert.Equal(0x88, first);
        Assert.Equal(1008, (payload[0] << 8) | payload[1]);
    }

    private static string Encoded(string headers) => headers.Length == 0 ? "" : $"Authorization: {UsersFile.Basic("admin", headers.Trim().Split(':')[^1])}\r\n";

    private Task<ClusteredGateway> StartAsync(string scheme, TimeSpan? sessionTimeout = null)
    {
        GatewayConfiguration read = Configuration.ConfigurationText.Read(ClusteredGateway.Balancer() + ClusteredGateway.Echo(accept: "ws://127.0.0.1:0/other"));
        return ClusteredGateway.StartAsync(
            read with
            {
                Security = read.Security with { Realms = [_users.Realm(scheme, sessionTimeout)] },
                Services = [.. read.Services.Select(service => service.Name == "balancer" ? service with { RealmName = "demo", RequiredRoles = ["*"] } : service)],
            },
            key: null);
    }
}
