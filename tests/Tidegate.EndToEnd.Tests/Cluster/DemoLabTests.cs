using System.Text.RegularExpressions;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary><c>./tidegate demo</c>, on a host of the lab, where its usual ports are free.</summary>
public sealed class DemoLabTests
{
    [Fact]
    public async Task The_demo_runs_a_cluster_in_which_one_may_be_killed_and_ends_all_on_ctrl_c()
    {
        await using Lab lab = await Lab.UpAsync(1);
        string[] command = [.. lab.On(1), "dotnet", Repository.Program, "demo", "--members", "3"];
        await using ChildProcess demo = ChildProcess.Start(command[0], command[1..], GatewayProcess.Variables);
        await demo.WaitForLineAsync(line => line == "[demo] 3 gateways are running as one cluster:");
        await demo.WaitForLineAsync(line => line == "[1] INFO Cluster member /127.0.0.3:5942 is now online");
        await demo.WaitForLineAsync(line => line == "[demo] Ctrl-C ends them all.");

        // What it says to open leads to one of the pages, and what it says about members is so.
        string[] page = await lab.RunOnAsync(1, "curl", "--silent", "--location", "--max-time", "30", "http://127.0.0.1:8000/");
        Assert.Contains(page, line => line.Contains("<title>Tidegate is running</title>", StringComparison.Ordinal));
        string members = demo.Output.Single(line => line.StartsWith("[demo] See who is there: ./tidegate ", StringComparison.Ordinal));
        string[] words = members["[demo] See who is there: ./tidegate ".Length..].Split(' ');
        string[] seen = await lab.RunOnAsync(1, ["dotnet", Repository.Program, .. words.Where(word => word != "--watch")]);
        Assert.Equal(3, seen.Count(line => line.StartsWith('/') && line.Contains(" alive, Tidegate ", StringComparison.Ordinal)));

        string kill = demo.Output.Single(line => line.StartsWith("[demo] Kill one: ", StringComparison.Ordinal));
        string pid = Regex.Match(kill, @"kill -9 (\d+)\.").Groups[1].Value;
        await lab.RunOnAsync(1, "kill", "-9", pid);

        await demo.WaitForLineAsync(line => line == $"[demo] Gateway 3 (pid {pid}) is gone: killed by signal 9.");
        await demo.WaitForLineAsync(line => line == "[1] INFO Cluster member /127.0.0.3:5942 is down");
        await demo.WaitForLineAsync(line => line == "[2] INFO Cluster member /127.0.0.3:5942 is down");

        demo.Signal("INT");
        Assert.Equal(0, await demo.WaitForExitAsync());
        Assert.Empty(demo.Errors);
        Assert.All(["[1]", "[2]"], number => Assert.Contains(demo.Output, line => line.StartsWith($"{number} INFO  Stopped server", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_with_the_option_that_changes_it()
    {
        await using Lab lab = await Lab.UpAsync(1);
        string[] taken = [.. lab.On(1), "dotnet", Repository.Program, "demo"];
        await using ChildProcess first = ChildProcess.Start(taken[0], taken[1..], GatewayProcess.Variables);
        await first.WaitForLineAsync(line => line == "[demo] Ctrl-C ends them all.");

        ChildProcess second = await ChildProcess.RunAsync(taken[0], taken[1..]);
        ChildProcess third = await ChildProcess.RunAsync(taken[0], [.. taken[1..], "--port", "9000"]);

        Assert.Equal((1, "tidegate: 127.0.0.1:8000 can not be used: Address already in use. Stop the program that listens there, or choose another port with --port."), (second.ExitCode, Assert.Single(second.Errors)));
        Assert.Equal((1, "tidegate: 127.0.0.1:5942 can not be used: Address already in use. Stop the program that listens there, or choose another port with --cluster-port."), (third.ExitCode, Assert.Single(third.Errors)));
        first.Signal("TERM");
        Assert.Equal(0, await first.WaitForExitAsync());
    }
}
