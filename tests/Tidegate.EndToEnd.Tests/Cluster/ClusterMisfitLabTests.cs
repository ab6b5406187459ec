using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Gateways that are to be one cluster and are not, since something about one of them is wrong: what the log says of it.</summary>
public sealed class ClusterMisfitLabTests
{
    [Fact]
    public async Task Gateways_with_different_keys_stay_apart_and_each_says_whom_it_refuses()
    {
        await using Lab lab = await Lab.UpAsync(3);
        await using GatewayProcess one = await StartAsync(lab, 1, await KeyAsync());
        await using GatewayProcess other = await StartAsync(lab, 2, await KeyAsync());
        await one.Process.WaitForLineAsync(line => line.StartsWith("WARN Refused ", StringComparison.Ordinal) && line.Contains(" from 192.168.2.11:", StringComparison.Ordinal));
        await other.Process.WaitForLineAsync(line => line.StartsWith("WARN Refused ", StringComparison.Ordinal) && line.Contains(" from 192.168.2.10:", StringComparison.Ordinal));

        Assert.DoesNotContain(one.Process.Output, line => line.EndsWith(" is now online", StringComparison.Ordinal));
        Assert.DoesNotContain(other.Process.Output, line => line.EndsWith(" is now online", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_serf_agent_with_another_key_is_refused_and_the_log_says_so()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using GatewayProcess one = await StartAsync(lab, 1, await KeyAsync());
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 2, "agent", $"-encrypt={MemberProcess.Key}");

        await Assert.ThrowsAnyAsync<Exception>(() => agent.RunAsync("join", $"{Lab.AddressOf(1)}:5942"));

        await one.Process.WaitForLineAsync(line => line.StartsWith("WARN Refused ", StringComparison.Ordinal) && line.Contains(" from 192.168.2.11:", StringComparison.Ordinal));
        Assert.Single(await agent.MembersAsync());
    }

    [Fact]
    public async Task A_gateway_whose_address_another_member_goes_by_leaves_the_cluster_and_goes_on_alone()
    {
        await using Lab lab = await Lab.UpAsync(3);
        await using GatewayProcess one = await StartAsync(lab, 1, "");

        // As a copy of a virtual machine would be, that reaches the others from elsewhere.
        await using MemberProcess copy = await MemberProcess.StartAsync(
            lab, 2, $"{Lab.AddressOf(3)}:5942", "--cluster", "MyCluster", "--discover", $"tcp://{Lab.AddressOf(1)}:5942");
        await copy.SeesAsync("up", $"{Lab.AddressOf(1)}:5942");

        await using GatewayProcess three = await StartAsync(lab, 3, "");

        await three.Process.WaitForLineAsync(line => line.StartsWith("ERROR This gateway has left the cluster and goes on alone: ", StringComparison.Ordinal));
        Assert.Equal("200", Assert.Single(await lab.RunOnAsync(3, "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}\n", $"http://{Lab.AddressOf(3)}:8000/")));
    }

    private static async Task<string> KeyAsync()
    {
        ChildProcess made = await ChildProcess.RunAsync("dotnet", Repository.Program, "keygen");
        return Assert.Single(made.Output, line => line.Length > 0 && line[0] != '#');
    }

    private static async Task<GatewayProcess> StartAsync(Lab lab, int host, string key)
    {
        string[] on = key.Length == 0 ? lab.On(host) : ["env", $"TIDEGATE_CLUSTER_KEY={key}", .. lab.On(host)];
        return await StartOnAsync(
            on,
            $"<cluster><name>MyCluster</name><accept>tcp://{Lab.AddressOf(host)}:5942</accept>"
            + $"<connect>tcp://{Lab.AddressOf(1)}:5942</connect><connect>tcp://{Lab.AddressOf(2)}:5942</connect></cluster>\n"
            + Service("directory", $"http://{Lab.AddressOf(host)}:8000/", $"<properties><directory>file://{Repository.Root}/docs</directory><options>indexes</options></properties>"));
    }
}
