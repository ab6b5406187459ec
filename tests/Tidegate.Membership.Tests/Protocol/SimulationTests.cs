using Tidegate.Membership.Protocol;
using Tidegate.Membership.Simulator;
using Xunit.Abstractions;

namespace Tidegate.Membership.Tests.Protocol;

/// <summary>
/// Whole clusters in virtual time. Each but one runs from a fixed seed; with TIDEGATE_LONG=1 from a random one as well,
/// which is printed, and as often and as large as the figures in docs/performance.md.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";

    [Theory]
    [InlineData("kill", 3, 0, 0.35)]
    [InlineData("kill", 50, 0, 0.6)]
    [InlineData("silence", 3, 0, 1.5)]
    [InlineData("silence", 50, 0, 2.0)]
    [InlineData("pair", 3, 0, 1.5)]
    [InlineData("pair", 4, 0, 2.0)]
    [InlineData("pair", 5, 0, 2.0)]
    [InlineData("split", 3, 20, 1.0)]
    [InlineData("split", 50, 20, 1.5)]
    [InlineData("cutoff", 3, 20, 1.0)]
    [InlineData("cutoff", 50, 20, 1.5)]
    [InlineData("pause", 5, 10, 1.0)]
    [InlineData("leave", 5, 0, 1.0)]
    public void A_cluster_keeps_its_invariants_and_its_times(string scenario, int members, int seconds, double median)
    {
        // The median of a few rounds scatters more than that of many, so only the long run is held to the figure itself.
        int rounds = IsLong ? 30 : members > 10 ? 2 : 3;
        foreach (int seed in Seeds())
        {
            MeasurementResult result = Run(scenario, members, seconds, rounds, seed);
            Assert.InRange(result.Median, 0, IsLong ? median : 4 * median);
        }
    }

    [Theory]
    [InlineData("kill", 0, 1.0)]
    [InlineData("silence", 0, 3.0)]
    [InlineData("split", 20, 4.0)]
    [InlineData("cutoff", 20, 4.0)]
    public void A_large_cluster_keeps_them_too(string scenario, int seconds, double median)
    {
        MeasurementResult result = Run(scenario, IsLong ? 500 : 101, seconds, IsLong ? 5 : 1, seed: 3);
        Assert.InRange(result.Median, 0, IsLong ? median : 2 * median);
    }

    [Theory]
    [InlineData("oneway", 5, 30, 0)]
    [InlineData("loss", 3, 120, 10)]
    [InlineData("loss", 20, 20, 10)]
    [InlineData("skew", 10, 30, 0)]
    [InlineData("flap", 6, 30, 0)]
    [InlineData("flap", 6, 30, 5)]
    [InlineData("chaos", 8, 60, 0)]
    public void Nobody_who_is_there_is_reported_down(string scenario, int members, int seconds, int loss)
    {
        foreach (int seed in Seeds())
        {
            Assert.Equal(0, Run(scenario, members, IsLong ? 20 * seconds : seconds, 1, seed, loss).WrongDowns);
        }
    }

    [Theory]
    [InlineData(3, 7)]
    [InlineData(4, 8)]
    public void A_few_members_bury_nobody_though_a_quarter_of_all_packets_get_lost(int members, int seed)
    {
        // With the four pings that are enough in larger clusters, each of these runs has four wrong downs.
        Assert.Equal(0, Run("loss", members, 14_400, 1, seed, loss: 25).WrongDowns);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(50)]
    public void A_member_at_rest_sends_less_than_a_kilobyte_a_second(int members)
    {
        MeasurementResult result = Run("rest", members, 20, 1, seed: 1);
        Assert.InRange(result.PacketBytes, 100, 1_000);
    }

    [Fact]
    public void Gossip_leaves_nobody_out()
    {
        // With as few copies as memberlist sends, the slowest of these 60 rounds takes 9.1 s.
        MeasurementResult result = Run("kill", 50, 0, IsLong ? 500 : 60, seed: 113_800_626);
        Assert.InRange(result.Maximum, 0, 2);
    }

    [Fact]
    public void The_same_seed_is_the_same_run()
    {
        MeasurementResult first = Run("kill", 10, 0, 2, seed: 5, loss: 5);
        MeasurementResult second = Run("kill", 10, 0, 2, seed: 5, loss: 5);
        Assert.Equal((first.Events, first.Median, first.Maximum), (second.Events, second.Median, second.Maximum));
    }

    [Fact]
    public void A_killed_process_is_known_much_later_without_the_rule_that_refused_means_dead()
    {
        double with = Run("kill", 10, 0, 5, seed: 1).Median;
        double without = Run("kill", 10, 0, 5, seed: 1, without: Additions.Refused).Median;
        Assert.True(without > 2 * with, $"{with} s and {without} s");
    }

    [Fact]
    public void Under_loss_somebody_is_wrongly_buried_without_verification()
    {
        Assert.Equal(0, Run("loss", 50, 30, 1, seed: 7, loss: 20).WrongDowns);
        Assert.NotEqual(0, Run("loss", 50, 30, 1, seed: 7, loss: 20, without: Additions.Verify, strict: false).WrongDowns);
    }

    [Fact]
    public void A_member_that_was_cut_off_accuses_the_others_without_the_guard()
    {
        // Verification alone would hide it, so it is off in both.
        Assert.Equal(0, Run("cutoff", 20, 9, 4, seed: 1, without: Additions.Verify, strict: false).WrongDowns);
        Assert.NotEqual(0, Run("cutoff", 20, 9, 4, seed: 1, without: Additions.Verify | Additions.Isolation, strict: false).WrongDowns);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(12)]
    public void What_was_recorded_makes_nobody_report_anything(int members) => Run("replay", members, 30, 1, seed: 7);

    [Fact]
    public void Without_introductions_it_would() =>
        Assert.Throws<InvariantViolation>(() => Run("replay", 4, 30, 1, seed: 7, without: Additions.Introduction));

    [Fact]
    public void Halves_do_not_find_each_other_again_without_reconnecting() =>
        Assert.Throws<InvariantViolation>(() => Run("split", 20, 20, 1, seed: 1, without: Additions.Reconnect));

    [Fact]
    public void Small_clusters_keep_their_invariants_whatever_happens()
    {
        for (int runs = IsLong ? 200 : 1; runs > 0; runs--)
        {
            int seed = Random.Shared.Next();
            int members = 3 + (seed % 4);
            foreach (string scenario in (string[])["kill", "silence", "split", "cutoff", "pause", "leave", "oneway", "flap", "chaos"])
            {
                // A broken invariant's message names the seed.
                MeasurementResult result = Run(scenario, members, 20, 1, seed);
                Assert.Equal((0, 0), (result.WrongDowns, result.Violations));
            }
        }
    }

    [Fact]
    public void A_settled_cluster_is_like_one_that_has_formed()
    {
        MeasurementResult formed = Run("kill", 50, 0, 6, seed: 4);
        MeasurementResult settled = new Measurement("kill", 0, 6).Run(new SimulationOptions { Members = 50, Seed = 4, Settled = true });
        output.WriteLine(settled.ToString());
        Assert.InRange(settled.Median, formed.Median / 2, formed.Median * 2);
        Assert.True(settled.Events < formed.Events, $"{settled.Events} and {formed.Events} events");
    }

    // The same runs each time, so that a failure is the change's. Chance belongs to one test above and to the long run, which print their seeds.
    private static int[] Seeds() => IsLong ? [7, Random.Shared.Next()] : [7];

    private MeasurementResult Run(
        string scenario, int members, int seconds, int rounds, int seed, int loss = 0, Additions without = Additions.None, bool strict = true)
    {
        output.WriteLine($"{scenario}, {members} members, seed {seed}");
        SimulationOptions options = new()
        {
            Members = members,
            Seed = seed,
            Loss = loss / 100.0,
            Without = without,
            Strict = strict,
            Skew = scenario == "skew" ? 0.05 : 0.0002,
        };
        MeasurementResult result = new Measurement(scenario, seconds, rounds).Run(options);
        output.WriteLine(result.ToString());
        return result;
    }
}
