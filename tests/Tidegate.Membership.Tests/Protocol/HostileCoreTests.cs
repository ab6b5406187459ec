using Tidegate.Membership.Protocol;
using Tidegate.Membership.Tests.Wire;
using Tidegate.Membership.Wire;
using Xunit.Abstractions;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>What a peer with the key can do to the protocol: nothing that crashes it or makes it grow.</summary>
public sealed class HostileCoreTests(ITestOutputHelper output)
{
    [Fact]
    public void Random_and_damaged_messages_change_no_state_and_are_counted()
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        Script script = new Script().With(5);
        script.Run(1_000);
        byte[] noise = new byte[64];
        for (int i = 0; i < 200_000; i++)
        {
            int length = random.Next(noise.Length);
            random.NextBytes(noise.AsSpan(0, length));
            script.Core.OnMessage(script.Now, At(2), noise.AsSpan(0, length));
        }

        Assert.Equal(6, script.Core.Members.Count);
        Assert.True(script.Core.Counters.BadMessages > 100_000);
        script.Run(1_000);
        Assert.Equal(6, script.Core.Members.Live);
    }

    [Fact]
    public void Well_formed_nonsense_keeps_every_structure_within_its_bound()
    {
        int seed = Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        Random random = new(seed);
        int timers = 0;
        Script script = new(change: options => options with { MaximumMembers = 50, MaximumBroadcasts = 100, MaximumRelays = 20, MaximumExchanges = 8 });
        for (int i = 0; i < 100_000; i++)
        {
            string name = random.Next(20) == 0 ? "me" : $"n{random.Next(80)}";
            uint incarnation = (uint)random.Next(5_000);
            byte number = (byte)random.Next(2, 250);
            switch (random.Next(8))
            {
                case 0:
                    script.Receive(new SuspectMessage(incarnation, name, $"n{random.Next(80)}"));
                    break;
                case 1:
                    script.Receive(new DeadMessage(incarnation, name, random.Next(2) == 0 ? name : "x"));
                    break;
                case 2:
                    script.Receive(Alive(name, number, incarnation, random.Next(2) == 0));
                    break;
                case 3:
                    script.Receive(new PingMessage(incarnation, name, new MessageSource(At(number).Raw, 7946, name)));
                    break;
                case 4:
                    script.Receive(new IndirectPingMessage(incarnation, At(number).Raw, number, name, true, MessageSource.None));
                    break;
                case 5:
                    script.Receive(new AckMessage((uint)random.Next(100_000), RawBytes.CopyOf([1])));
                    break;
                case 6:
                    script.Receive(new NackMessage((uint)random.Next(100_000)));
                    break;
                default:
                    script.Core.OnPushPullRequest(script.Now, At(number), State(
                        random.Next(2) == 0, Entry(name, number, (MemberStatus)random.Next(4), incarnation), Entry($"n{random.Next(80)}", number)));
                    break;
            }

            if (i % 100 == 0)
            {
                script.Run(1);
                script.Host.Packets.Clear();
                Assert.InRange(script.Core.Members.Count, 1, 50);
                Assert.InRange(script.Core.Gossip.Count, 0, 500);
                Assert.InRange(script.Core.OpenExchanges, 0, 8);

                // Those of attempts that are over run out within 180 ms, in which 18,000 messages come here.
                Assert.InRange(script.Core.PendingTimers, 0, 40_000);
                timers = Math.Max(timers, script.Core.PendingTimers);
            }
        }

        output.WriteLine($"at most {timers} timers");
        Assert.Equal(MemberStatus.Alive, script.Core.Self.Status);
    }

    [Fact]
    public void Everything_that_was_ever_sent_changes_nothing_when_it_is_sent_again()
    {
        Script script = new(Additions.Verify);
        List<byte[]> recorded =
        [
            WireBytes.Written(Alive("a", 2, incarnation: 5)), WireBytes.Written(Alive("b", 3, incarnation: 5)),
            WireBytes.Written(new SuspectMessage(5, "a", "b")), WireBytes.Written(Alive("a", 2, incarnation: 6)),
            WireBytes.Written(new DeadMessage(6, "a", "b")), WireBytes.Written(Alive("a", 2, incarnation: 7)),
            WireBytes.Written(new DeadMessage(5, "b", "b")), WireBytes.Written(Alive("me", 1, 1_000)),
            WireBytes.Written(new SuspectMessage(1_000, "me", "b")),
        ];
        foreach (byte[] message in recorded)
        {
            script.Core.OnMessage(script.Now, At(2), message);
        }

        script.Answering.Add(At(2));
        script.Run(5_000);
        (string, MemberChange)[] changes = [.. script.Host.Changes];
        StateEntry[] before = [.. script.Core.LocalState(join: false).Entries];
        for (int round = 0; round < 3; round++)
        {
            foreach (byte[] message in recorded)
            {
                script.Core.OnMessage(script.Now, At(2), message);
            }

            script.Run(5_000);
        }

        Assert.Equal(changes, script.Host.Changes);
        Assert.Equal(before, script.Core.LocalState(join: false).Entries);
    }
}
