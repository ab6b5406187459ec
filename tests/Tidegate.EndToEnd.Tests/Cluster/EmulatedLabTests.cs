using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Emulated WebSockets in a cluster whose members get the requests of a client in turn. Each member is on a host of its own.</summary>
public sealed class EmulatedLabTests
{
    private const int Members = 3;
    private const int Clients = 30;

    [Fact]
    public async Task Requests_find_their_session_at_whichever_member_they_come_and_those_of_a_killed_member_are_refused()
    {
        await using Lab lab = await Lab.UpAsync(Members + 1);
        GatewayProcess[] gateways = await Task.WhenAll(Enumerable.Range(1, Members).Select(member => StartOnAsync(lab.On(member), Services(member), ["--grace", "1s"])));
        try
        {
            await Task.WhenAll(gateways.Select(AllAreThereAsync));
            await using ChildProcess clients = await OpenAsync(lab);

            // A third of them at each member, and each request comes to the next one.
            Assert.Equal("echoed 30 ended 0", await EchoAsync(clients));
            Assert.Equal("echoed 30 ended 0", await EchoAsync(clients));

            gateways[0].Process.Signal("KILL");
            await gateways[0].Process.WaitForExitAsync();
            Assert.Equal("echoed 20 ended 10", await EchoAsync(clients));
            Assert.Equal("echoed 20 ended 10", await EchoAsync(clients));

            // Whoever drains closes its own, and passes those of others on until it is gone.
            Assert.Equal(0, await gateways[1].StopAsync());
            Assert.Contains(gateways[1].Process.Output, line => line.StartsWith("INFO  Drained: 10 sessions were closed in ", StringComparison.Ordinal));
            Assert.Equal("echoed 10 ended 20", await EchoAsync(clients));
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

    private static string Services(int member) =>
        $"<cluster><name>c</name><accept>tcp://{Lab.AddressOf(member)}:5942</accept>"
        + string.Concat(Enumerable.Range(1, Members).Select(other => $"<connect>tcp://{Lab.AddressOf(other)}:5942</connect>")) + "</cluster>\n"
        + Service("echo", "ws://public.example/echo", $"<accept-options><tcp.bind>{Lab.AddressOf(member)}:8001</tcp.bind></accept-options>")
        + Service("echo", Other(member), "<balance>ws://balancer.example/echo</balance>");

    // Told in one record with where the member's sessions are, and shown in the log.
    private static string Other(int member) => $"ws://{Lab.AddressOf(member)}:8002/echo";

    /// <summary>Waits until a gateway knows what all members offer, and so where their sessions are.</summary>
    private static Task<string> AllAreThereAsync(GatewayProcess gateway) => gateway.Process.WaitForLineAsync(
        line => line == $"INFO      balance URI: ws://balancer.example:80/echo    target list: [{string.Join(", ", Enumerable.Range(1, Members).Select(Other))}]");

    private static async Task<ChildProcess> OpenAsync(Lab lab)
    {
        ChildProcess clients = ChildProcess.Start(
            "env",
            [.. lab.On(Members + 1), "/usr/bin/python3", Path.Combine(Repository.Tests, "python", "emulated.py"), $"{Clients}",
             .. Enumerable.Range(1, Members).Select(member => $"{Lab.AddressOf(member)}:8001")]);
        await clients.WaitForLineAsync(line => line == "ready");
        return clients;
    }

    /// <summary>Has every client send a message and fetch it again.</summary>
    private static async Task<string> EchoAsync(ChildProcess clients)
    {
        int before = clients.Output.Length;
        clients.WriteLine("again");
        await clients.WaitForLineAsync(_ => clients.Output.Length > before);
        return clients.Output[^1];
    }
}
