using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>Refused means dead (specification, section 5).</summary>
public sealed class RefusedTests
{
    [Fact]
    public void A_refused_stream_and_nacks_from_all_gateways_make_a_member_dead_at_once()
    {
        Script script = Refusing();
        script.Until(() => script.Core.Counters.ProbesFailed > 0);
        Assert.Single(script.Host.Changes, change => change.Change == MemberChange.Down);
        script.Run(50);
        Assert.Single(script.Sent<DeadMessage>().Select(sent => sent.Message).Distinct());
        Assert.Empty(script.Sent<SuspectMessage>());
    }

    [Fact]
    public void Without_that_rule_it_would_only_be_suspected()
    {
        Script script = Refusing(Additions.Refused);
        script.Until(() => script.Core.Counters.ProbesFailed > 0);
        Assert.DoesNotContain(script.Host.Changes, change => change.Change == MemberChange.Down);
        script.Run(50);
        Assert.NotEmpty(script.Sent<SuspectMessage>());
    }

    private static Script Refusing(Additions without = Additions.None)
    {
        Script script = new Script(without).With(4, answering: false);
        for (byte i = 2; i < 6; i++)
        {
            script.Refusing.Add(At(i));
            script.Nacking.Add(At(i));
        }

        return script;
    }

    [Fact]
    public void One_gateway_that_says_nothing_is_reason_enough_to_wait()
    {
        Script script = Refusing();
        script.Until(() => script.Sent<PingMessage>().Any());
        MemberAddress target = script.Sent<PingMessage>().First().To;
        script.Nacking.Remove(At((byte)(target.Bytes[3] == 2 ? 3 : 2)));
        script.Until(() => script.Core.Counters.ProbesFailed > 0);
        Assert.DoesNotContain(script.Host.Changes, change => change.Change == MemberChange.Down);
    }

    [Fact]
    public void A_helper_that_reaches_it_keeps_it_alive()
    {
        Script script = Refusing();
        script.Nacking.Clear();
        script.Until(() => script.Sent<IndirectPingMessage>().Any());
        script.Receive(new AckMessage(script.Sent<IndirectPingMessage>().First().Message.SeqNo, RawBytes.Nil), from: 3);
        script.Run(139);
        Assert.Equal(0, script.Core.Counters.ProbesFailed);
    }

    [Fact]
    public void Where_there_is_nobody_to_ask_the_refusal_is_enough()
    {
        Script script = new Script().With(1, answering: false);
        script.Refusing.Add(At(2));
        script.Until(() => script.Host.StreamPings.Count > 0);
        script.Run(1);
        Assert.True(script.IsDown("a"));
    }

    [Fact]
    public void Agents_nack_too_late_to_be_waited_for_and_get_the_time_of_one_ping()
    {
        Script script = new Script().With(4, answering: false, gateways: false);
        script.Refusing.UnionWith(Enumerable.Range(2, 4).Select(i => At((byte)i)));
        script.Until(() => script.Host.StreamPings.Count > 0);
        script.Run(55);
        Assert.DoesNotContain(script.Host.Changes, change => change.Change == MemberChange.Down);
        script.Run(10);
        Assert.Contains(script.Host.Changes, change => change.Change == MemberChange.Down);
    }

    [Fact]
    public void A_stream_that_failed_otherwise_proves_nothing()
    {
        Script script = Refusing();
        script.Refusing.Clear();
        script.Until(() => script.Host.StreamPings.Count > 0);
        script.Core.OnStreamPing(script.Now, script.Host.StreamPings[0].SeqNo, StreamPingResult.Failed);
        script.Run(100);
        Assert.DoesNotContain(script.Host.Changes, change => change.Change == MemberChange.Down);
    }
}
