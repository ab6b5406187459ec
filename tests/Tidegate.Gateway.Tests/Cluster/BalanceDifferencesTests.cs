using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>Members whose balance settings differ.</summary>
public sealed class BalanceDifferencesTests
{
    private const string Shop = "ws://shop.example:80/";

    [Fact]
    public void Members_with_the_same_settings_do_not_differ_and_a_member_needs_no_balancer() =>
        Assert.Empty(BalanceDifferences.Among([Member("a", "1", Shop), Member("b", "1", Shop), Member("c", null, Shop), new ComparedMember("serf", null, [])]));

    [Fact]
    public void Who_has_other_properties_than_most_differs()
    {
        BalanceDifference one = Assert.Single(BalanceDifferences.Among([Member("a", "1"), Member("b", "2"), Member("c", "1")]));

        Assert.Equal(new BalanceDifference("b", $"has other properties for the balancer {Shop} than other members"), one);
    }

    [Fact]
    public void Of_two_both_differ() =>
        Assert.Equal(["a", "b"], BalanceDifferences.Among([Member("a", "1"), Member("b", "2")]).Select(one => one.Id));

    [Fact]
    public void Who_offers_a_service_to_a_balancer_that_nobody_has_differs()
    {
        BalanceDifference one = Assert.Single(BalanceDifferences.Among([Member("a", "1", Shop), Member("b", "1", "ws://shpo.example:80/")]));

        Assert.Equal(new BalanceDifference("b", "offers a service to ws://shpo.example:80/, where no member has a balancer"), one);
    }

    [Fact]
    public void Where_nobody_has_a_balancer_nobody_differs() =>
        Assert.Empty(BalanceDifferences.Among([Member("a", null, Shop), Member("b", null, "ws://other.example:80/")]));

    [Fact]
    public void A_difference_that_stays_is_warned_of_once_and_anew_when_it_comes_back()
    {
        var warned = new List<string>();
        BalanceDifference[] now = [new("a", "x")];
        using var watch = new DifferenceWatch(() => now, one => warned.Add(one.Id), TimeProvider.System);

        watch.Look();
        Assert.Empty(warned);
        watch.Look();
        watch.Look();
        Assert.Equal(["a"], warned);

        now = [];
        watch.Look();
        now = [new("a", "x")];
        watch.Look();
        watch.Look();
        Assert.Equal(["a", "a"], warned);
    }

    [Fact]
    public async Task A_gateway_warns_of_a_member_with_another_policy()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(ClusteredGateway.Balancer());
        await using ClusteredGateway two = await ClusteredGateway.StartAsync(ClusteredGateway.Balancer("<policy>random</policy>"), one);

        await one.SaysAsync(
            $"Warning Cluster member {two.Id} was started with other balance settings than the rest: it has other properties for the balancer ws://balancer.example:80/echo than other members. Give all members the same ones");
    }

    private static ComparedMember Member(string id, string? digest, params string[] offers) => new(
        id,
        new GatewayStatus { Balancers = digest is null ? [] : [new BalancerSettings(Shop, digest)] },
        [.. offers.Select(offer => new BalanceTarget { Uri = GatewayUri.Parse("ws://a.example/", UriUse.Connect), Balances = [offer] })]);
}
