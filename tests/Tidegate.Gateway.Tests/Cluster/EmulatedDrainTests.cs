using System.Net;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Clients.EmulatedClient;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>What becomes of emulated WebSockets, which have no connection of their own, when their gateway leaves politely.</summary>
public sealed class EmulatedDrainTests
{
    private static readonly TimeSpan s_never = TimeSpan.FromHours(1);

    [Fact]
    public async Task One_that_nobody_fetches_from_at_the_moment_is_a_session_like_any_other()
    {
        await using ClusteredGateway gateway = await StartAsync(null, s_never);
        using EmulatedClient client = await CreateAtAsync(Create(gateway));
        Assert.Equal(1, gateway.Server.BalancedSessions);

        Task draining = gateway.Server.DrainAsync(CancellationToken.None);
        await gateway.SaysAsync("Information Draining: new clients go to other members, and 1 session is closed over 3600 s");

        // It has its turn at the end of the time, and works until then.
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(200, await client.PostFramesAsync(0x81, 1, (byte)'x'));
            using ReceivingStream poll = await client.ReceiveAsync("?.ki=p");
            await poll.ExpectEndAsync([0x81, 1, (byte)'x', .. Reconnect]);
        }

        Assert.False(draining.IsCompleted);
        using ReceivingStream down = await client.ReceiveAsync();
        await down.ExpectAsync(Noop);
        Task stopping = gateway.Server.StopAsync(CancellationToken.None);
        await down.ExpectEndAsync([.. Close, .. Reconnect]);
        await Task.WhenAll(draining, stopping);
        Assert.Contains(gateway.Log.All, line => line.StartsWith("Information Drained: 1 session was closed in ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Each_hears_of_its_end_by_the_request_that_it_makes_next_and_the_drain_waits_for_that()
    {
        await using ClusteredGateway gateway = await StartAsync(null, TimeSpan.Zero);
        using EmulatedClient client = await CreateAtAsync(Create(gateway));
        using ReceivingStream down = await client.ReceiveAsync();
        await down.ExpectAsync(Noop);

        Task draining = gateway.Server.DrainAsync(CancellationToken.None);

        await down.ExpectEndAsync([.. Close, .. Reconnect]);

        // The client answers, which ends the drain; and it would end by itself where no answer came.
        using HttpResponseMessage answer = await client.SendAsync(HttpMethod.Post, client.Upstream, [.. Close, .. Reconnect]);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await draining;
        Assert.Equal(0, gateway.Server.BalancedSessions);
    }

    [Fact]
    public async Task Whoever_opens_one_at_a_member_that_drains_is_sent_to_another_one()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo());
        await using ClusteredGateway two = await StartAsync(one, s_never);
        await two.LeadsToAsync([.. new[] { one, two }.Select(Target).Order(StringComparer.Ordinal)]);
        using EmulatedClient old = await CreateAtAsync(Create(two));
        Task draining = two.Server.DrainAsync(CancellationToken.None);
        await one.LeadsToAsync(Target(one));

        using EmulatedClient newcomer = Stranger();
        using (HttpResponseMessage sent = await newcomer.SendAsync(HttpMethod.Get, $"{Create(two)}?x=1", null, VersionHeader))
        {
            Assert.Equal(HttpStatusCode.Redirect, sent.StatusCode);
            Assert.Equal($"{Create(one)}?x=1", sent.Headers.Location!.OriginalString);
        }

        // One that a member has sent here is not sent on.
        using (HttpResponseMessage relayed = await newcomer.SendAsync(HttpMethod.Get, Create(two), null, "Tidegate-Hop: 1", VersionHeader))
        {
            Assert.Equal(HttpStatusCode.Created, relayed.StatusCode);
        }

        _ = two.Server.StopAsync(CancellationToken.None);
        await draining;
    }

    [Fact]
    public async Task Whoever_opens_one_where_nobody_else_is_gets_it_until_the_end()
    {
        await using ClusteredGateway gateway = await StartAsync(null, s_never);
        using EmulatedClient old = await CreateAtAsync(Create(gateway));
        Task draining = gateway.Server.DrainAsync(CancellationToken.None);
        await gateway.LeadsToAsync();

        using EmulatedClient newcomer = await CreateAtAsync(Create(gateway));
        using ReceivingStream down = await newcomer.ReceiveAsync();
        await down.ExpectAsync(Noop);
        _ = gateway.Server.StopAsync(CancellationToken.None);
        await down.ExpectEndAsync([.. Close, .. Reconnect]);
        await draining;
    }

    private static string Target(ClusteredGateway gateway) => $"ws://127.0.0.1:{gateway.At("ws", "/echo").Port}/echo";

    private static string Create(ClusteredGateway gateway) => $"http://127.0.0.1:{gateway.At("ws", "/echo").Port}/echo/;e/cbm";

    private static Task<ClusteredGateway> StartAsync(ClusteredGateway? seed, TimeSpan grace) =>
        ClusteredGateway.StartAsync(Echo(), seed, change: options => options with { Grace = grace, WithdrawalTimeout = TimeSpan.FromSeconds(60) });
}
