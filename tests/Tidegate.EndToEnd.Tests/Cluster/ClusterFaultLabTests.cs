namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>
/// What a cluster of gateways does for its clients when one of it dies. Here it is decided that it happens, within ten times what it is
/// meant to take; <c>bench/cluster</c> measures.
/// </summary>
public sealed class ClusterFaultLabTests
{
    // Milliseconds: ten times 0.5 s after a kill, ten times 2 s after silence.
    private const long KillBound = 5_000;
    private const long SilenceBound = 20_000;

    [Fact]
    public async Task After_a_kill_nobody_is_sent_there_and_all_clients_are_back_and_the_others_notice_nothing()
    {
        await using ClusterWithCrowd cluster = await ClusterWithCrowd.StartAsync(3);
        await using CrowdProcess crowd = await cluster.StartCrowdAsync(1, 2, 3);
        await BeginAsync(crowd);

        cluster.Members[2].Process.Signal("KILL");

        await LosesTheThirdAsync(cluster, crowd, KillBound);
        await cluster.StartMemberAsync(3);
        await AllLeadToAllAsync(cluster);
    }

    [Fact]
    public async Task After_a_cut_cable_nobody_is_sent_there_and_all_clients_are_back_and_the_others_notice_nothing()
    {
        await using ClusterWithCrowd cluster = await ClusterWithCrowd.StartAsync(3);
        await using CrowdProcess crowd = await cluster.StartCrowdAsync(1, 2, 3);
        await BeginAsync(crowd);

        await cluster.Lab.CutAsync(3);

        await LosesTheThirdAsync(cluster, crowd, SilenceBound);
        await cluster.Lab.HealAsync(3);
        await AllLeadToAllAsync(cluster);
    }

    [Fact]
    public async Task Clients_are_spread_over_all_members()
    {
        await using ClusterWithCrowd cluster = await ClusterWithCrowd.StartAsync(3);
        await using CrowdProcess crowd = await cluster.StartCrowdAsync(1, 2, 3);

        await crowd.FillAsync();

        // Within 5 % of even with 10,000 clients is what it is meant to be.
        CrowdProcess.Report report = await crowd.ReportAsync();
        Assert.All(
            Enumerable.Range(1, 3),
            host => Assert.InRange(report.Nodes.GetValueOrDefault(ClusterWithCrowd.NodeOf(host)), CrowdProcess.Clients / 6, CrowdProcess.Clients / 2));
    }

    [Fact]
    public async Task A_frozen_member_is_a_dead_one_until_it_goes_on()
    {
        await using ClusterWithCrowd cluster = await ClusterWithCrowd.StartAsync(3);
        await using CrowdProcess crowd = await cluster.StartCrowdAsync(1, 2, 3);
        await BeginAsync(crowd);

        cluster.Members[2].Process.Signal("STOP");

        await LosesTheThirdAsync(cluster, crowd, SilenceBound);
        cluster.Members[2].Process.Signal("CONT");
        await AllLeadToAllAsync(cluster);
    }

    [Fact]
    public async Task Each_side_of_a_split_serves_its_own_and_it_heals_by_itself()
    {
        await using ClusterWithCrowd cluster = await ClusterWithCrowd.StartAsync(3);
        await using CrowdProcess few = await cluster.StartCrowdAsync(1);
        await using CrowdProcess many = await cluster.StartCrowdAsync(2, 3);
        await few.FillAsync();
        await many.FillAsync();
        await few.MarkAsync(2, 3);
        await many.MarkAsync(1);

        await cluster.Lab.BlockAsync(1, 2);
        await cluster.Lab.BlockAsync(1, 3);
        await cluster.LeadsToAsync(1, 1);
        await cluster.LeadsToAsync(2, 2, 3);
        await cluster.LeadsToAsync(3, 2, 3);

        // Whom a balancer has relayed to the other side comes back to this one; who was redirected there has not lost it.
        CrowdProcess.Report one = await few.UntilAsync(
            report => report.Ended > 0 && report.Served == CrowdProcess.Clients && report.At > SilenceBound, "the side of one serves its clients");
        CrowdProcess.Report two = await many.UntilAsync(
            report => report.Ended > 0 && report.Served == CrowdProcess.Clients && report.At > SilenceBound, "the side of two serves its clients");
        Assert.InRange(one.LastSentToGone, -1, SilenceBound);
        Assert.InRange(two.LastSentToGone, -1, SilenceBound);
        CrowdProcess.AssertUndisturbed(one);
        CrowdProcess.AssertUndisturbed(two);

        await cluster.Lab.UnblockAsync(1, 2);
        await cluster.Lab.UnblockAsync(1, 3);
        await AllLeadToAllAsync(cluster);
        CrowdProcess.AssertUndisturbed(await few.UntilAsync(report => report.Echoes > one.Echoes + CrowdProcess.Clients, "messages go on"));
        CrowdProcess.AssertUndisturbed(await many.UntilAsync(report => report.Echoes > two.Echoes + CrowdProcess.Clients, "messages go on"));
    }

    /// <summary>All clients are served and others keep coming; from now on the third member counts as gone.</summary>
    private static async Task BeginAsync(CrowdProcess crowd)
    {
        await crowd.FillAsync();
        crowd.Do("newcomers 20");
        await crowd.MarkAsync(3);
    }

    /// <summary>The third member is gone: waits until the others know it and everybody is served by them.</summary>
    private static async Task LosesTheThirdAsync(ClusterWithCrowd cluster, CrowdProcess crowd, long bound)
    {
        await cluster.LeadsToAsync(1, 1, 2);
        await cluster.LeadsToAsync(2, 1, 2);
        CrowdProcess.Report back = await crowd.UntilAsync(
            report => report.Ended > 0 && report.Served == CrowdProcess.Clients && !report.Nodes.ContainsKey(ClusterWithCrowd.NodeOf(3)) && report.At > bound,
            "all are back");

        Assert.InRange(back.LastSentToGone, -1, bound);
        Assert.True(back.Newcomers > 0, "Nobody has come.");
        Assert.Equal(0, back.NewcomersRefused);

        // Each of the others echoes some more messages, and none of all of them was lost or came twice.
        CrowdProcess.AssertUndisturbed(await crowd.UntilAsync(report => report.Echoes > back.Echoes + CrowdProcess.Clients, "messages go on"));
    }

    private static async Task AllLeadToAllAsync(ClusterWithCrowd cluster)
    {
        for (int member = 1; member <= 3; member++)
        {
            await cluster.LeadsToAsync(member, 1, 2, 3);
        }
    }
}
