using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>The isolation guard (specification, section 5).</summary>
public sealed class IsolationTests
{
    [Fact]
    public void More_than_half_of_the_last_probes_or_three_in_a_row_are_a_cut()
    {
        IsolationGuard guard = new(quarantine: 2_000);
        bool[] results = [true, false, true, false, true, false, false];
        Assert.All(results, result => Assert.False(guard.Probed(result, others: 20, now: 0)));
        Assert.True(guard.Probed(reached: false, others: 20, now: 0));
        Assert.True(guard.IsIsolated);

        IsolationGuard small = new(quarantine: 2_000);
        Assert.False(small.Probed(reached: false, others: 2, now: 0));
        Assert.False(small.Probed(reached: true, others: 2, now: 0));
        Assert.False(small.Probed(reached: false, others: 2, now: 0));
        Assert.True(small.Probed(reached: false, others: 2, now: 0));
    }

    [Fact]
    public void It_ends_when_states_were_exchanged_and_the_others_have_answered_for_a_while()
    {
        IsolationGuard guard = new(quarantine: 2_000);
        guard.Probed(reached: false, others: 1, now: 0);
        guard.Probed(reached: true, others: 1, now: 5_000);
        Assert.True(guard.IsIsolated);
        guard.Exchanged(5_000);
        guard.Probed(reached: true, others: 1, now: 6_999);
        Assert.True(guard.IsIsolated);
        Assert.True(guard.Probed(reached: true, others: 1, now: 7_000));
        Assert.False(guard.IsIsolated);
    }

    [Fact]
    public void A_new_failure_in_quarantine_begins_it_anew()
    {
        IsolationGuard guard = new(quarantine: 2_000);
        guard.Probed(reached: false, others: 1, now: 0);
        guard.Exchanged(1_000);
        guard.Probed(reached: false, others: 1, now: 2_000);
        guard.Probed(reached: true, others: 1, now: 9_000);
        Assert.True(guard.IsIsolated);
    }

    [Fact]
    public void What_a_member_thinks_while_it_is_cut_off_it_tells_nobody_when_it_returns()
    {
        Script script = CutOff(Additions.None, untilFirstDown: true);
        Assert.All(script.Core.LocalState(join: false).Entries, entry => Assert.Equal(MemberStatus.Alive, entry.Status));
        Assert.Empty(AccusationsAfterReturn(script));
    }

    [Fact]
    public void Without_the_guard_it_would()
    {
        Script script = CutOff(Additions.Isolation, untilFirstDown: true);
        Assert.Contains(script.Core.LocalState(join: false).Entries, entry => entry.Status == MemberStatus.Dead);
        Assert.NotEmpty(AccusationsAfterReturn(script));
    }

    // Reaches everybody, then nobody for twenty seconds, or until it takes the first of them for dead.
    private static Script CutOff(Additions without, bool untilFirstDown = false)
    {
        Script script = new Script(without).With(6);
        script.Run(3_000);
        script.Answering.Clear();
        if (untilFirstDown)
        {
            script.Until(() => script.Host.Changes.Any(change => change.Change == MemberChange.Down));
        }
        else
        {
            script.Run(20_000);
        }

        return script;
    }

    private static (MemberAddress To, string Node)[] AccusationsAfterReturn(Script script)
    {
        int suspects = script.Sent<SuspectMessage>().Count();
        int deaths = script.Sent<DeadMessage>().Count();
        for (byte i = 2; i < 8; i++)
        {
            script.Answering.Add(At(i));
        }

        script.Run(3_000);

        // Telling the accused itself is how it is asked to refute.
        return [.. script.Sent<SuspectMessage>().Skip(suspects).Select(sent => (sent.To, sent.Message.Node))
            .Concat(script.Sent<DeadMessage>().Skip(deaths).Select(sent => (sent.To, sent.Message.Node)))
            .Where(sent => script[sent.Node].Address != sent.To)];
    }

    [Fact]
    public void Its_own_users_still_learn_that_it_reaches_nobody()
    {
        Script script = CutOff(Additions.None);
        Assert.Equal([true], script.Host.Isolations);
        Assert.Contains(script.Host.Changes, change => change.Change == MemberChange.Down);
    }

    [Fact]
    public void On_return_an_answer_disproves_what_it_thought_and_it_is_one_of_many_again()
    {
        Script script = CutOff(Additions.None);
        for (byte i = 2; i < 8; i++)
        {
            script.Answering.Add(At(i));
        }

        int before = script.Host.PushPulls.Count;
        script.Receive(new PingMessage(1, "me", MessageSource.None), from: 4);
        Assert.True(script.Host.PushPulls.Count > before);
        script.Core.OnPushPullAnswer(
            script.Now, script.Host.PushPulls[^1].Exchange, State(join: false, [.. Enumerable.Range(0, 6).Select(i => Entry(NameOf(i), (byte)(i + 2)))]));
        script.Run(6_000);
        Assert.False(script.Core.IsIsolated);
        Assert.Equal(7, script.Core.Members.Live);
        Assert.All(Enumerable.Range(0, 6), i => Assert.True(script[NameOf(i)].IsReportedUp));
        Assert.Equal([true, false], script.Host.Isolations);
    }

    [Fact]
    public void What_others_bury_meanwhile_is_buried_for_all()
    {
        Script script = CutOff(Additions.None);
        string dead = script.Host.Changes.First(change => change.Change == MemberChange.Down).Name;
        Assert.True(script[dead].IsPrivate);
        script.Receive(new DeadMessage(1, dead, "z"));
        Assert.False(script[dead].IsPrivate);
    }

    [Fact]
    public void Accusations_from_before_the_cut_was_noticed_are_taken_out_of_the_queue()
    {
        Script script = new Script().With(6);
        script.Run(3_000);
        script.Answering.Clear();
        script.Until(() => script.Core.IsIsolated);
        int before = script.Sent<SuspectMessage>().Count(sent => script[sent.Message.Node].Address != sent.To);
        script.Run(500);
        Assert.Equal(before, script.Sent<SuspectMessage>().Count(sent => script[sent.Message.Node].Address != sent.To));
    }
}
