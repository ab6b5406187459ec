using System.Globalization;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>An <c>http.proxy</c> and a <c>broadcast</c> at two members, behind a balancer at a third. Each is on a host of its own, and so is what is behind them.</summary>
public sealed class ServicesLabTests
{
    private const int Balancer = 1;
    private const int Behind = 4;
    private const int Followers = 12;

    [Fact]
    public async Task Clients_of_a_broadcast_and_of_an_http_proxy_behind_a_balancer_carry_on_at_the_other_member_when_one_is_killed()
    {
        await using Lab lab = await Lab.UpAsync(Behind);
        await using ChildProcess clients = ChildProcess.Start(
            "env",
            [.. lab.On(Behind), "/usr/bin/python3", Path.Combine(Repository.Tests, "python", "services.py"), Lab.AddressOf(Behind), $"{Lab.AddressOf(Balancer)}:8000",
             Followers.ToString(CultureInfo.InvariantCulture)]);
        await clients.WaitForLineAsync(line => line == "ready");
        GatewayProcess[] gateways = await Task.WhenAll(
            StartOnAsync(lab.On(Balancer), Cluster(Balancer) + Balancing("ws", "/feed") + Balancing("http", "/pages/"), ["--grace", "0"]),
            StartOnAsync(lab.On(2), Cluster(2) + Services(2), ["--grace", "0"]),
            StartOnAsync(lab.On(3), Cluster(3) + Services(3), ["--grace", "0"]));
        try
        {
            foreach (int member in new[] { 2, 3 })
            {
                await gateways[0].Process.WaitForLineAsync(line => line == $"INFO Cluster member /{Lab.AddressOf(member)}:5942 is now online");
            }

            await gateways[0].Process.WaitForLineAsync(line => line.Contains("balance URI: http://balancer.example:80/pages/", StringComparison.Ordinal)
                && line.Contains(Lab.AddressOf(2), StringComparison.Ordinal) && line.Contains(Lab.AddressOf(3), StringComparison.Ordinal));
            int before = await SessionsAsync(clients);

            gateways[1].Process.Signal("KILL");
            await gateways[0].Process.WaitForLineAsync(line => line == $"INFO Cluster member /{Lab.AddressOf(2)}:5942 is down");

            // Nobody of those at the other member has lost a session, and the others have one there.
            Assert.InRange(await SessionsAsync(clients) - before, 0, Followers - 1);
            Assert.DoesNotContain(clients.Output, line => line.Contains(" came after ", StringComparison.Ordinal));
        }
        finally
        {
            foreach (GatewayProcess gateway in gateways)
            {
                gateway.Process.Signal("KILL");
                await gateway.DisposeAsync();
            }
        }
    }

    /// <summary>Waits until every follower has got more of the feed, sees that there are pages, and says how many sessions have begun since the start.</summary>
    private static async Task<int> SessionsAsync(ChildProcess clients)
    {
        string beginning = $"following {Followers} pages 10 sessions ";
        int before = clients.Output.Length;
        clients.WriteLine("again");
        await clients.WaitForLineAsync(_ => clients.Output.Length > before);
        Assert.StartsWith(beginning, clients.Output[^1], StringComparison.Ordinal);
        return int.Parse(clients.Output[^1][beginning.Length..], CultureInfo.InvariantCulture);
    }

    private static string Cluster(int member) =>
        $"<cluster><name>c</name><accept>tcp://{Lab.AddressOf(member)}:5942</accept>"
        + string.Concat(Enumerable.Range(1, 3).Select(other => $"<connect>tcp://{Lab.AddressOf(other)}:5942</connect>")) + "</cluster>\n";

    private static string Balancing(string scheme, string path) =>
        Service("balancer", $"{scheme}://balancer.example{path}", $"<accept-options><tcp.bind>{Lab.AddressOf(Balancer)}:8000</tcp.bind></accept-options>");

    private static string Services(int member) =>
        $"""
        <service><name>feed</name><accept>ws://{Lab.AddressOf(member)}:8001/feed</accept><connect>tcp://{Lab.AddressOf(Behind)}:9000</connect>
          <balance>ws://balancer.example/feed</balance><type>broadcast</type><properties><framing>line</framing></properties></service>
        <service><name>pages</name><accept>http://{Lab.AddressOf(member)}:8001/pages/</accept><connect>http://{Lab.AddressOf(Behind)}:9001/pages/</connect>
          <balance>http://balancer.example/pages/</balance><type>http.proxy</type></service>

        """;
}
