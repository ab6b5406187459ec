using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Tests.Loops;

public sealed class SpinPolicyTests
{
    private const long Limit = 20;

    [Fact]
    public void A_loop_that_has_just_begun_sleeps_at_once()
    {
        Assert.False(new SpinPolicy(Limit).ShouldSpin);
    }

    [Fact]
    public void After_a_row_of_short_sleeps_it_looks_first()
    {
        SpinPolicy policy = Busy();

        Assert.True(policy.ShouldSpin);
    }

    [Fact]
    public void It_looks_no_longer_than_it_may()
    {
        var policy = new SpinPolicy(Limit);

        Assert.False(policy.IsOver(Limit - 1));
        Assert.True(policy.IsOver(Limit));
    }

    [Fact]
    public void Looking_in_vain_a_few_times_ends_it()
    {
        SpinPolicy policy = Busy();

        int vain = 0;
        while (policy.ShouldSpin)
        {
            policy.Spun(found: false);
            vain++;
        }

        Assert.InRange(vain, 1, 4);
    }

    [Fact]
    public void It_goes_on_while_two_of_three_idle_moments_are_short()
    {
        SpinPolicy policy = Busy();

        for (int i = 0; i < 300; i++)
        {
            Assert.True(policy.ShouldSpin);
            policy.Spun(found: i % 3 != 0);
        }
    }

    [Fact]
    public void It_ends_where_every_second_idle_moment_is_long()
    {
        SpinPolicy policy = Busy();

        for (int i = 0; i < 20; i++)
        {
            policy.Spun(found: i % 2 == 0);
        }

        Assert.False(policy.ShouldSpin);
    }

    [Fact]
    public void Long_sleeps_do_not_begin_it()
    {
        var policy = new SpinPolicy(Limit);
        for (int i = 0; i < 100; i++)
        {
            policy.Slept((3 * Limit) + i);
        }

        Assert.False(policy.ShouldSpin);
    }

    [Fact]
    public void Without_a_time_to_look_it_always_sleeps()
    {
        var policy = new SpinPolicy(0);
        for (int i = 0; i < 100; i++)
        {
            policy.Slept(0);
        }

        Assert.False(policy.ShouldSpin);
    }

    private static SpinPolicy Busy()
    {
        var policy = new SpinPolicy(Limit);
        for (int i = 0; i < 10; i++)
        {
            policy.Slept(Limit);
        }

        return policy;
    }
}
