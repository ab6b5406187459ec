using System.Net;
using Tidegate.Membership.Security;
using Tidegate.Membership.Streams;
using Tidegate.Membership.Tests.Wire;
using Tidegate.Membership.Wire;

namespace Tidegate.Membership.Tests.Peers;

/// <summary>Packets and streams against an agent that nobody here wrote, plain and sealed, IPv4 and IPv6.</summary>
public sealed class SerfAgentTests
{
    [Theory]
    [InlineData("127.0.0.81", 0)]
    [InlineData("127.0.0.82", 16)]
    [InlineData("::1", 32)]
    public async Task An_agent_takes_our_state_and_we_take_its_packets(string host, int keyLength)
    {
        IPAddress address = IPAddress.Parse(host);
        SealingKey? key = keyLength == 0 ? null : new SealingKey(Enumerable.Range(1, keyLength).Select(i => (byte)i).ToArray());
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", address, key is null ? [] : [$"-encrypt={key.ToBase64()}"]);
        await using LoneMember member = new("lone", address, new Envelope([], key is null ? null : new Keyring(key)));

        // Its answer is compressed always, ours because it is long.
        StreamOutcome outcome = await member.Client.ExchangeAsync(agent.Address, () => member.State(join: true), default);
        Assert.True(outcome.IsDone, $"{outcome.Describe()}\n{agent.Log}");
        ClusterState state = Assert.IsType<ClusterState>(outcome.Answer);
        Assert.True(state.Join);
        StateEntry node = Assert.Single(state.Entries);
        Assert.Equal(("agent", MemberStatus.Alive, agent.Address.Port), (node.Name, node.Status, node.Address.Port));
        Assert.Equal(2, state.UserState.Span[0]);

        // It believes that we are there, with address and tags, and goes on believing because it is answered.
        string members = await agent.RunUntilAsync("lone", "members");
        string line = members.Split('\n').Single(line => line.StartsWith("lone ", StringComparison.Ordinal));
        Assert.Contains($"{member.Address} ", line, StringComparison.Ordinal);
        Assert.Contains("alive", line, StringComparison.Ordinal);
        Assert.Contains("role=lone", line, StringComparison.Ordinal);
        await member.MessageAsync(MessageType.Ping, body => Read(body, out PingMessage ping) && ping.Node == "lone");

        // Its gossip: an event comes as a user message of Serf's type 3, in a compound or not.
        Assert.Contains("dispatched", await agent.RunAsync("event", "deploy", "now"), StringComparison.Ordinal);
        await member.MessageAsync(MessageType.User, body => body[0] == 3 && body.AsSpan().IndexOf("deploy"u8) > 0);

        // Our packets: plain, and as a compressed compound with a checksum.
        member.Send(agent.Address, false, Ping(1_001, "agent"));
        await AckAsync(member, 1_001);
        member.Send(agent.Address, true, Ping(1_002, "agent"), Ping(1_003, "agent"), Ping(1_004, "nobody-here-has-this-name"));
        await AckAsync(member, 1_002);
        await AckAsync(member, 1_003);

        // A ping by TCP, and one for a name that it does not have.
        Assert.True((await member.Client.PingAsync(agent.Address, new PingMessage(5, "agent", MessageSource.None), SerfAgent.Patience, default)).IsDone);
        Assert.Equal(
            StreamRefusal.Closed,
            (await member.Client.PingAsync(agent.Address, new PingMessage(6, "other", MessageSource.None), SerfAgent.Patience, default)).Refusal);
        Assert.Equal(0, member.Refused);
        Assert.Contains("EventMemberJoin: lone", agent.Log, StringComparison.Ordinal);
        Assert.Empty(agent.Errors());
    }

    [Fact]
    public async Task An_agent_and_a_member_of_different_keys_refuse_each_other()
    {
        IPAddress address = IPAddress.Parse("127.0.0.83");
        SealingKey theirs = new(Enumerable.Repeat((byte)1, 32).ToArray());
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", address, $"-encrypt={theirs.ToBase64()}");
        await using LoneMember wrong = new("wrong", address, new Envelope([], new Keyring(new SealingKey(Enumerable.Repeat((byte)2, 32).ToArray()))));
        await using LoneMember plain = new("plain", address, Envelope.Plain);

        // The agent answers with an error, which it seals with its own key.
        StreamOutcome outcome = await wrong.Client.ExchangeAsync(agent.Address, () => wrong.State(join: true), default);
        Assert.Equal(StreamRefusal.NoKeyOpens, outcome.Refusal);
        outcome = await plain.Client.ExchangeAsync(agent.Address, () => plain.State(join: true), default);
        Assert.Equal(StreamRefusal.SealedWithoutKey, outcome.Refusal);

        // The agent joins nobody who cannot read what it sends.
        Assert.Contains("Error", await agent.RunAsync("join", wrong.Address.ToString()), StringComparison.Ordinal);
        string members = await agent.RunAsync("members");
        Assert.DoesNotContain("wrong", members, StringComparison.Ordinal);
        Assert.DoesNotContain("plain", members, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_joins_us()
    {
        IPAddress address = IPAddress.Parse("127.0.0.84");
        await using SerfAgent agent = await SerfAgent.StartAsync("agent", address);
        await using LoneMember member = new("lone", address, Envelope.Plain);
        Assert.Contains("Successfully joined", await agent.RunAsync("join", member.Address.ToString()), StringComparison.Ordinal);
        Assert.Contains("lone", await agent.RunAsync("members"), StringComparison.Ordinal);
    }

    private static byte[] Ping(uint seqNo, string name) => WireBytes.Written(new PingMessage(seqNo, name, MessageSource.None));

    private static Task<byte[]> AckAsync(LoneMember member, uint seqNo) =>
        member.MessageAsync(MessageType.Ack, body => Read(body, out AckMessage ack) && ack.SeqNo == seqNo);

    private static bool Read<T>(byte[] body, out T message)
        where T : struct, IMessage<T>
    {
        MessagePackReader reader = new(body);
        return T.TryRead(ref reader, out message);
    }
}
