namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>
/// What a cluster of gateways does for its clients when one of it dies. Here it is decided that it happens, within ten times what it is
/// meant to take; <c>bench/cluster</c> measures.
/// </summary>
public sealed class ClusterFaultLabTests
{
    // Milliseconds: ten times 0.5 s after a kill, ten times 2 s after a cut.
    private const long KillBound = 5_000;
    private const long CutBound = 20_000;

    [Fact]
    public async Task After_a_kill_nobody_is_sent_there_and_all_clients_are_back_and_the_others_notice_nothing()
    {
        await using ClusterWithCrowd cluster = await ClusterWithCrowd.StartAsync(3);
        await cluster.FillAsync();
        cluster.Crowd.Do("newcomers 20");
        cluster.Crowd.Do("mark");
        cluster.Crowd.Do($"gone {ClusterWithCrowd.NodeOf(3)} {Lab.AddressOf(3)}");
        await cluster.Crowd.ReportAsync();

        cluster.Members[2].Process.Signal("KILL");

        await LosesTheThirdAsync(cluster, KillBound);

        await cluster.StartMemberAsync(3);
        await AllLeadToAllAsync(cluster);
    }

    [Fact]
    public async Task After_a_cut_cable_nobody_is_sent_there_and_all_clients_are_back_and_the_others_notice_nothing()
    {
        await using ClusterWithCrowd cluster = await ClusterWithCrowd.StartAsync(3);
        await cluster.FillAsync();
        cluster.Crowd.Do("newcomers 20");
        cluster.Crowd.Do("mark");
        cluster.Crowd.Do($"gone {ClusterWithCrowd.NodeOf(3)} {Lab.AddressOf(3)}");
        await cluster.Crowd.ReportAsync();

        await cluster.Lab.CutAsync(3);

        await LosesTheThirdAsync(cluster, CutBound);

        await cluster.Lab.HealAsync(3);
        await AllLeadToAllAsync(cluster);
    }

    /// <summary>The third member is gone: waits until the others know it and everybody is served by them.</summary>
    private static async Task LosesTheThirdAsync(ClusterWithCrowd cluster, long bound)
    {
        await cluster.LeadsToAsync(1, 1, 2);
        await cluster.LeadsToAsync(2, 1, 2);
        CrowdProcess.Report back = await cluster.Crowd.UntilAsync(
            report => report.Ended > 0 && report.Served == ClusterWithCrowd.Clients && !report.Nodes.ContainsKey(ClusterWithCrowd.NodeOf(3)) && report.At > bound,
            "all are back");

        Assert.InRange(back.LastSentToGone, -1, bound);
        Assert.True(back.Newcomers > 0, "Nobody has come.");
        Assert.Equal(0, back.NewcomersRefused);

        // Each of the others echoes some more messages, and none of all of them was lost or came twice.
        CrowdProcess.Report later = await cluster.Crowd.UntilAsync(report => report.Echoes > back.Echoes + ClusterWithCrowd.Clients, "messages go on");
        Assert.True(
            later is { Lost: 0, Duplicated: 0, Strange: 0, Disturbed: 0 },
            $"Sessions of the members that live were disturbed: {later} {string.Join("; ", later.Disturbances)}");
    }

    private static async Task AllLeadToAllAsync(ClusterWithCrowd cluster)
    {
        for (int member = 1; member <= 3; member++)
        {
            await cluster.LeadsToAsync(member, 1, 2, 3);
        }
    }
}
