using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

public sealed class JoinTests
{
    [Fact]
    public void Seeds_are_asked_at_once_in_turn_and_for_ever_while_nobody_is_there()
    {
        Script script = new(seeds: [At(2), At(3)]);
        script.Run(2);
        Assert.Equal([(At(2), true)], script.Host.PushPulls.Select(pushPull => (pushPull.To, pushPull.Join)));
        for (int minute = 0; minute < 3; minute++)
        {
            int before = script.Host.PushPulls.Count;
            for (int second = 0; second < 60; second++)
            {
                script.Run(1_000);
                foreach ((int exchange, _, _) in script.Host.PushPulls.ToArray())
                {
                    script.Core.OnPushPullFailed(script.Now, exchange, null);
                }
            }

            int tries = script.Host.PushPulls.Count - before;
            Assert.InRange(tries, 35, 75);
        }

        Assert.Equal(2, script.Host.PushPulls.Select(pushPull => pushPull.To).Distinct().Count());
    }

    [Fact]
    public void One_live_seed_is_enough_and_ends_the_asking()
    {
        Script script = new(seeds: [At(2)]);
        script.Answering.Add(At(2));
        script.Run(2);
        script.Core.OnPushPullAnswer(script.Now, script.Host.PushPulls[0].Exchange, State(join: true, Entry("a", 2)));
        script.Run(5_000);
        Assert.Single(script.Host.PushPulls, pushPull => pushPull.Join);
    }

    [Fact]
    public void Ones_own_address_among_the_seeds_is_left_out()
    {
        Script script = new(seeds: [At(1)]);
        script.Run(5_000);
        Assert.Empty(script.Host.PushPulls);
    }

    [Fact]
    public void A_seed_that_is_no_member_is_tried_again_every_second() =>
        Assert.InRange(SeedAttempts(Additions.None), 3, 40);

    [Fact]
    public void Without_reconnecting_it_would_not_be() => Assert.Equal(0, SeedAttempts(Additions.Reconnect));

    private static int SeedAttempts(Additions without)
    {
        Script script = new Script(without, change: null, At(9)).With(1);
        script.Run(20_000);
        return script.Host.PushPulls.Count(pushPull => pushPull.To == At(9));
    }

    [Fact]
    public void One_that_failed_is_called_every_second_and_told_so()
    {
        Script script = WithFailed(Additions.None);
        int before = script.Sent<PingMessage>().Count(sent => sent.To == At(2));
        script.Run(10_000);
        Assert.InRange(script.Sent<PingMessage>().Count(sent => sent.To == At(2)) - before, 9, 11);
        Assert.Contains(script.Sent<DeadMessage>(), sent => sent.To == At(2) && sent.Message.From == "me");
        script.Until(() => script.Host.PushPulls.Any(pushPull => pushPull.To == At(2)));
    }

    [Fact]
    public void Without_reconnecting_it_would_be_left_alone()
    {
        Script script = WithFailed(Additions.Reconnect);
        int before = script.Sent<PingMessage>().Count(sent => sent.To == At(2));
        script.Run(10_000);
        Assert.Equal(before, script.Sent<PingMessage>().Count(sent => sent.To == At(2)));
        Assert.DoesNotContain(script.Host.PushPulls, pushPull => pushPull.To == At(2));
    }

    private static Script WithFailed(Additions without)
    {
        Script script = new Script(without | Additions.Verify).With(4);
        script.Answering.Remove(At(2));
        script.Receive(new DeadMessage(1, "a", "b"));
        Assert.Equal(MemberStatus.Dead, script["a"].Status);
        return script;
    }

    [Fact]
    public void When_one_that_failed_answers_its_state_is_asked_for()
    {
        Script script = WithFailed(Additions.None);
        script.Answering.Add(At(2));
        script.Until(() => script.Host.PushPulls.Any(pushPull => pushPull.To == At(2)));
        script.Core.OnPushPullAnswer(script.Now, script.Host.PushPulls.Last(pushPull => pushPull.To == At(2)).Exchange, State(join: false, Entry("a", 2, incarnation: 2)));
        Assert.Equal(MemberStatus.Alive, script["a"].Status);
    }

    [Fact]
    public void A_beacon_of_a_member_that_is_there_starts_nothing()
    {
        Script script = new Script().With(1);
        script.Core.Join(script.Now, At(2));
        Assert.Empty(script.Host.PushPulls);
        script.Core.Join(script.Now, At(3));
        Assert.Equal([(At(3), true)], script.Host.PushPulls.Select(pushPull => (pushPull.To, pushPull.Join)));
    }

    [Fact]
    public void A_push_pull_that_is_asked_for_is_started_once_and_with_members_only()
    {
        Script script = new Script().With(1);
        script.Core.RequestPushPull(script.Now, "a");
        script.Core.RequestPushPull(script.Now, "a");
        script.Core.RequestPushPull(script.Now, "me");
        script.Core.RequestPushPull(script.Now, "nobody");
        Assert.Equal([(At(2), false)], script.Host.PushPulls.Select(pushPull => (pushPull.To, pushPull.Join)));
    }

    [Fact]
    public void A_pinger_that_is_not_known_is_asked_for_its_state_at_most_once_a_second()
    {
        Script script = new();
        for (byte i = 50; i < 60; i++)
        {
            script.Receive(new PingMessage(1, "me", MessageSource.None), from: i);
        }

        Assert.Equal([(At(50), false)], script.Host.PushPulls.Select(pushPull => (pushPull.To, pushPull.Join)));
        script.Run(1_000);
        script.Receive(new PingMessage(1, "me", MessageSource.None), from: 51);
        Assert.Equal(2, script.Host.PushPulls.Count);
    }

    [Fact]
    public void A_joiner_asks_somebody_once_more_soon_after()
    {
        Script script = new(seeds: [At(2)]);
        script.Answering.UnionWith([At(2), At(3)]);
        script.Run(2);
        script.Core.OnPushPullAnswer(script.Now, script.Host.PushPulls[0].Exchange, State(join: true, Entry("a", 2), Entry("b", 3)));
        script.Run(1_500);
        Assert.Contains(script.Host.PushPulls.Skip(1), pushPull => !pushPull.Join);
    }
}
