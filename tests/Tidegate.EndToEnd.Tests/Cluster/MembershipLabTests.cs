using System.Globalization;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Members as real processes on real networks. The bounds are ten times what they are meant to take.</summary>
public sealed class MembershipLabTests
{
    private const string Multicast = "udp://224.2.2.44:54327";
    private const long KillBound = 4_000;
    private const long CutBound = 16_000;
    private const long RejoinBound = 10_000;

    [Fact]
    public async Task Members_find_each_other_by_multicast_and_notice_a_killed_one()
    {
        await using Lab lab = await Lab.UpAsync(3);
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 1, "one", "--discover", Multicast);
        await using MemberProcess two = await MemberProcess.StartAsync(lab, 2, "two", "--discover", Multicast);
        await using MemberProcess three = await MemberProcess.StartAsync(lab, 3, "three", "--discover", Multicast);
        await AllSeeAllAsync(one, two, three);

        long killed = MemberProcess.Now;
        three.Kill();

        Assert.InRange(await one.SeesAsync("failed", "three") - killed, 0, KillBound);
        Assert.InRange(await two.SeesAsync("failed", "three") - killed, 0, KillBound);
        Assert.False(one.HasSeen("failed", "two"));

        long restarted = MemberProcess.Now;
        await using MemberProcess again = await MemberProcess.StartAsync(lab, 3, "three", "--discover", Multicast);
        Assert.InRange(await one.SeesAsync("up", "three", restarted) - restarted, 0, RejoinBound);
    }

    [Fact]
    public async Task A_cut_cable_is_noticed_on_both_sides_and_a_plugged_one_too()
    {
        await using Lab lab = await Lab.UpAsync(3);
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 1, "one", "--discover", Multicast);
        await using MemberProcess two = await MemberProcess.StartAsync(lab, 2, "two", "--discover", Multicast);
        await using MemberProcess three = await MemberProcess.StartAsync(lab, 3, "three", "--discover", Multicast);
        await AllSeeAllAsync(one, two, three);

        long cut = MemberProcess.Now;
        await lab.CutAsync(3);
        Assert.InRange(await one.SeesAsync("failed", "three") - cut, 0, CutBound);
        Assert.InRange(await two.SeesAsync("failed", "three") - cut, 0, CutBound);

        long healed = MemberProcess.Now;
        await lab.HealAsync(3);
        Assert.InRange(await one.SeesAsync("up", "three", healed) - healed, 0, RejoinBound);
        Assert.InRange(await two.SeesAsync("up", "three", healed) - healed, 0, RejoinBound);
        Assert.False(one.HasSeen("failed", "two"), "The side with the majority must not accuse each other." + one.Transcript);
        Assert.False(two.HasSeen("failed", "one"), "The side with the majority must not accuse each other." + two.Transcript);
    }

    [Theory]
    [InlineData("tcp://gateways.example:7946")]
    [InlineData("udp://gateways.example:7950")]
    public async Task A_name_with_the_addresses_of_all_members_is_enough(string discovery)
    {
        await using Lab lab = await Lab.UpAsync(3);
        for (int host = 1; host <= 3; host++)
        {
            for (int other = 1; other <= 3; other++)
            {
                await lab.NameAsync(host, "gateways.example", Lab.AddressOf(other));
            }
        }

        await using MemberProcess one = await MemberProcess.StartAsync(lab, 1, "one", "--discover", discovery, "--key", MemberProcess.Key);
        await using MemberProcess two = await MemberProcess.StartAsync(lab, 2, "two", "--discover", discovery, "--key", MemberProcess.Key);
        await using MemberProcess three = await MemberProcess.StartAsync(lab, 3, "three", "--discover", discovery, "--key", MemberProcess.Key);

        await AllSeeAllAsync(one, two, three);
    }

    [Fact]
    public async Task Two_clusters_in_one_group_stay_apart()
    {
        await using Lab lab = await Lab.UpAsync(3);
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 1, "one", "--discover", Multicast, "--cluster", "a");
        await using MemberProcess other = await MemberProcess.StartAsync(lab, 2, "other", "--discover", Multicast, "--cluster", "b");
        await using MemberProcess three = await MemberProcess.StartAsync(lab, 3, "three", "--discover", Multicast, "--cluster", "a");

        await one.SeesAsync("up", "three");
        await three.SeesAsync("up", "one");

        Assert.False(one.HasSeen("up", "other"));
        Assert.False(other.HasSeen("up"));
    }

    [Fact]
    public async Task Nobody_is_failed_for_hearing_nothing_of_one_other()
    {
        await using Lab lab = await Lab.UpAsync(3);
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 1, "one", "--discover", Multicast);
        await using MemberProcess two = await MemberProcess.StartAsync(lab, 2, "two", "--discover", Multicast);
        await using MemberProcess three = await MemberProcess.StartAsync(lab, 3, "three", "--discover", Multicast);
        await AllSeeAllAsync(one, two, three);

        await lab.DeafAsync(1, 2);

        // Ten suspicions' time: what is to be shown is that nothing happens.
        await Task.Delay(TimeSpan.FromSeconds(8));
        Assert.All(new[] { one, two, three }, member => Assert.False(member.HasSeen("failed"), member.Transcript));
    }

    [Fact]
    public async Task A_member_that_could_open_no_more_files_looks_for_others_again_when_it_can()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using MemberProcess one = await MemberProcess.StartAsync(lab, 1, "one", "--discover", $"tcp://{Lab.AddressOf(2)}:7946");
        string id = one.Id.ToString(CultureInfo.InvariantCulture);
        await ChildProcess.RunAsync("prlimit", "--pid", id, "--nofile=3:100000");

        // Time for several attempts, none of which may be the last.
        await Task.Delay(TimeSpan.FromSeconds(5));
        await ChildProcess.RunAsync("prlimit", "--pid", id, "--nofile=10000:100000");
        await using MemberProcess two = await MemberProcess.StartAsync(lab, 2, "two");

        await one.SeesAsync("up", "two");
        await two.SeesAsync("up", "one");
    }

    private static async Task AllSeeAllAsync(params MemberProcess[] members)
    {
        foreach (MemberProcess member in members)
        {
            foreach (MemberProcess other in members)
            {
                if (other != member)
                {
                    await member.SeesAsync("up", other.Name);
                }
            }
        }
    }
}
