using Tidegate.Membership.Protocol;

namespace Tidegate.Membership.Tests.Protocol;

public sealed class SuspicionTests
{
    [Fact]
    public void A_suspicion_without_enough_others_lasts_exactly_the_minimum()
    {
        Suspicion suspicion = new("x", wanted: 0, start: 100, minimum: 800, maximum: 4_800);
        Assert.Equal(900, suspicion.Deadline);
        Assert.False(suspicion.Confirm("y"));
        Assert.Equal(900, suspicion.Deadline);
    }

    [Fact]
    public void Each_independent_confirmation_shortens_it_and_the_last_makes_it_the_minimum()
    {
        Suspicion suspicion = new("x", wanted: 2, start: 0, minimum: 800, maximum: 4_800);
        Assert.Equal(4_800, suspicion.Deadline);

        // 4800 - 4000 * ln 2 / ln 3
        Assert.True(suspicion.Confirm("y"));
        Assert.Equal(2_276, suspicion.Deadline);
        Assert.True(suspicion.Confirm("z"));
        Assert.Equal(800, suspicion.Deadline);
    }

    [Fact]
    public void No_more_confirmations_are_waited_for_than_can_come()
    {
        Suspicion suspicion = new("x", wanted: 2, start: 0, minimum: 800, maximum: 4_800);
        suspicion.WantAtMost(1);
        Assert.Equal(4_800, suspicion.Deadline);
        Assert.True(suspicion.Confirm("y"));
        Assert.Equal(800, suspicion.Deadline);

        Suspicion alone = new("x", wanted: 2, start: 0, minimum: 800, maximum: 4_800);
        alone.WantAtMost(0);
        Assert.Equal(800, alone.Deadline);
    }

    [Fact]
    public void Nobody_counts_twice_and_the_first_accuser_is_no_confirmation()
    {
        Suspicion suspicion = new("x", wanted: 3, start: 0, minimum: 800, maximum: 4_800);
        Assert.False(suspicion.Confirm("x"));
        Assert.True(suspicion.Confirm("y"));
        Assert.False(suspicion.Confirm("y"));
        Assert.Equal(1, suspicion.Confirmations);
    }

    [Fact]
    public void More_confirmations_than_are_wanted_are_not_passed_on()
    {
        Suspicion suspicion = new("x", wanted: 1, start: 0, minimum: 800, maximum: 4_800);
        Assert.True(suspicion.Confirm("y"));
        Assert.False(suspicion.Confirm("z"));
    }

    [Theory]
    [InlineData(1, 800)]
    [InlineData(10, 800)]
    [InlineData(100, 1_600)]
    [InlineData(500, 2_159)]
    public void The_minimum_grows_with_the_logarithm_of_the_cluster(int live, long expected) =>
        Assert.Equal(expected, ProtocolTiming.SuspicionMinimum(4, live, 200));

    [Theory]
    [InlineData(1, 4)]
    [InlineData(9, 4)]
    [InlineData(10, 8)]
    [InlineData(99, 8)]
    [InlineData(100, 12)]
    public void A_message_is_sent_as_often_as_the_cluster_needs(int known, int expected) =>
        Assert.Equal(expected, ProtocolTiming.RetransmitLimit(4, known));

    [Theory]
    [InlineData(4, 4)]
    [InlineData(5, 11)]
    [InlineData(50, 13)]
    [InlineData(500, 16)]
    [InlineData(20_000, 20)]
    public void News_are_sent_so_often_that_hardly_ever_somebody_misses_them(int known, int expected)
    {
        int limit = ProtocolTiming.ThoroughLimit(4, known);
        Assert.Equal(expected, limit);
        Assert.True(known <= 4 || known * Math.Exp(-limit) < 0.000_13);
    }

    [Theory]
    [InlineData(32, 15_000)]
    [InlineData(33, 30_000)]
    [InlineData(64, 30_000)]
    [InlineData(65, 45_000)]
    [InlineData(500, 75_000)]
    public void Push_pulls_are_rarer_in_large_clusters(int live, int expected) =>
        Assert.Equal(expected, ProtocolTiming.PushPull(15_000, live));

    [Fact]
    public void Health_stays_between_nought_and_seven_and_stretches_the_interval()
    {
        LocalHealth health = new();
        health.Add(-1);
        Assert.Equal(200, health.Scale(200));
        health.Add(3);
        Assert.Equal(800, health.Scale(200));
        health.Add(100);
        Assert.Equal(7, health.Score);
        Assert.Equal(1_600, health.Scale(200));
    }
}
