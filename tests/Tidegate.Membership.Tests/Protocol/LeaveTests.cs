using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>Annex A6, the last steps of leaving.</summary>
public sealed class LeaveTests
{
    [Fact]
    public void Leaving_is_told_as_often_as_the_rules_want_and_then_reported()
    {
        Script script = new Script().With(3);
        script.Run(3_000);
        script.Core.Leave(script.Now);
        Assert.Empty(script.Host.Leaves);
        script.Until(() => script.Host.Leaves.Count > 0);
        Assert.Equal([LeaveOutcome.Announced], script.Host.Leaves);
        Assert.Equal(4, script.Sent<DeadMessage>().Count(sent => sent.Message == new DeadMessage(1_000, "me", "me")));
    }

    [Fact]
    public void Where_nobody_is_there_it_is_over_at_once()
    {
        Script script = new();
        script.Core.Leave(script.Now);
        Assert.Equal([LeaveOutcome.Alone], script.Host.Leaves);
    }

    [Fact]
    public void What_cannot_be_told_in_time_is_reported_as_such()
    {
        Script script = new Script(change: options => options with { LeaveTimeout = 50, RetransmitMultiplier = 100 }).With(3);
        script.Core.Leave(script.Now);
        script.Run(51);
        Assert.Equal([LeaveOutcome.TimedOut], script.Host.Leaves);
        script.Run(60_000);
        Assert.Single(script.Host.Leaves);
    }

    [Fact]
    public void Whoever_is_leaving_still_answers_pings_and_refutes_nothing()
    {
        Script script = new Script().With(3);
        script.Core.Leave(script.Now);
        script.Receive(new PingMessage(5, "me", MessageSource.None));
        Assert.Contains(script.Sent<AckMessage>(), sent => sent.Message.SeqNo == 5);
        script.Receive(new DeadMessage(1_000, "me", "a"));
        script.Receive(new SuspectMessage(1_000, "me", "a"));
        script.Receive(Alive("me", 1, 2_000));
        Assert.Equal(1_000u, script.Core.Self.Incarnation);
        Assert.Equal(MemberStatus.Left, script.Core.LocalState(join: false).Entries[0].Status);
        Assert.Contains("leaving", script.Core.OnPushPullRequest(script.Now, At(2), State(join: false)).Refusal);
    }

    [Fact]
    public void Whoever_still_pings_a_leaving_member_hears_it_with_the_answer()
    {
        Script script = new Script().With(3);
        script.Core.Leave(script.Now);
        script.Receive(new PingMessage(5, "me", MessageSource.None), from: 3);
        Assert.Contains(script.Sent<DeadMessage>(), sent => sent.To == At(3) && sent.Message.IsLeave);
    }

    [Fact]
    public void Whoever_asks_for_help_with_a_member_that_left_is_told_so_before_the_nack()
    {
        Script script = new Script().With(3);
        script.Receive(new DeadMessage(1, "a", "a"));
        script.Host.Packets.Clear();
        script.Receive(new IndirectPingMessage(9, At(2).Raw, 7946, "a", true, MessageSource.None), from: 3);
        (MemberAddress to, byte[][] messages, _) = Assert.Single(script.Host.Packets);
        Assert.Equal(At(3), to);
        Assert.Equal([(byte)MessageType.Dead, (byte)MessageType.Nack], messages.Select(message => message[0]));
    }

    [Fact]
    public void An_accusation_of_a_member_that_left_is_answered_with_its_leaving_once_a_second()
    {
        Script script = new Script().With(3);
        script.Receive(new DeadMessage(1, "a", "a"));
        script.Run(5_000);
        int before = script.Sent<DeadMessage>().Count();
        for (int i = 0; i < 10; i++)
        {
            script.Receive(new SuspectMessage(1, "a", "b"));
            script.Receive(new DeadMessage(1, "a", "b"));
        }

        script.Run(500);
        Assert.InRange(script.Sent<DeadMessage>().Count() - before, 1, 4);
        Assert.Equal(MemberStatus.Left, script["a"].Status);
    }
}
