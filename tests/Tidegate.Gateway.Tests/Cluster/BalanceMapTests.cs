using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway.Tests.Cluster;

public sealed class BalanceMapTests
{
    private const string Key = "ws://balancer.example:80/echo";
    private readonly BalanceMap _map = new(TimeProvider.System);

    [Fact]
    public void Two_members_that_offer_the_same_uri_do_not_disturb_each_other()
    {
        _map.Set("one", [Target("ws://same/")]);
        _map.Set("two", [Target("ws://same/")]);
        Assert.Equal(["one", "two"], _map.For(Key).Select(candidate => candidate.Member));
        Assert.Equal(["ws://same/"], Assert.Single(_map.Describe()).Targets);

        _map.Set("one", []);

        Assert.Equal("two", Assert.Single(_map.For(Key)).Member);
    }

    [Fact]
    public void Only_another_place_is_a_change_and_not_another_number_of_sessions()
    {
        Assert.False(_map.Set("one", []));
        Assert.True(_map.Set("one", [Target("ws://a/")]));
        Assert.False(_map.Set("one", [Target("ws://a/", 5)]));
        Assert.Equal(5, Assert.Single(_map.For(Key)).Load());
        Assert.True(_map.Set("one", [Target("ws://b/", 5)]));
        Assert.True(_map.Set("one", []));
        Assert.Empty(_map.For(Key));
        Assert.Empty(_map.Describe());
    }

    [Fact]
    public void Who_was_just_sent_there_counts_until_the_member_says_otherwise()
    {
        var time = new StandingTime();
        var map = new BalanceMap(time);
        map.Set("one", [Target("ws://a/", 5)]);
        Assert.Single(map.For(Key)).Sent();
        Assert.Single(map.For(Key)).Sent();
        Assert.Equal(7, Assert.Single(map.For(Key)).Load());
        Assert.Equal(15, Assert.Single(map.For(Key)).Load(factor: 5));

        // Too early: the member can not have counted them yet.
        time.Advance(TargetMemory.Settling / 2);
        map.Set("one", [Target("ws://a/", 6)]);
        Assert.Equal(8, Assert.Single(map.For(Key)).Load());

        time.Advance(TargetMemory.Settling);
        map.Set("one", [Target("ws://a/", 7)]);
        Assert.Equal(7, Assert.Single(map.For(Key)).Load());
    }

    [Fact]
    public void Who_was_sent_there_and_is_never_told_of_counts_for_a_while()
    {
        var time = new StandingTime();
        var map = new BalanceMap(time);
        map.Set("one", [Target("ws://a/", 5)]);
        BalanceCandidate candidate = Assert.Single(map.For(Key));
        candidate.Sent();
        time.Advance(TargetMemory.Patience / 2);
        candidate.Sent();
        Assert.Equal(7, candidate.Load());

        time.Advance(TargetMemory.Patience / 2);
        Assert.Equal(6, candidate.Load());
        time.Advance(TargetMemory.Patience * 10);
        Assert.Equal(5, candidate.Load());
    }

    [Fact]
    public void A_number_of_sessions_that_no_member_has_does_not_turn_into_the_smallest()
    {
        byte[] record = System.Text.Encoding.UTF8.GetBytes($"{{\"targets\":[{{\"uri\":\"ws://a/\",\"balance\":[\"{Key}\"],\"sessions\":{int.MaxValue}}}]}}");
        _map.Set("one", BalanceRecord.TryRead(record)!.Value);
        BalanceCandidate candidate = Assert.Single(_map.For(Key));
        candidate.Sent();

        Assert.True(candidate.Load() > 0);
    }

    [Fact]
    public void Of_two_random_ones_that_with_fewer_sessions_is_chosen()
    {
        _map.Set("one", [Target("ws://a/", 9)]);
        _map.Set("two", [Target("ws://b/", 3)]);
        _map.Set("three", [Target("ws://c/", 6)]);
        ImmutableArray<BalanceCandidate> all = _map.For(Key);
        int[] loads = [.. all.Select(candidate => candidate.Target.Sessions)];

        // The second number leaves out the first.
        Assert.Equal(Math.Min(loads[0], loads[1]), Chosen(0, 0));
        Assert.Equal(Math.Min(loads[1], loads[2]), Chosen(1, 1));
        Assert.Equal(Math.Min(loads[2], loads[0]), Chosen(2, 0));

        int Chosen(params int[] numbers)
        {
            var given = new Queue<int>(numbers);
            return new BalanceChoice(BalancePolicy.LeastSessions, TimeProvider.System, _ => given.Dequeue()).Choose(all)!.Target.Sessions;
        }
    }

    [Fact]
    public void Round_robin_takes_one_after_the_other_and_nobody_from_nobody()
    {
        _map.Set("one", [Target("ws://a/")]);
        _map.Set("two", [Target("ws://b/")]);
        var choice = new BalanceChoice(BalancePolicy.RoundRobin, TimeProvider.System);

        Assert.Null(choice.Choose([]));
        Assert.Equal(["one", "two", "one", "two"], Enumerable.Range(0, 4).Select(_ => choice.Choose(_map.For(Key))!.Member));
    }

    [Fact]
    public void Clients_that_are_sent_at_once_are_spread_evenly()
    {
        for (int i = 0; i < 5; i++)
        {
            _map.Set($"member {i}", [Target($"ws://{i}.example/")]);
        }

        var choice = new BalanceChoice(BalancePolicy.LeastSessions, TimeProvider.System, new Random(1).Next);
        int[] counts = [.. Enumerable.Range(0, 1000).Select(_ => choice.Choose(_map.For(Key))!.Member).GroupBy(member => member).Select(group => group.Count())];

        Assert.Equal(5, counts.Length);
        Assert.All(counts, count => Assert.InRange(count, 150, 250));
    }

    private static BalanceTarget Target(string uri, int sessions = 0) => new()
    {
        Uri = GatewayUri.Parse(uri, UriUse.Connect),
        Balances = [Key],
        Sessions = sessions,
    };
}
