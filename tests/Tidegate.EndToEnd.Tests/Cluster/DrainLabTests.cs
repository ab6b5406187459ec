using System.Globalization;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Members of a cluster that are stopped, as clients and operators see it. All of them are on one host of the lab.</summary>
public sealed class DrainLabTests
{
    private const int Members = 3;

    [Fact]
    public async Task A_rolling_restart_leaves_no_client_without_a_member_and_has_each_reconnect_once_at_most()
    {
        const int Clients = 1000;
        await using Lab lab = await Lab.UpAsync(1);
        GatewayProcess[] gateways = await Task.WhenAll(Enumerable.Range(1, Members).Select(number => StartAsync(lab, number, "--grace", "3s")));
        try
        {
            await Task.WhenAll(gateways.Select(gateway => AllAreThereAsync(gateway)));
            await using ChildProcess clients = await ConnectAsync(lab, Clients, [.. Enumerable.Range(1, Members)]);
            string[] sessions = new string[Members];
            for (int i = 0; i < Members; i++)
            {
                Assert.Equal(0, await gateways[i].StopAsync());
                sessions[i] = await ReportAsync(clients);
                Assert.Contains(gateways[i].Process.Output, line => line.StartsWith("INFO  Drained: ", StringComparison.Ordinal));
                await gateways[i].DisposeAsync();
                gateways[i] = await StartAsync(lab, i + 1, "--grace", "3s");
                await Task.WhenAll(gateways.Select(gateway => AllAreThereAsync(gateway)));
            }

            // Those of the first have gone to the second, and all of those to the third.
            Assert.Equal(["refused 0 most 1 codes 1012=334", "refused 0 most 1 codes 1012=667", "refused 0 most 1 codes 1012=1000"], sessions);
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

    [Fact]
    public async Task Clients_that_balancers_relay_reconnect_once_at_most_for_each_restarted_member_too()
    {
        await using Lab lab = await Lab.UpAsync(1);
        using var directory = new ScratchDirectory();
        string keys = directory.Write("keys", MemberProcess.Key);
        File.SetUnixFileMode(keys, UnixFileMode.UserRead);
        Task<GatewayProcess> Start(int member) => StartOnAsync(
            lab.On(1),
            Services(member, $"<key-file>{keys}</key-file>")
            + Service("balancer", "ws://balancer.example:8080/echo", $"<accept-options><tcp.bind>{Address(member)}:8080</tcp.bind></accept-options>"),
            ["--grace", "3s"]);
        GatewayProcess[] gateways = await Task.WhenAll(Enumerable.Range(1, Members).Select(Start));
        try
        {
            await Task.WhenAll(gateways.Select(gateway => AllAreThereAsync(gateway)));
            await using ChildProcess clients = await ConnectAsync(lab, 300, [.. Enumerable.Range(1, Members)], 8080, "--host", "balancer.example:8080");
            for (int i = 0; i < Members; i++)
            {
                // Each hangs on two members. Those that hang on this one by another's balancer may come to this one's next.
                Assert.Equal(0, await gateways[i].StopAsync());
                Assert.Matches(@"^refused 0 most 1 codes 1012=\d+$", await ReportAsync(clients));
                await gateways[i].DisposeAsync();
                gateways[i] = await Start(i + 1);
                await Task.WhenAll(gateways.Select(gateway => AllAreThereAsync(gateway)));
            }
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

    [Fact]
    public async Task The_drain_command_does_it_and_returns_when_the_gateway_has_left()
    {
        await using Lab lab = await Lab.UpAsync(1);
        using var directory = new ScratchDirectory();
        string file = directory.Write("gateway-config.xml", Configuration(Services(1)));
        await using ChildProcess gateway = await LaunchAsync(lab, file, "--grace", "1s");
        await using ChildProcess clients = await ConnectAsync(lab, 2, [1]);

        string[] lines = await lab.RunOnAsync(1, "dotnet", Repository.Program, "drain", "--config", file);

        // More than two: where nobody else is, those who were closed come back until the end.
        Assert.Matches(@"^Drained: \d+ sessions were closed in \d+\.\d s\.$", Assert.Single(lines));
        Assert.Equal(0, await gateway.WaitForExitAsync());
        Assert.Contains("INFO  Draining: new clients go to other members, and 2 sessions are closed over 1 s", gateway.Output);

        ChildProcess again = await ChildProcess.RunAsync("env", [.. lab.On(1), "dotnet", Repository.Program, "drain", "--config", file]);
        Assert.Equal(1, again.ExitCode);
        Assert.Equal(
            $"{file}: no gateway of this user runs on this machine with this file. Name the file that it was started with: tidegate drain --config FILE",
            Assert.Single(again.Errors));
    }

    [Fact]
    public async Task Ctrl_c_ends_the_wait_of_a_drain_command_quietly_and_another_one_waits_for_the_same_drain()
    {
        await using Lab lab = await Lab.UpAsync(1);
        using var directory = new ScratchDirectory();
        string file = directory.Write("gateway-config.xml", Configuration(Services(1)));
        await using ChildProcess gateway = await LaunchAsync(lab, file, "--grace", "1h", "--log-level", "debug");
        await using ChildProcess clients = await ConnectAsync(lab, 2, [1]);
        string[] command = [.. lab.On(1), "dotnet", Repository.Program, "drain", "--config", file];
        await using ChildProcess first = ChildProcess.Start(command[0], command[1..], Variables);
        await gateway.WaitForLineAsync(line => line.StartsWith("INFO  Draining: ", StringComparison.Ordinal));

        first.Signal("INT");
        Assert.Equal(130, await first.WaitForExitAsync());
        Assert.Empty(first.Output);
        Assert.Empty(first.Errors);
        Assert.False(gateway.HasExited);

        await using ChildProcess second = ChildProcess.Start(command[0], command[1..], Variables);
        int asked = 0;
        await gateway.WaitForLineAsync(line => line.EndsWith("Asked for drain over the control socket", StringComparison.Ordinal) && ++asked == 2);
        gateway.Signal("INT");

        Assert.Equal(0, await gateway.WaitForExitAsync());
        Assert.Equal(0, await second.WaitForExitAsync());
        Assert.Matches(@"^Drained: \d+ sessions were closed in \d+\.\d s\.$", Assert.Single(second.Output));
        Assert.Empty(second.Errors);
    }

    [Fact]
    public async Task Without_a_cluster_the_drain_command_is_refused()
    {
        using var directory = new ScratchDirectory();
        string file = directory.Write("gateway-config.xml", Configuration(Service("echo", "ws://127.0.0.1:0/echo")));
        await using ChildProcess gateway = ChildProcess.Start("dotnet", [Repository.Program, "start", "--config", file], Variables);
        await gateway.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));

        ChildProcess drain = await ChildProcess.RunAsync("dotnet", Repository.Program, "drain", "--config", file);

        Assert.Equal(1, drain.ExitCode);
        Assert.Equal(
            "This gateway is in no cluster, so nobody else would serve its clients. Stop it with SIGTERM: it then closes all sessions at once.",
            Assert.Single(drain.Errors));
        Assert.False(gateway.HasExited);
        gateway.Signal("TERM");
        Assert.Equal(0, await gateway.WaitForExitAsync());
    }

    [Fact]
    public async Task Ctrl_c_closes_at_once_in_a_cluster_too_and_a_second_signal_ends_a_drain()
    {
        await using Lab lab = await Lab.UpAsync(1);
        await using GatewayProcess one = await StartAsync(lab, 1, "--grace", "1h");
        await using GatewayProcess two = await StartAsync(lab, 2, "--grace", "1h");
        await using ChildProcess ofOne = await ConnectAsync(lab, 3, [1]);
        await using ChildProcess ofTwo = await ConnectAsync(lab, 3, [2, 1]);

        Assert.Equal(0, await two.StopAsync("INT"));
        // Two of the three were there; they go where the third is.
        Assert.Equal("refused 0 most 1 codes 1001=2", await ReportAsync(ofTwo));

        one.Process.Signal("TERM");
        await one.Process.WaitForLineAsync(line => line == "INFO  Draining: new clients go to other members, and 6 sessions are closed over 3600 s");

        // Much sooner it would be taken for the first one once more.
        await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
        one.Process.Signal("TERM");
        Assert.Equal(143, await one.Process.WaitForExitAsync());
    }

    [Fact]
    public async Task Sigterm_at_a_member_that_is_just_starting_has_it_leave_politely()
    {
        await using Lab lab = await Lab.UpAsync(1);
        await using GatewayProcess one = await StartAsync(lab, 1);
        await using GatewayProcess two = LaunchOn(lab.On(1), Configuration(Services(2)), ["--grace", "0"]);
        await two.Process.WaitForLineAsync(line => line.StartsWith("INFO Cluster Member started: ", StringComparison.Ordinal));

        Assert.Equal(0, await two.StopAsync());

        Assert.Contains(two.Process.Output, line => line.StartsWith("INFO  Drained: ", StringComparison.Ordinal));
    }

    private static string Address(int member) => $"127.0.0.{member}";

    private static string Services(int member, string more = "") =>
        $"<cluster><name>c</name><accept>tcp://{Address(member)}:5942</accept>"
        + string.Concat(Enumerable.Range(1, Members).Select(other => $"<connect>tcp://{Address(other)}:5942</connect>")) + more + "</cluster>\n"
        + Service("echo", $"ws://{Address(member)}:8001/echo", "<balance>ws://balancer.example:8080/echo</balance>");

    private static Task<GatewayProcess> StartAsync(Lab lab, int member, params string[] arguments) => StartOnAsync(lab.On(1), Services(member), arguments);

    private static async Task<ChildProcess> LaunchAsync(Lab lab, string file, params string[] arguments)
    {
        ChildProcess gateway = ChildProcess.Start("env", [.. lab.On(1), "dotnet", Repository.Program, "start", "--config", file, .. arguments], Variables);
        await gateway.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
        return gateway;
    }

    /// <summary>Waits until the last balance map that a gateway has shown leads to all members.</summary>
    private static Task<string> AllAreThereAsync(GatewayProcess gateway)
    {
        string all = $"INFO      balance URI: ws://balancer.example:8080/echo    target list: [{string.Join(", ", Enumerable.Range(1, Members).Select(member => $"ws://{Address(member)}:8001/echo"))}]";
        return gateway.Process.WaitForLineAsync(_ =>
        {
            string[] lines = gateway.Process.Output;
            int map = Array.FindLastIndex(lines, line => line == "INFO Current shared balancer map:");
            return map >= 0 && map + 1 < lines.Length && lines[map + 1] == all;
        });
    }

    /// <summary>Clients that know the addresses of these members, all of them connected.</summary>
    private static async Task<ChildProcess> ConnectAsync(Lab lab, int count, int[] members, int port = 8001, params string[] options)
    {
        ChildProcess clients = ChildProcess.Start(
            "env",
            [.. lab.On(1), "/usr/bin/python3", Path.Combine(Repository.Tests, "python", "reconnecting.py"), .. options, count.ToString(CultureInfo.InvariantCulture),
             .. members.Select(member => string.Create(CultureInfo.InvariantCulture, $"{Address(member)}:{port}"))]);
        await clients.WaitForLineAsync(line => line == "ready");
        return clients;
    }

    /// <summary>What has happened to the clients since they were last asked, when all of them are connected.</summary>
    private static async Task<string> ReportAsync(ChildProcess clients)
    {
        int before = clients.Output.Length;
        clients.WriteLine("report");
        await clients.WaitForLineAsync(_ => clients.Output.Length > before);
        return clients.Output[^1];
    }
}
