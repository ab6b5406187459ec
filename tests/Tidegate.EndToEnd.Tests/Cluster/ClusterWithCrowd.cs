using System.Globalization;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Gateways on the first hosts of a lab, each of which balances and serves; the last host is for clients.</summary>
internal sealed class ClusterWithCrowd : IAsyncDisposable
{
    private const string Balancing = "balancer.example:8080";

    private ClusterWithCrowd(Lab lab, int size)
    {
        Lab = lab;
        Members = new GatewayProcess[size];
    }

    internal Lab Lab { get; }

    /// <summary>The gateway of host n at n - 1.</summary>
    internal GatewayProcess[] Members { get; }

    /// <summary>What the services of a host call themselves, as a subprotocol.</summary>
    internal static string NodeOf(int host) => string.Create(CultureInfo.InvariantCulture, $"node{host}");

    /// <summary>Starts so many members and waits until each leads clients to all.</summary>
    internal static async Task<ClusterWithCrowd> StartAsync(int size)
    {
        var cluster = new ClusterWithCrowd(await Lab.UpAsync(size + 1), size);
        try
        {
            int[] hosts = [.. Enumerable.Range(1, size)];
            foreach (int host in hosts)
            {
                await cluster.StartMemberAsync(host);
            }

            foreach (int host in hosts)
            {
                await cluster.LeadsToAsync(host, hosts);
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts clients that know these hosts as balancers.</summary>
    internal Task<CrowdProcess> StartCrowdAsync(params int[] balancers) => CrowdProcess.StartAsync(Lab, Members.Length + 1, balancers);

    internal async Task StartMemberAsync(int host) => Members[host - 1] = await StartOnAsync(Lab.On(host), ConfigurationOf(host));

    /// <summary>Waits until the last balance map that a member has shown leads to these hosts and no others.</summary>
    internal Task<string> LeadsToAsync(int member, params int[] hosts) => Members[member - 1].Process.WaitForLineAsync(_ => HostsOf(member).SetEquals(hosts));

    public async ValueTask DisposeAsync()
    {
        foreach (GatewayProcess? member in Members)
        {
            // Stopping in order is another test's: one that is cut off would wait to be heard.
            member?.Process.Signal("KILL");
            await (member?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        await Lab.DisposeAsync();
    }

    /// <summary>The hosts that the last balance map of a member leads to, for relayed clients; they are the same for the others.</summary>
    private HashSet<int> HostsOf(int member)
    {
        string[] lines = Members[member - 1].Process.Output;
        int map = Array.FindLastIndex(lines, line => line == "INFO Current shared balancer map:");

        // What another thread says may stand between the lines of a map.
        string shown = lines.Skip(map + 1).FirstOrDefault(line => line.StartsWith($"INFO      balance URI: ws://{Balancing}/relayed ", StringComparison.Ordinal), "");
        return [.. Enumerable.Range(1, Members.Length).Where(host => shown.Contains($"//{Lab.AddressOf(host)}:", StringComparison.Ordinal))];
    }

    private static string ConfigurationOf(int host)
    {
        string address = Lab.AddressOf(host);
        string bind = $"<accept-options><tcp.bind>{address}:8080</tcp.bind></accept-options>";
        return $"<cluster><name>MyCluster</name><accept>tcp://{address}:5942</accept><connect>udp://224.2.2.44:54327</connect></cluster>\n"
            + Service("balancer", $"ws://{Balancing}/relayed", bind)
            + Service("balancer", $"ws://{Balancing}/redirected", $"<properties><unaware.clients>redirect</unaware.clients></properties>{bind}")
            + Service(
                "echo", $"ws://{address}:8001/echo",
                $"<balance>ws://{Balancing}/relayed</balance><balance>ws://{Balancing}/redirected</balance>"
                + $"<accept-options><ws.subprotocols>{NodeOf(host)}</ws.subprotocols></accept-options>");
    }
}
