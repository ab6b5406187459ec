using System.Net;
using System.Text;
using Tidegate.Gateway.Cluster;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Who the client is, for the member that a balancer relays it to.</summary>
public sealed class RelayedClientTests
{
    [Fact]
    public async Task The_member_hears_who_the_client_is_and_believes_a_balancer_of_its_cluster()
    {
        string key = ClusterKeys.Generate();
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer(), key: key);
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(accept: "ws://127.0.0.1:0/other"), one, key: key);
        await one.LeadsToAsync($"ws://127.0.0.1:{two.At("ws", "/other").Port}/other");

        (string head, RawClient client) = await one.HandshakeAsync("?a=%20b");
        using RawClient disposed = client;
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);

        await two.SaysAsync($"Debug Client {client.Socket.LocalEndPoint} comes by the balancer at 127.0.0.1");
        Assert.DoesNotContain(two.Log.Warnings, line => line.Contains("Tidegate-Client", StringComparison.Ordinal));
        await client.SendAsync(RawClient.Frame(1, "hello"u8));
        Assert.Equal("hello", Encoding.UTF8.GetString(await client.ReadMessageAsync()));
    }

    [Fact]
    public async Task What_a_client_makes_up_is_neither_believed_nor_relayed_and_told_once_in_ten_seconds()
    {
        string key = ClusterKeys.Generate();
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer(), key: key);
        await using FakeMember fake = await FakeMember.StartAsync(one, FakeMember.Granted, key);
        await one.LeadsToAsync(fake.Target);

        for (int i = 0; i < 3; i++)
        {
            (string head, RawClient client) = await one.HandshakeAsync(more: "Tidegate-Client: 1;6.6.6.6:1;5;A;B\r\n");
            client.Dispose();
            Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        }

        Assert.Contains(
            "Warning The Tidegate-Client header of a request from 127.0.0.1 is not believed: it is malformed. The client is taken to be at that address",
            one.Log.Warnings);
        Assert.Equal(3, fake.Heads.Count);
        Assert.All(fake.Heads, head => Assert.StartsWith("Tidegate-Client: 1;127.0.0.1:", Assert.Single(Headers(head, "Tidegate-Client")), StringComparison.Ordinal));

        // Another request may come in the same moment, but this many lines can not.
        Assert.InRange(one.Log.Warnings.Count(line => line.Contains("Tidegate-Client", StringComparison.Ordinal)), 1, 2);
    }

    [Fact]
    public async Task Without_a_key_the_address_is_not_passed_on()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer());
        await using FakeMember fake = await FakeMember.StartAsync(one, FakeMember.Granted);
        await one.LeadsToAsync(fake.Target);

        (string head, RawClient client) = await one.HandshakeAsync(more: "Tidegate-Client: 1;6.6.6.6:1;5;A;B\r\n");

        client.Dispose();
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        string relayed = Assert.Single(fake.Heads);
        Assert.Empty(Headers(relayed, "Tidegate-Client"));
        Assert.Equal(["Tidegate-Hop: 1"], Headers(relayed, "Tidegate-Hop"));
        Assert.Contains(one.Log.Warnings, line => line.Contains("is not believed: this gateway has no key of a cluster.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task How_the_member_asks_who_the_client_is_reaches_the_client()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Balancer());
        await using FakeMember fake = await FakeMember.StartAsync(
            one, _ => "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Application Basic realm=\"demo\"\r\nContent-Length: 0\r\nWWW-Authenticate: Bearer\r\n\r\n");
        await one.LeadsToAsync(fake.Target);

        (string head, RawClient client) = await one.HandshakeAsync();

        client.Dispose();
        Assert.StartsWith("HTTP/1.1 401 ", head, StringComparison.Ordinal);
        Assert.Equal(["WWW-Authenticate: Application Basic realm=\"demo\"", "WWW-Authenticate: Bearer"], Headers(head, "WWW-Authenticate"));
        Assert.Empty(Headers(head, "Set-Cookie"));
        Assert.Single(fake.Heads);
    }

    [Fact]
    public async Task A_session_with_a_member_that_says_nothing_any_more_is_ended_and_the_client_is_told()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(
            Balancer(), change: options => options with { RelaySilence = TimeSpan.FromSeconds(1) });
        await using FakeMember fake = await FakeMember.StartAsync(one, FakeMember.Granted);
        await one.LeadsToAsync(fake.Target);
        (string head, RawClient client) = await one.HandshakeAsync();
        using RawClient disposed = client;
        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);

        byte[] end = await client.ReadToEndAsync();

        // 1014, bad gateway: the client may try again at once.
        Assert.Equal([0x88, 0x03, 0xf6], [end[0], .. end[2..4]]);
    }

    private static string[] Headers(string head, string name) =>
        [.. head.Split("\r\n").Where(line => line.StartsWith($"{name}:", StringComparison.OrdinalIgnoreCase))];
}
