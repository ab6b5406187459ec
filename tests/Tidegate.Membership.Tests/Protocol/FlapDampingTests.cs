using Tidegate.Membership.Protocol;
using Tidegate.Membership.Wire;
using static Tidegate.Membership.Tests.Protocol.Script;

namespace Tidegate.Membership.Tests.Protocol;

public sealed class FlapDampingTests
{
    [Fact]
    public void The_wait_doubles_with_each_failure_up_to_a_minute_and_quiet_minutes_forgive()
    {
        FlapDamping damping = new();
        List<int> holds = [];
        for (int i = 0; i < 10; i++)
        {
            damping.Failed(0);
            holds.Add(damping.Hold(0));
        }

        Assert.Equal([0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000], holds);
        Assert.Equal(32_000, damping.Hold(60_000));
        Assert.Equal(0, damping.Hold(7 * 60_000));
    }

    [Fact]
    public void The_first_return_is_reported_at_once_and_the_second_later()
    {
        Script script = Flapping(Additions.None);
        Assert.Equal(2, Ups(script));
        script.Run(999);
        Assert.Equal(2, Ups(script));
        script.Run(1);
        Assert.Equal(3, Ups(script));
    }

    [Fact]
    public void Without_damping_each_return_would_be_reported_at_once() =>
        Assert.Equal(3, Ups(Flapping(Additions.FlapDamping)));

    [Fact]
    public void Whoever_fails_again_while_its_return_is_held_back_is_not_reported_either_way()
    {
        Script script = Flapping(Additions.None);
        int before = script.Host.Changes.Count;
        script.Receive(new DeadMessage(3, "a", "x"));
        script.Run(5_000);
        Assert.Equal(before, script.Host.Changes.Count);
        script.Receive(Alive("a", 2, incarnation: 4));
        script.Run(1_999);
        Assert.Equal(before, script.Host.Changes.Count);
        script.Run(1);
        Assert.Equal(3, Ups(script));
    }

    [Fact]
    public void Leaving_and_coming_back_is_not_held_against_anybody()
    {
        Script script = new Script().With(1);
        for (uint incarnation = 1; incarnation < 6; incarnation++)
        {
            script.Receive(new DeadMessage(incarnation, "a", "a"));
            script.Receive(Alive("a", 2, incarnation + 1));
        }

        Assert.Equal(6, Ups(script));
    }

    private static int Ups(Script script) => script.Host.Changes.Count(change => change == ("a", MemberChange.Up));

    // Up, down, up, down, up.
    private static Script Flapping(Additions without)
    {
        Script script = new Script(without | Additions.Verify | Additions.Reconnect).With(1);
        for (uint incarnation = 1; incarnation < 3; incarnation++)
        {
            script.Receive(new DeadMessage(incarnation, "a", "x"));
            script.Receive(Alive("a", 2, incarnation + 1));
        }

        return script;
    }
}
