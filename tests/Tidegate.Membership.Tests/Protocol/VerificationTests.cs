using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>Verify before burying (specification, section 5).</summary>
public sealed class VerificationTests
{
    [Fact]
    public void Another_word_alone_buries_nobody_who_answers()
    {
        Script script = Told(Additions.None);
        Assert.False(script.IsDown("a"));
        Assert.Equal(1, script.Core.Counters.Rescued);
    }

    [Fact]
    public void Without_verification_it_would() =>
        Assert.True(Told(Additions.Verify).IsDown("a"));

    private static Script Told(Additions without)
    {
        Script script = new Script(without).With(4);
        script.Receive(new DeadMessage(1, "a", "b"));
        script.Run(1_000);
        return script;
    }

    [Fact]
    public void The_accused_gets_the_accusation_with_the_ping_so_that_it_can_refute()
    {
        Script script = new Script().With(4, answering: false);
        script.Receive(new DeadMessage(1, "a", "b"));
        (MemberAddress to, byte[][] messages, _) = script.Host.Packets.First(packet => packet.Messages.Length > 1 && packet.Messages[0][0] == (byte)MessageType.Ping);
        Assert.Equal(At(2), to);
        Assert.Equal((byte)MessageType.Dead, messages[1][0]);
    }

    [Fact]
    public void The_word_is_passed_on_while_it_is_looked_into_and_not_once_it_is_disproved()
    {
        Script silent = new Script().With(8, answering: false);
        silent.Receive(new DeadMessage(1, "a", "b"));
        silent.Run(20);
        Assert.Contains(silent.Sent<DeadMessage>(), sent => sent.To != At(2));

        Script script = new Script().With(8);
        script.Run(2_000);
        script.Receive(new DeadMessage(1, "a", "b"));
        script.Run(5);
        int passedOn = script.Sent<DeadMessage>().Count();
        script.Run(2_000);
        Assert.Equal(passedOn, script.Sent<DeadMessage>().Count());
    }

    [Fact]
    public void Whoever_does_not_answer_is_down_after_the_time_of_one_ping()
    {
        Script script = new Script().With(4, answering: false);
        script.Receive(new DeadMessage(1, "a", "b"));
        script.Run(59);
        Assert.False(script.IsDown("a"));
        script.Run(1);
        Assert.True(script.IsDown("a"));
    }

    [Fact]
    public void Whoever_has_just_not_answered_needs_no_second_attempt()
    {
        Script script = new Script(Additions.Isolation).With(1, answering: false);
        script.Receive(Alive("x", 9));
        script.Until(() => script["a"].Status == MemberStatus.Suspect);
        script.Receive(new DeadMessage(1, "a", "x"));
        Assert.True(script.IsDown("a"));
    }

    [Fact]
    public void What_was_found_out_before_this_process_stood_still_proves_nothing_after_it()
    {
        Script script = new Script(Additions.Isolation).With(1, answering: false);
        script.Receive(Alive("x", 9));
        script.Until(() => script["a"].Status == MemberStatus.Suspect);
        script.Stall(5_000);
        script.Answering.Add(At(2));
        script.Receive(new DeadMessage(1, "a", "x"));
        script.Run(500);
        Assert.False(script.IsDown("a"));
    }

    [Fact]
    public void A_suspicion_that_expires_is_not_believed_of_whoever_answers_now()
    {
        Script script = Expired(Additions.None);
        Assert.False(script.IsDown("a"));
        Assert.True(script.Core.Counters.Rescued > 0);
    }

    [Fact]
    public void Without_verification_it_would_be() =>
        Assert.True(Expired(Additions.Verify).IsDown("a"));

    // Long enough for the suspicion to end; the member answers pings, but what it says to refute gets lost.
    private static Script Expired(Additions without)
    {
        Script script = new Script(without | Additions.Isolation).With(4);
        script.Receive(new SuspectMessage(1, "a", "b"));
        script.Receive(new SuspectMessage(1, "a", "c"));
        script.Receive(new SuspectMessage(1, "a", "d"));
        script.Run(1_000);
        return script;
    }

    [Fact]
    public void Ones_own_accusation_is_also_put_to_it_by_a_push_pull_and_others_by_a_stream_ping()
    {
        Script own = new Script(Additions.Isolation).With(1, answering: false);
        own.Until(() => own["a"].Status == MemberStatus.Suspect);
        int before = own.Host.PushPulls.Count;
        own.Until(() => own["a"].Verification is not null);
        Assert.Equal(before + 1, own.Host.PushPulls.Count);
        own.Core.OnPushPullAnswer(own.Now, own.Host.PushPulls[^1].Exchange, State(join: false, Entry("a", 2, incarnation: 2)));
        Assert.Equal(MemberStatus.Alive, own["a"].Status);

        Script other = new Script(Additions.Isolation).With(3, answering: false);
        other.Receive(new SuspectMessage(1, "a", "b"));
        other.Receive(new SuspectMessage(1, "a", "c"));
        other.Receive(new SuspectMessage(1, "a", "d"));
        other["a"].IsOwnVerdict = false;
        int streams = other.Host.StreamPings.Count(ping => ping.To == At(2));
        other.Until(() => other["a"].Verification is not null);
        Assert.True(other.Host.StreamPings.Count(ping => ping.To == At(2)) > streams);
    }

    [Fact]
    public void Whom_anothers_state_holds_for_dead_is_told_and_suspected_only_if_it_does_not_answer()
    {
        Script answering = new Script().With(4);
        answering.Core.OnPushPullRequest(answering.Now, At(3), State(join: false, Entry("b", 3), Entry("a", 2, MemberStatus.Dead)));
        answering.Run(100);
        Assert.Equal(MemberStatus.Alive, answering["a"].Status);
        Assert.Contains(answering.Sent<SuspectMessage>(), sent => sent.To == At(2));
        Assert.DoesNotContain(answering.Sent<SuspectMessage>(), sent => sent.To != At(2));

        Script silent = new Script().With(4, answering: false);
        silent.Core.OnPushPullRequest(silent.Now, At(3), State(join: false, Entry("b", 3), Entry("a", 2, MemberStatus.Dead)));
        silent.Run(60);
        Assert.Equal(MemberStatus.Suspect, silent["a"].Status);
    }
}
