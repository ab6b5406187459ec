using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

public sealed class ProbeTests
{
    [Fact]
    public void Everyone_is_probed_once_a_round()
    {
        Script script = new Script().With(5);
        script.Until(() => script.Sent<PingMessage>().Count() >= 20);
        foreach (string[] round in script.Sent<PingMessage>().Take(20).Select(sent => sent.Message.Node).Chunk(5))
        {
            Assert.Equal(["a", "b", "c", "d", "e"], round.Order());
        }
    }

    [Fact]
    public void Rounds_have_different_orders_and_leave_out_the_dead()
    {
        MemberTable table = new();
        ProbeRing ring = new(table, new Random(3));
        for (int i = 0; i < 20; i++)
        {
            MemberRecord record = new($"m{i}", isSelf: i == 0);
            table.Add(record);
            table.SetStatus(record, i == 7 ? MemberStatus.Dead : MemberStatus.Alive, 0);
        }

        string[] first = [.. Enumerable.Range(0, 18).Select(_ => ring.Next()!.Name)];
        string[] second = [.. Enumerable.Range(0, 18).Select(_ => ring.Next()!.Name)];
        Assert.Equal(18, first.Distinct().Count());
        Assert.Equal(first.Order(), second.Order());
        Assert.NotEqual(first, second);
        Assert.DoesNotContain("m7", first);
        Assert.DoesNotContain("m0", first);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_ping_that_is_answered_wakes_nobody_when_its_time_is_over(bool answered)
    {
        Script script = new Script().With(1, answering: answered);
        script.Until(() => script.Sent<PingMessage>().Any());
        long timeout = script.Now + script.Options.ProbeTimeout;

        HashSet<long> calls = [];
        for (script.Run(1); script.Now < timeout; script.Run(1))
        {
            calls.Add(script.Core.NextCall);
        }

        Assert.Equal(!answered, calls.Contains(timeout));
    }

    [Fact]
    public void A_cancelled_timer_is_as_if_it_had_never_been()
    {
        TimerQueue timers = new();
        List<string> fired = [];
        PendingTimer first = timers.Add(10, _ => fired.Add("first"));
        timers.Add(20, _ => fired.Add("second"));
        first.Cancel();
        Assert.Equal(20, timers.Next);
        Assert.Equal(1, timers.Count);

        timers.Fire(20);
        Assert.Equal(["second"], fired);
        Assert.Equal(long.MaxValue, timers.Next);
        first.Cancel();
    }

    [Fact]
    public void A_ping_is_answered_with_its_number_and_other_names_are_met_with_silence()
    {
        Script script = new();
        script.Receive(new PingMessage(77, "me", MessageSource.None), from: 5);
        script.Receive(new PingMessage(78, "", MessageSource.None), from: 5);
        script.Receive(new PingMessage(79, "you", MessageSource.None), from: 5);
        Assert.Equal([(At(5), 77u), (At(5), 78u)], script.Sent<AckMessage>().Select(sent => (sent.To, sent.Message.SeqNo)));
    }

    [Fact]
    public void The_answer_goes_to_the_source_that_the_ping_names()
    {
        Script script = new();
        script.Receive(new PingMessage(77, "me", new MessageSource(At(6).Raw, At(6).Port, "f")), from: 5);
        script.Receive(new PingMessage(78, "me", new MessageSource(At(6).Raw, 0, "f")), from: 5);
        Assert.Equal([At(6), At(5)], script.Sent<AckMessage>().Select(sent => sent.To));
    }

    [Fact]
    public void Only_gateways_get_a_payload_and_only_theirs_is_read()
    {
        Script script = new();
        script.Receive(Alive("agent", 5, gateway: false));
        script.Receive(Alive("gateway", 6));
        script.Receive(new PingMessage(1, "me", MessageSource.None), from: 5);
        script.Receive(new PingMessage(2, "me", MessageSource.None), from: 6);
        Assert.Equal([true, false], script.Sent<AckMessage>().Select(sent => sent.Message.Payload.IsNil));

        script.Run(1_000);
        foreach ((MemberAddress to, PingMessage ping) in script.Sent<PingMessage>().ToArray())
        {
            script.Receive(new AckMessage(ping.SeqNo, RawBytes.CopyOf([0x54, 9])), to.Bytes[3]);
        }

        Assert.NotEmpty(script.Host.Payloads);
        Assert.All(script.Host.Payloads, payload => Assert.Equal("gateway", payload.From));
    }

    [Fact]
    public void Whoever_does_not_answer_is_pinged_through_three_others_and_over_a_stream()
    {
        Script script = new Script().With(6, answering: false);
        script.Until(() => script.Sent<PingMessage>().Any());
        (MemberAddress target, PingMessage ping) = script.Sent<PingMessage>().First();
        script.Run(59);
        Assert.Empty(script.Sent<IndirectPingMessage>());
        script.Run(1);
        (MemberAddress To, IndirectPingMessage Message)[] asked = [.. script.Sent<IndirectPingMessage>()];
        Assert.Equal(3, asked.Select(sent => sent.To).Distinct().Count());
        Assert.All(asked, sent =>
        {
            Assert.NotEqual(target, sent.To);
            Assert.Equal(ping.SeqNo, sent.Message.SeqNo);
            Assert.Equal(ping.Node, sent.Message.Node);
            Assert.True(sent.Message.Nack);
        });
        Assert.Equal([(ping.SeqNo, target, 140)], script.Host.StreamPings);
    }

    [Fact]
    public void Whoever_answers_neither_way_is_suspected_at_the_end_of_the_interval_and_costs_health()
    {
        Script script = new Script().With(6, answering: false);
        script.Until(() => script.Sent<PingMessage>().Any());
        string target = script.Sent<PingMessage>().First().Message.Node;
        script.Run(199);
        Assert.Equal(MemberStatus.Alive, script[target].Status);
        script.Run(1);
        Assert.Equal(MemberStatus.Suspect, script[target].Status);
        Assert.Equal(3, script.Core.Health);
    }

    [Fact]
    public void Nacks_that_came_cost_no_health()
    {
        Script script = new Script().With(6, answering: false);
        script.Nacking.UnionWith(Enumerable.Range(2, 6).Select(i => At((byte)i)));
        script.Until(() => script.Core.Counters.ProbesFailed > 0);
        Assert.Equal(0, script.Core.Health);
    }

    [Fact]
    public void Agents_are_asked_only_where_gateways_are_too_few_and_their_nacks_are_not_missed()
    {
        Script script = new Script().With(5, answering: false, gateways: false);
        script.Receive(Alive("x", 20));
        script.Receive(Alive("y", 21));
        script.Receive(Alive("z", 22));
        script.Until(() => script.Sent<IndirectPingMessage>().Any());
        string target = script.Sent<IndirectPingMessage>().First().Message.Node;
        string[] gateways = [.. new[] { "x", "y", "z" }.Where(name => name != target)];
        MemberAddress[] asked = [.. script.Sent<IndirectPingMessage>().Select(sent => sent.To)];
        Assert.Equal(3, asked.Length);
        Assert.All(gateways, name => Assert.Contains(script[name].Address, asked));

        Script guests = new Script().With(5, answering: false, gateways: false);
        guests.Until(() => guests.Core.Counters.ProbesFailed > 0);
        Assert.Equal(1, guests.Core.Health);
    }

    [Theory]
    [InlineData(3, false, true)]
    [InlineData(2, false, false)]
    public void Old_peers_get_neither_nacks_nor_stream_pings_that_they_do_not_know(byte maximum, bool nack, bool stream)
    {
        Script script = new();
        RawBytes versions = RawBytes.CopyOf([1, maximum, 2, 2, 5, 5]);
        script.Receive(Alive("a", 2) with { Versions = versions });
        script.Receive(Alive("b", 3) with { Versions = versions });
        script.Until(() => script.Sent<IndirectPingMessage>().Any());
        Assert.Equal(nack, script.Sent<IndirectPingMessage>().First().Message.Nack);
        Assert.Equal(stream, script.Host.StreamPings.Count > 0);
    }

    [Fact]
    public void An_answer_over_the_stream_or_through_a_helper_is_an_answer()
    {
        Script stream = new Script().With(3, answering: false);
        stream.Until(() => stream.Host.StreamPings.Count > 0);
        stream.Core.OnStreamPing(stream.Now, stream.Host.StreamPings[0].SeqNo, StreamPingResult.Answered);
        stream.Run(140);
        Assert.Equal(0, stream.Core.Counters.ProbesFailed);

        Script helper = new Script().With(3, answering: false);
        helper.Until(() => helper.Sent<IndirectPingMessage>().Any());
        helper.Receive(new AckMessage(helper.Sent<IndirectPingMessage>().First().Message.SeqNo, RawBytes.Nil), from: 3);
        helper.Run(140);
        Assert.Equal(0, helper.Core.Counters.ProbesFailed);
    }

    [Fact]
    public void A_ping_to_a_suspected_member_carries_the_suspicion()
    {
        Script script = new Script().With(1, answering: false);
        script.Receive(new SuspectMessage(1, "a", "x"));
        script.Until(() => script.Host.Packets.Any(packet => packet.Messages[0][0] == (byte)MessageType.Ping));
        byte[][] packet = script.Host.Packets.First(packet => packet.Messages[0][0] == (byte)MessageType.Ping).Messages;
        Assert.Equal((byte)MessageType.Suspect, packet[1][0]);
    }

    [Fact]
    public void A_helper_pings_with_a_number_of_its_own_and_hands_the_answer_back_under_the_askers()
    {
        Script script = new Script().With(1);
        script.Receive(new IndirectPingMessage(5_000, At(40).Raw, 7946, "far", true, MessageSource.None), from: 2);
        (MemberAddress to, PingMessage ping) = script.Sent<PingMessage>().Single(sent => sent.Message.Node == "far");
        Assert.Equal(At(40), to);
        Assert.NotEqual(5_000u, ping.SeqNo);
        script.Receive(new AckMessage(ping.SeqNo, RawBytes.CopyOf([1])), from: 40);
        (MemberAddress back, AckMessage ack) = script.Sent<AckMessage>().Last();
        Assert.Equal((At(2), 5_000u, true), (back, ack.SeqNo, ack.Payload.IsNil));
        script.Run(500);
        Assert.Empty(script.Sent<NackMessage>());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_helper_without_an_answer_nacks_after_the_time_out_if_that_was_asked_for(bool nack)
    {
        Script script = new Script().With(1);
        script.Receive(new IndirectPingMessage(5_000, At(40).Raw, 0, "far", nack, MessageSource.None), from: 2);
        Assert.Equal(7946, script.Sent<PingMessage>().Single(sent => sent.Message.Node == "far").To.Port);
        script.Run(59);
        Assert.Empty(script.Sent<NackMessage>());
        script.Run(2);
        Assert.Equal(nack ? [(At(2), 5_000u)] : [], script.Sent<NackMessage>().Select(sent => (sent.To, sent.Message.SeqNo)));
    }

    [Fact]
    public void Pings_for_others_are_bounded_and_their_numbers_come_free_again()
    {
        Script script = new(change: options => options with { MaximumRelays = 10 });
        for (uint i = 0; i < 25; i++)
        {
            script.Receive(new IndirectPingMessage(i, At(40).Raw, 7946, "far", true, MessageSource.None));
        }

        Assert.Equal(15, script.Core.Counters.RelaysBeyondBound);
        script.Run(1_001);
        script.Receive(new IndirectPingMessage(99, At(40).Raw, 7946, "far", true, MessageSource.None));
        Assert.Equal(15, script.Core.Counters.RelaysBeyondBound);
    }
}
