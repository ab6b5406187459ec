using System.Net;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Membership;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>What members of a cluster know of each other and tell operators.</summary>
public sealed class ClusterTests
{
    [Fact]
    public async Task Two_gateways_see_each_other_come_and_go()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo(""));
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(""), one);
        await one.SaysAsync($"Information Cluster member {two.Id} is now online");
        await two.SaysAsync($"Information Cluster member {one.Id} is now online");

        await two.Server.StopAsync(CancellationToken.None);

        await one.SaysAsync($"Information Cluster member {two.Id} is down");
        Assert.Equal(one.Count(" is now online"), one.Count(" is down"));
        Assert.Contains($"Information Cluster Member started: IP Address: 127.0.0.1; Port: {one.Server.ClusterEndPoint!.Port}; id: {one.Id}", one.Log.All);
    }

    [Fact]
    public async Task A_member_that_is_gone_without_a_word_is_down_once()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo(""));
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(""), one);
        await one.SaysAsync($"Information Cluster member {two.Id} is now online");

        await two.DisposeAsync();

        await one.SaysAsync($"Information Cluster member {two.Id} is down");
        Assert.Equal(one.Count(" is now online"), one.Count(" is down"));
    }

    [Fact]
    public async Task A_member_of_another_name_is_none()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo(""));
        await using ClusteredGateway other = await ClusteredGateway.StartAsync(Echo(""), one, name: "other");
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(""), one);

        // By then the other has been refused at least once: it began earlier.
        await one.SaysAsync($"Information Cluster member {two.Id} is now online");
        await other.SaysAsync("Information Current cluster members:");
        Assert.DoesNotContain($"Information Cluster member {other.Id} is now online", one.Log.All);
        Assert.DoesNotContain(other.Log.All, line => line.EndsWith(" is now online", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Members_with_the_same_key_find_each_other_and_one_without_it_is_none()
    {
        string key = ClusterKeys.Generate();
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo(""), key: key);
        await using ClusteredGateway open = await ClusteredGateway.StartAsync(Echo(""), one);
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(""), one, key: $"{key}\n{ClusterKeys.Generate()}");

        await two.SaysAsync($"Information Cluster member {one.Id} is now online");
        Assert.DoesNotContain($"Information Cluster member {open.Id} is now online", one.Log.All);
    }

    [Fact]
    public async Task What_a_member_offers_is_known_to_all_until_it_goes()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo());
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(Echo(), one);
        string[] both = [.. new[] { one, two }.Select(gateway => $"ws://127.0.0.1:{gateway.At("ws", "/echo").Port}/echo").Order(StringComparer.Ordinal)];
        await one.LeadsToAsync(both);
        await two.LeadsToAsync(both);
        Assert.Contains($"Information Cluster member {one.Id}: service echo bound", one.Log.All);

        await two.Server.StopAsync(CancellationToken.None);

        await one.LeadsToAsync($"ws://127.0.0.1:{one.At("ws", "/echo").Port}/echo");
        Assert.Contains($"Information Cluster member {two.Id}: service echo unbound", two.Log.All);
    }

    [Fact]
    public async Task Who_looks_again_and_again_is_not_remembered_each_time()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo());
        ClusterConfiguration cluster = new()
        {
            Name = "c",
            Accepts = [new ClusterAddress("tcp", "127.0.0.1", one.Server.ClusterEndPoint!.Port, "")],
            Position = new SourcePosition("test.xml", 2, 1),
        };

        for (int i = 0; i < 3; i++)
        {
            ObservedMember seen = Assert.Single((await ClusterObserver.LookAsync(cluster, [], number: 7, TimeSpan.FromSeconds(60), CancellationToken.None))!.Value);
            Assert.Equal(one.Id, seen.Id);
        }

        Assert.All(
            one.Log.All.Where(line => line.StartsWith("Debug Member ", StringComparison.Ordinal) && line.EndsWith(" is up.", StringComparison.Ordinal)),
            line => Assert.StartsWith("Debug Member observer-7@127.0.0.1 at ", line, StringComparison.Ordinal));
        Assert.DoesNotContain(one.Log.All, line => line.EndsWith(" is now online", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(MemberState.Alive, false, false, "alive")]
    [InlineData(MemberState.Alive, false, true, "draining")]
    [InlineData(MemberState.Alive, true, false, "suspected")]
    [InlineData(MemberState.Alive, true, true, "suspected")]
    [InlineData(MemberState.Leaving, true, true, "leaving")]
    [InlineData(MemberState.Left, false, true, "left")]
    [InlineData(MemberState.Failed, false, false, "failed")]
    public void Operators_see_who_is_suspected_as_long_as_it_has_not_gone(MemberState state, bool isSuspected, bool isDraining, string word) =>
        Assert.Equal(word, ObservedMember.StateOf(
            new MemberInfo { Name = "m", EndPoint = new IPEndPoint(IPAddress.Loopback, 1), State = state, Since = DateTimeOffset.UnixEpoch, IsSuspected = isSuspected },
            new GatewayStatus { IsDraining = isDraining }));

    [Fact]
    public async Task A_proxy_that_has_lost_its_back_end_is_not_offered()
    {
        using var backEnd = new BackEndServer();
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo(""));
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(
            $"<service><name>p</name><accept>ws://127.0.0.1:0/echo</accept><connect>tcp://127.0.0.1:{backEnd.Port}</connect>{Balance}<type>proxy</type>"
            + "<properties><maximum.recovery.interval>1s</maximum.recovery.interval></properties></service>",
            one);
        string target = $"ws://127.0.0.1:{two.At("ws", "/echo").Port}/echo";
        await one.LeadsToAsync(target);

        backEnd.StopListening();
        await one.LeadsToAsync();

        using var again = new BackEndServer(backEnd.Port);
        await one.LeadsToAsync(target);
    }

    [Fact]
    public async Task A_key_that_can_not_be_used_keeps_the_gateway_from_starting()
    {
        GatewayStartException exception = await Assert.ThrowsAsync<GatewayStartException>(() => ClusteredGateway.StartAsync(Echo(""), key: "secret"));

        Assert.Equal(
            "test.xml:2:1: Unable to initialize cluster due to an exception: TIDEGATE_CLUSTER_KEY: key 1 is not 16, 24 or 32 bytes in base64. ./tidegate keygen makes one.",
            exception.Message);
    }

    [Fact]
    public async Task An_accept_of_another_machine_keeps_the_gateway_from_starting_and_the_addresses_are_named()
    {
        // 192.0.2.0/24 is for documentation (RFC 5737): nobody has it.
        GatewayConfiguration configuration = Configuration.ConfigurationText.Read(
            "<cluster><name>c</name><accept>tcp://192.0.2.1:5942</accept></cluster>" + Echo(""));

        ConfigurationException exception = await Assert.ThrowsAsync<ConfigurationException>(() => ClusteredGateway.StartAsync(configuration, null));

        ConfigurationError error = Assert.Single(exception.Errors);
        Assert.Equal("<accept>tcp://192.0.2.1:5942</accept> in <cluster>: No network interface of this machine has the address 192.0.2.1.", error.Problem);
        Assert.Contains("lo (127.0.0.1", error.Cure, StringComparison.Ordinal);
    }
}
