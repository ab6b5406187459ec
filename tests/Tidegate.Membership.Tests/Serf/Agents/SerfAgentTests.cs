using Tidegate.Membership.Serf;
using Tidegate.Membership.Serf.Messages;
using Tidegate.Membership.Tests.Peers;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Wire.WireBytes;

namespace Tidegate.Membership.Tests.Serf.Agents;

/// <summary>Serf's layer beside real Serf agents, which no one here wrote.</summary>
public sealed class SerfAgentTests
{
    [Fact]
    public async Task An_agent_takes_our_state_and_our_tags_and_we_take_its()
    {
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", "-disable-compression", "-tag", "role=web");
        await using AgentPeer ours = new("ours", ("role", "gateway"), ("tg", "1"));
        ours.Do(host => host.Registry!.Publish(Raw("01")));
        await ours.JoinAsync(agent);
        await agent.WaitForMemberAsync("ours", ours.Address.ToString(), "alive", "role=gateway", "tg=1");
        Assert.Equal((SerfStatus.Alive, "web"), ours.Do(host => (host.Status("agent"), host.Layer.Find("agent")!.Tags["role"])));
        Assert.Equal(0, ours.Do(host => host.Layer.Counters.Unreadable));
        Assert.Empty(agent.Errors());
    }

    [Fact]
    public async Task Events_go_both_ways_and_those_of_before_come_with_a_replay()
    {
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", "-disable-compression");
        await using AgentPeer ours = new("ours");
        ours.Do(host => host.Layer.Fire("before", Raw("'x'"), coalesce: false));
        await agent.RunAsync("join", "-replay", ours.Address.ToString());
        await agent.WaitForLogAsync("user-event: before");
        await agent.WaitForAsync(() => ours.Do(host => host.Status("agent")) == SerfStatus.Alive, "the agent is known");

        await agent.RunAsync("event", "-coalesce=false", "deploy", "v2");
        await agent.WaitForAsync(() => ours.Do(host => host.Events.Any(received => received.Name == "deploy")), "the agent's event is here");
        SerfEvent deploy = ours.Do(host => host.Events.Single(received => received.Name == "deploy"));
        Assert.Equal((Raw("'v2'"), false), (deploy.Payload, deploy.Coalesce));

        ours.Do(host => host.Layer.Fire("after", Raw("'y'"), coalesce: false));
        await agent.WaitForLogAsync("user-event: after");
    }

    [Fact]
    public async Task Queries_and_reachability_of_an_agent_are_answered()
    {
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", "-disable-compression");
        await using AgentPeer ours = new("ours", ("role", "gateway"));
        ours.Host.OnQuery = query => query.Answer(RawBytes.CopyOf([.. "load of "u8, .. query.Payload.Span]));
        await ours.JoinAsync(agent);
        await agent.WaitForMemberAsync("ours", "alive");
        await agent.RunUntilAsync("Ack from 'ours'", "query", "-tag", "role=^gate", "-node", "ours", "-timeout", "1s", "load", "all");
        await agent.RunUntilAsync("Response from 'ours': load of all", "query", "-tag", "role=^gate", "-timeout", "1s", "load", "all");
        string output = await agent.RunAsync("query", "-tag", "role=^web", "-timeout", "1s", "load", "all");
        Assert.Contains("Total Acks: 0", output, StringComparison.Ordinal);
        await agent.RunUntilAsync("Successfully contacted all live nodes", "reachability");
    }

    [Fact]
    public async Task An_agent_answers_our_queries()
    {
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", "-disable-compression");
        await using AgentPeer ours = new("ours");
        await ours.JoinAsync(agent);
        await agent.WaitForMemberAsync("ours", "alive");
        TestObserver pings = new();
        TestObserver votes = new();
        KeyOutcome? keys = null;
        ours.Do(host =>
        {
            host.Layer.Ask(new QueryRequest("_serf_ping", default) { WantsAcks = true, RelayFactor = 1, Filters = [QueryFilter.ForNodes(["agent"])] }, pings);
            host.Layer.Ask(new QueryRequest("_serf_conflict", Raw("'ours'")), votes);
            host.Layer.ListKeys(outcome => keys = outcome);
        });
        await agent.WaitForAsync(() => ours.Do(_ => pings.Acks.Count > 0 && votes.Answers.Count > 0 && keys is not null), "the agent answers");
        Assert.Equal(["agent"], pings.Acks);
        (string from, RawBytes payload) = Assert.Single(votes.Answers);
        Assert.Equal("agent", from);
        Assert.True(SerfFields.TryRead(payload.Span, out ConflictAnswerMessage vote));
        Assert.True(vote.Known);
        Assert.Equal(("ours", ours.Address.ToEndPoint(), SerfStatus.Alive), (vote.Name, vote.Address.ToEndPoint(), vote.Status));
        Assert.Equal((2, 2, 2), (keys!.Members, keys.Answers, keys.Failures));
        Assert.NotEqual("", keys.Messages["agent"]);
    }

    [Fact]
    public async Task An_agent_names_the_address_of_which_a_name_is_ours()
    {
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", "-disable-compression");
        await using AgentPeer ours = new("ours");
        await ours.JoinAsync(agent);
        await agent.WaitForMemberAsync("ours", "alive");
        ours.Do(host => host.Layer.NameClaimed(SerfTestHost.Address(9)));
        await agent.WaitForAsync(() => ours.Do(host => host.Warnings.Count > 0 || host.Stopped is not null), "the vote is counted");
        Assert.Null(ours.Host.Stopped);
    }

    [Fact]
    public async Task Answers_are_relayed_between_agents_and_us()
    {
        await using SerfAgent asker = await SerfAgent.StartAsync("asker", "-disable-compression");
        await using SerfAgent other = await SerfAgent.StartAsync("other", "-disable-compression");
        await using AgentPeer ours = new("ours");
        await other.RunAsync("join", asker.Address.ToString());
        await ours.JoinAsync(asker);
        await other.WaitForMemberAsync("ours", "alive");
        await asker.WaitForMemberAsync("other", "alive");
        await asker.WaitForAsync(() => ours.Do(host => host.Status("other")) == SerfStatus.Alive, "the other agent is known");
        ours.Do(host => host.Sends.Clear());
        await asker.RunUntilAsync("Total Acks: 3", "query", "-relay-factor", "1", "-timeout", "1s", "load");

        // Our ack goes to the asker, and in a relay to the other agent. Its ack comes to us in a relay, or goes by the asker itself: it draws lots.
        await asker.WaitForAsync(
            () => ours.Do(host => host.Sends.Any(send => IsAckOf(send.Message, "ours")) && host.Sends.Any(send => send.Message[0] == (byte)SerfMessageType.Relay)),
            "our ack goes two ways");
        for (int attempt = 0; attempt < 60 && !ours.Do(host => host.Sends.Any(send => IsAckOf(send.Message, "other"))); attempt++)
        {
            await asker.RunAsync("query", "-relay-factor", "1", "-timeout", "500ms", "load");
        }

        Assert.Contains(ours.Do(host => host.Sends.ToArray()), send => IsAckOf(send.Message, "other"));
    }

    [Fact]
    public async Task Leaving_is_seen_as_having_left_both_ways()
    {
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", "-disable-compression");
        await using AgentPeer ours = new("ours");
        await using AgentPeer second = new("second");
        await ours.JoinAsync(agent);
        await second.JoinAsync(agent);
        await agent.WaitForMemberAsync("ours", "alive");
        await agent.WaitForMemberAsync("second", "alive");
        bool? spread = null;
        ours.Do(host => host.Layer.Leave(complete => spread = complete));
        await agent.WaitForAsync(() => ours.Do(_ => spread is not null), "the intent has spread");
        Assert.True(spread);
        await agent.WaitForMemberAsync("ours", "leaving");
        ours.SayGone();
        await agent.WaitForMemberAsync("ours", "left");

        await agent.RunAsync("leave");
        await agent.WaitForAsync(() => second.Do(host => host.Status("agent")) == SerfStatus.Left, "the agent has left");
    }

    [Fact]
    public async Task Who_failed_is_forced_to_have_left_by_an_agent_and_by_us()
    {
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", "-disable-compression");
        await using AgentPeer ours = new("ours");
        await ours.JoinAsync(agent);
        foreach (string name in (string[])["one", "two"])
        {
            AgentPeer doomed = new(name);
            await doomed.JoinAsync(agent);
            await agent.WaitForMemberAsync(name, "alive");
            await agent.WaitForAsync(() => ours.Do(host => host.Status(name)) == SerfStatus.Alive, "the agent has told us of it");
            await doomed.DisposeAsync();
        }

        await agent.WaitForMemberAsync("one", "failed");
        await agent.WaitForMemberAsync("two", "failed");
        await agent.WaitForAsync(() => ours.Do(host => (host.Status("one"), host.Status("two"))) == (SerfStatus.Failed, SerfStatus.Failed), "we have heard it");
        await agent.RunAsync("force-leave", "one");
        await agent.WaitForAsync(() => ours.Do(host => host.Status("one")) == SerfStatus.Left, "the agent's word is here");
        Assert.True(ours.Do(host => host.Layer.ForceLeave("two", prune: false)));
        await agent.WaitForMemberAsync("two", "left");
    }

    private static bool IsAckOf(byte[] message, string name) =>
        SerfFields.TryRead(message, out QueryAnswerMessage answer) && answer.IsAck && answer.From == name;
}
