using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

public sealed class GossipTests
{
    [Fact]
    public void Nothing_is_sent_but_probes_where_there_is_no_news()
    {
        Script script = new Script().With(5);
        script.Run(10_000);
        int before = script.Host.Packets.Count;
        script.Run(10_000);
        Assert.InRange(script.Host.Packets.Count - before, 49, 51);
    }

    [Fact]
    public void News_go_to_three_others_at_once()
    {
        Script script = new Script().With(9);
        script.Run(10_000);
        script.Receive(Alive("x", 30));
        script.Run(1);
        Assert.Equal(3, script.Sent<AliveMessage>().Where(sent => sent.Message.Node == "x").Select(sent => sent.To).Distinct().Count());
    }

    [Fact]
    public void The_recently_dead_are_told_too_and_those_that_left_are_not()
    {
        Script script = new Script(Additions.Verify | Additions.Reconnect).With(2);
        script.Receive(new DeadMessage(1, "a", "x"));
        script.Receive(new DeadMessage(1, "b", "b"));
        script.Run(1_000);
        Assert.Contains(script.Sent<DeadMessage>(), sent => sent.To == At(2));
        Assert.DoesNotContain(script.Sent<DeadMessage>(), sent => sent.To == At(3));
        script.Run(30_000);
        int before = script.Host.Packets.Count(packet => packet.To == At(2));
        script.Receive(new PingMessage(1, "nobody", MessageSource.None));
        script.Core.Broadcast(script.Now, BroadcastTier.SerfEvent, null, [3, 1]);
        script.Run(1_000);
        Assert.Equal(before, script.Host.Packets.Count(packet => packet.To == At(2)));
    }

    [Fact]
    public void Pings_and_their_answers_carry_what_waits_and_a_checksum_goes_to_whom_it_is_understood()
    {
        Script script = new Script().With(5);
        script.Receive(new PingMessage(1, "me", MessageSource.None), from: 3);
        (MemberAddress _, byte[][] messages, bool checksum) = script.Host.Packets.Last();
        Assert.True(messages.Length > 1);
        Assert.Equal((byte)MessageType.Alive, messages[1][0]);
        Assert.False(checksum);
        script.Run(1);
        Assert.Contains(script.Host.Packets, packet => packet.Checksum);

        Script old = new();
        old.Receive(Alive("a", 2) with { Versions = RawBytes.CopyOf([1, 4, 2, 2, 5, 5]) });
        old.Run(20);
        Assert.DoesNotContain(old.Host.Packets, packet => packet.Checksum);
    }

    [Fact]
    public void A_packet_is_filled_up_to_its_room_and_not_beyond()
    {
        Script script = new();
        for (int i = 0; i < 200; i++)
        {
            script.Receive(Alive($"a-member-with-quite-a-long-name-{i}", (byte)(2 + (i % 200))));
        }

        script.Run(3_000);
        int[] sizes = [.. script.Host.Packets.Select(packet => packet.Messages.Sum(message => message.Length + 2))];
        Assert.True(sizes.Max() <= script.Options.PacketRoom, $"{sizes.Max()}");
        Assert.True(sizes.Max() > script.Options.PacketRoom - 120, $"{sizes.Max()}");
    }

    [Fact]
    public void User_messages_are_passed_up_and_sent_with_their_type()
    {
        Script script = new Script().With(1);
        script.Core.OnMessage(script.Now, At(2), [(byte)MessageType.User, 3, 0x80]);
        Assert.Equal([[3, 0x80]], script.Host.UserMessages);
        script.Core.SendUserMessage(At(2), [5, 0x80]);
        Assert.Equal([(byte)MessageType.User, 5, 0x80], Assert.Single(script.Host.Packets[^1].Messages));
    }

    [Fact]
    public void A_user_message_that_fits_no_packet_is_refused()
    {
        Script script = new();
        Assert.True(script.Core.Broadcast(0, BroadcastTier.SerfEvent, null, new byte[script.Options.PacketRoom - 3]));
        Assert.False(script.Core.Broadcast(0, BroadcastTier.SerfEvent, null, new byte[script.Options.PacketRoom - 2]));
        Assert.Equal(1, script.Core.Counters.BroadcastsDropped);
    }

    [Fact]
    public void New_metadata_are_told_with_a_higher_incarnation()
    {
        Script script = new Script().With(2);
        script.Core.SetMeta(script.Now, RawBytes.CopyOf([8]));
        script.Run(100);
        Assert.Contains(script.Sent<AliveMessage>(), sent => sent.Message.Node == "me" && sent.Message.Incarnation == 1_001 && sent.Message.Meta == RawBytes.CopyOf([8]));
        Assert.Throws<ArgumentException>(() => script.Core.SetMeta(script.Now, RawBytes.CopyOf(new byte[513])));
    }
}
