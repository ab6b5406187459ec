using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>How the policies spread clients: from fixed seeds, so that a run is the same every time.</summary>
public sealed class BalanceChoiceTests
{
    private const string Key = "ws://balancer.example:80/echo";

    // One or two rounds of gossip; and where machines or networks are busy.
    private static readonly (int Least, int Most) s_quick = (10, 80), s_slow = (30, 250);

    [Theory]
    [InlineData(1, null)]
    [InlineData(1, 3_000)]
    [InlineData(2, null)]
    [InlineData(2, 3_000)]
    [InlineData(5, null)]
    [InlineData(5, 3_000)]
    public void Ten_thousand_clients_end_within_five_per_cent_of_even_also_where_a_member_comes_late(int balancers, int? after)
    {
        for (int seed = 1; seed <= 10; seed++)
        {
            int[] sessions = new BalanceSimulation(seed, balancers, s_quick, BalancePolicy.LeastSessions, 1, 1, 1, 1, 1).Run(10_000, after);

            Assert.All(sessions, count => Assert.InRange(count, 1_900, 2_100));
            Assert.Equal(10_000, sessions.Sum());
        }
    }

    [Theory]
    [InlineData(1, null)]
    [InlineData(1, 3_000)]
    [InlineData(5, null)]
    [InlineData(5, 3_000)]
    public void Where_word_takes_a_quarter_of_a_second_they_end_within_five_per_cent_too(int balancers, int? after)
    {
        for (int seed = 1; seed <= 10; seed++)
        {
            int[] sessions = new BalanceSimulation(seed, balancers, s_slow, BalancePolicy.LeastSessions, 1, 1, 1, 1, 1).Run(10_000, after);

            Assert.All(sessions, count => Assert.InRange(count, 1_900, 2_100));
        }
    }

    [Theory]
    [InlineData(2, null)]
    [InlineData(2, 3_000)]
    [InlineData(5, null)]
    [InlineData(5, 3_000)]
    public void Where_clients_take_a_third_of_a_second_to_get_there_they_end_within_five_per_cent_too(int balancers, int? after)
    {
        for (int seed = 1; seed <= 10; seed++)
        {
            int[] sessions = new BalanceSimulation(seed, balancers, s_quick, arrival: (50, 300), BalancePolicy.LeastSessions, 1, 1, 1, 1, 1).Run(10_000, after);

            Assert.All(sessions, count => Assert.InRange(count, 1_900, 2_100));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public void With_least_sessions_each_member_gets_what_its_weight_says(int balancers)
    {
        for (int seed = 1; seed <= 5; seed++)
        {
            int[] sessions = new BalanceSimulation(seed, balancers, s_quick, BalancePolicy.LeastSessions, 5, 1, 2, 1, 1).Run(10_000);

            Assert.InRange(sessions[0], 4_750, 5_250);
            Assert.InRange(sessions[2], 1_900, 2_100);
            Assert.InRange(sessions[1], 900, 1_100);
        }
    }

    [Fact]
    public void Random_ones_are_as_many_as_their_weights_say()
    {
        int[] sessions = new int[3];
        for (int seed = 1; seed <= 5; seed++)
        {
            int[] run = new BalanceSimulation(seed, 1, s_quick, BalancePolicy.Random, 3, 1, 6).Run(10_000);
            sessions = [.. sessions.Zip(run, (sum, count) => sum + count)];
        }

        Assert.InRange(sessions[0], 14_500, 15_500);
        Assert.InRange(sessions[1], 4_700, 5_300);
        Assert.InRange(sessions[2], 29_400, 30_600);
    }

    [Fact]
    public void The_turns_of_a_heavy_one_lie_between_those_of_the_others()
    {
        BalanceMap map = MapOf(("a", 5), ("b", 1), ("c", 1));
        var choice = new BalanceChoice(BalancePolicy.RoundRobin, TimeProvider.System);

        string turns = string.Concat(Enumerable.Range(0, 14).Select(_ => choice.Choose(map.For(Key))!.Member));

        Assert.Equal("aabacaaaabacaa", turns);
    }

    [Fact]
    public void Turns_go_on_when_a_member_has_told_something_new()
    {
        BalanceMap map = MapOf(("a", 1), ("b", 1), ("c", 1));
        var choice = new BalanceChoice(BalancePolicy.RoundRobin, TimeProvider.System);
        string turns = "";
        for (int i = 0; i < 6; i++)
        {
            turns += choice.Choose(map.For(Key))!.Member;
            map.Set("b", [Target("b", 1, sessions: i)]);
        }

        Assert.Equal("abcabc", turns);
    }

    [Theory]
    [InlineData(BalancePolicy.Sticky)]
    [InlineData(BalancePolicy.Hash)]
    public void Clients_are_spread_by_what_they_are_told_apart_by_as_weights_say(BalancePolicy policy)
    {
        ILookup<string, string> chosen = Clients(30_000).ToLookup(client => Choose(policy, MapOf(("a", 1), ("b", 1), ("c", 4)), client));

        Assert.InRange(chosen["a"].Count(), 4_750, 5_250);
        Assert.InRange(chosen["b"].Count(), 4_750, 5_250);
        Assert.InRange(chosen["c"].Count(), 19_500, 20_500);
    }

    [Fact]
    public void Where_a_member_goes_only_its_own_clients_move_and_to_all_others()
    {
        BalanceMap all = MapOf(("a", 1), ("b", 1), ("c", 1), ("d", 1));
        BalanceMap fewer = MapOf(("d", 1), ("a", 1), ("b", 1));
        var moved = new Dictionary<string, int>();
        foreach (string client in Clients(4_000))
        {
            string before = Choose(BalancePolicy.Hash, all, client);
            string after = Choose(BalancePolicy.Hash, fewer, client);
            if (before == "c")
            {
                moved[after] = moved.GetValueOrDefault(after) + 1;
            }
            else
            {
                Assert.Equal(before, after);
            }
        }

        Assert.Equal(3, moved.Count);
        Assert.All(moved.Values, count => Assert.InRange(count, 270, 400));
    }

    [Fact]
    public void A_target_that_becomes_heavier_takes_clients_and_gives_none()
    {
        BalanceMap before = MapOf(("a", 1), ("b", 1), ("c", 1));
        BalanceMap after = MapOf(("a", 1), ("b", 3), ("c", 1));

        Assert.All(Clients(1_000), client =>
        {
            string then = Choose(BalancePolicy.Hash, before, client);
            string now = Choose(BalancePolicy.Hash, after, client);
            Assert.True(now == then || now == "b", $"{client} went from {then} to {now}");
        });
    }

    [Fact]
    public void Where_there_is_one_it_is_chosen_and_where_there_is_none_nobody_is()
    {
        foreach (BalancePolicy policy in Enum.GetValues<BalancePolicy>())
        {
            var choice = new BalanceChoice(policy, TimeProvider.System);
            Assert.Equal("a", choice.Choose(MapOf(("a", 1)).For(Key), "client")!.Member);
            Assert.Null(choice.Choose([], "client"));
        }
    }

    private static IEnumerable<string> Clients(int count) => Enumerable.Range(0, count).Select(i => $"address 10.0.{i / 256}.{i % 256}");

    private static string Choose(BalancePolicy policy, BalanceMap map, string client) =>
        new BalanceChoice(policy, TimeProvider.System).Choose(map.For(Key), client)!.Member;

    private static BalanceMap MapOf(params (string Member, int Weight)[] members)
    {
        var map = new BalanceMap(TimeProvider.System);
        foreach ((string member, int weight) in members)
        {
            map.Set(member, [Target(member, weight)]);
        }

        return map;
    }

    private static BalanceTarget Target(string member, int weight, int sessions = 0) => new()
    {
        Uri = GatewayUri.Parse($"ws://{member}.example/", UriUse.Connect),
        Balances = [Key],
        Weight = weight,
        Sessions = sessions,
    };
}
