using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf;

/// <summary>Several members together, in virtual time and from seeds.</summary>
public sealed class SerfNetworkTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Every_event_reaches_every_member_once_though_a_tenth_of_the_packets_is_lost(int seed)
    {
        SerfNetwork network = new(30, seed, loss: 0.1);
        for (int i = 0; i < 20; i++)
        {
            network.Hosts[i].Layer.Fire($"e{i}", Raw("01"), coalesce: false);
            network.Run(100);
        }

        network.Run(3_000);
        string[] all = [.. Enumerable.Range(0, 20).Select(i => $"e{i}").Order()];
        Assert.All(network.Hosts, host => Assert.Equal(all, host.Events.Select(received => received.Name).Order()));
    }

    [Fact]
    public void A_query_is_answered_by_all_it_is_meant_for()
    {
        SerfNetwork network = new(30, 1);
        foreach (SerfTestHost host in network.Hosts)
        {
            host.OnQuery = query => query.Answer(RawBytes.CopyOf(System.Text.Encoding.UTF8.GetBytes(host.Layer.Name)));
        }

        TestObserver observer = new();
        network.Hosts[4].Layer.Ask(new QueryRequest("who", default) { WantsAcks = true, Filters = [QueryFilter.ForTag("n", "^1.$")] }, observer);
        network.Run(10_000);
        string[] meant = [.. Enumerable.Range(10, 10).Select(i => $"m{i}")];
        Assert.Equal(meant, observer.Acks.Order());
        Assert.Equal(meant, observer.Answers.Select(answer => answer.From).Order());
        Assert.Equal(1, observer.Finishes);
    }

    [Fact]
    public void Relays_bring_answers_that_have_no_direct_way()
    {
        TestObserver direct = new();
        TestObserver relayed = new();
        foreach ((TestObserver observer, byte relays) in ((TestObserver, byte)[])[(direct, 0), (relayed, 2)])
        {
            SerfNetwork network = new(10, 1);
            SerfTestHost asker = network.Hosts[0];

            // What comes from m10 itself is lost; what another brings is taken by the same address, so the direct copy is told by its order: it is first.
            HashSet<string> seen = [];
            network.Lost = (from, to) => from == "m10" && to == SerfTestHost.Address(1) && seen.Add(from);
            asker.Layer.Ask(new QueryRequest("_serf_ping", default) { WantsAcks = true, RelayFactor = relays }, observer);
            network.Run(10_000);
        }

        Assert.Equal(9, direct.Acks.Count);
        Assert.Equal(10, relayed.Acks.Count);
    }

    [Fact]
    public void A_key_is_rotated_over_all_members()
    {
        byte[] old = TestKeyring.Key(1);
        byte[] fresh = TestKeyring.Key(2);
        List<TestKeyring> rings = [];
        SerfNetwork network = new(12, 1, keys: () =>
        {
            rings.Add(new TestKeyring(old));
            return rings[^1];
        });
        List<KeyOutcome> outcomes = [];
        SerfLayer layer = network.Hosts[3].Layer;
        layer.InstallKey(fresh, outcomes.Add);
        network.Run(8_000);
        layer.UseKey(fresh, outcomes.Add);
        network.Run(8_000);
        layer.RemoveKey(old, outcomes.Add);
        network.Run(8_000);
        layer.ListKeys(outcomes.Add);
        network.Run(8_000);
        Assert.All(outcomes, outcome => Assert.True(outcome.Succeeded));
        Assert.Equal(4, outcomes.Count);
        Assert.All(rings, ring => Assert.Equal([fresh], ring.Keys));
        Assert.Equal([KeyValuePair.Create(Convert.ToBase64String(fresh), 12)], outcomes[^1].Keys);
        Assert.Equal([KeyValuePair.Create(Convert.ToBase64String(fresh), 12)], outcomes[^1].PrimaryKeys);
    }

    [Fact]
    public void Using_a_key_that_one_member_lacks_fails_and_says_who()
    {
        int made = 0;
        SerfNetwork network = new(5, 1, keys: () => made++ == 2
            ? new TestKeyring(TestKeyring.Key(1))
            : new TestKeyring(TestKeyring.Key(1), TestKeyring.Key(2)));
        KeyOutcome? outcome = null;
        network.Hosts[0].Layer.UseKey(TestKeyring.Key(2), done => outcome = done);
        network.Run(8_000);
        Assert.False(outcome?.Succeeded);
        Assert.Equal((5, 5, 1), (outcome!.Members, outcome.Answers, outcome.Failures));
        Assert.Equal(["m3"], outcome.Messages.Keys);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Who_leaves_has_left_and_who_is_killed_has_failed_in_every_view(int seed)
    {
        SerfNetwork network = new(20, seed, loss: 0.1);
        List<bool> spread = [];
        network.Hosts[0].Layer.Leave(spread.Add);
        network.Run(5_000);
        Assert.Equal([true], spread);
        network.Kill(network.Hosts[0]);
        network.Kill(network.Hosts[1]);
        Assert.All(network.Live, host => Assert.Equal((SerfStatus.Left, SerfStatus.Failed), (host.Status("m1"), host.Status("m2"))));

        // The failed one is declared gone, and then forgotten.
        Assert.True(network.Hosts[5].Layer.ForceLeave("m2", prune: false));
        network.Run(3_000);
        Assert.All(network.Live, host => Assert.Equal(SerfStatus.Left, host.Status("m2")));
        Assert.True(network.Hosts[7].Layer.ForceLeave("m2", prune: true));
        network.Run(3_000);
        Assert.All(network.Live, host => Assert.Equal(SerfStatus.None, host.Status("m2")));
        Assert.All(network.Live, host => Assert.Equal(["m2"], host.Forgotten));
    }

    [Fact]
    public void Who_is_forced_to_leave_and_lives_says_so_and_stays()
    {
        SerfNetwork network = new(20, 1);
        network.Hosts[5].Layer.ForceLeave("m3", prune: false);
        network.Run(5_000);
        Assert.All(network.Live, host => Assert.Equal(SerfStatus.Alive, host.Status("m3")));
    }

    [Fact]
    public void A_push_pull_brings_what_gossip_has_not()
    {
        SerfNetwork network = new(2, 1, loss: 1);
        SerfTestHost one = network.Hosts[0];
        SerfTestHost other = network.Hosts[1];
        one.Layer.Fire("e", Raw("01"), coalesce: false);
        one.Receive(new LeaveMessage(7, "m2", false));
        network.Run(1_000);
        Assert.Empty(other.Events);
        SerfNetwork.PushPull(one, other);
        Assert.Equal(["e"], other.Events.Select(received => received.Name));
        Assert.Equal(one.Layer.Find("m1")?.StatusTime, other.Layer.Find("m1")?.StatusTime);
    }

    [Theory]
    [InlineData(1, 0.1)]
    [InlineData(2, 0.3)]
    [InlineData(3, 0.9)]
    public void The_newest_record_of_every_owner_is_in_every_view_whatever_gossip_loses(int seed, double loss)
    {
        SerfNetwork network = new(20, seed, loss, registry: true);
        for (int round = 0; round < 5; round++)
        {
            for (int i = 0; i < 20; i++)
            {
                network.Hosts[i].Registry!.Publish(RawBytes.CopyOf([(byte)round, (byte)i]));
            }

            network.Run(300);
        }

        network.Run(20_000);
        SerfTestHost first = network.Hosts[0];
        Assert.Equal(20, first.Registry!.View().Count);
        Assert.All(first.Registry.View(), record => Assert.Equal(4, record.Payload.Span[0]));
        Assert.All(network.Hosts, host => Assert.Equal(first.Registry.View().OrderBy(record => record.Owner), host.Registry!.View().OrderBy(record => record.Owner)));
        Assert.All(network.Hosts, host => Assert.Equal(first.Registry.AckPayload(), host.Registry!.AckPayload()));
    }
}
