using System.Text.RegularExpressions;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary><c>./tidegate demo</c>, on a host of the lab, where its usual ports are free.</summary>
public sealed class DemoLabTests
{
    private const string SeeWhoIsThere = "[demo] See who is there: ./tidegate ";

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
        string members = demo.Output.Single(line => line.StartsWith(SeeWhoIsThere, StringComparison.Ordinal));
        string[] words = members[SeeWhoIsThere.Length..].Split(' ');
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
    public async Task A_demo_of_a_script_ends_at_once_and_so_does_a_watch_that_nobody_reads_or_that_gets_ctrl_c()
    {
        await using Lab lab = await Lab.UpAsync(1);

        // What a shell does for that which stands before an & in a script.
        string[] command = [.. lab.On(1), "sh", "-c", "trap '' INT; exec \"$@\"", "sh", "dotnet", Repository.Program, "demo"];
        await using ChildProcess demo = ChildProcess.Start(command[0], command[1..], GatewayProcess.Variables);
        string see = await demo.WaitForLineAsync(line => line.StartsWith(SeeWhoIsThere, StringComparison.Ordinal));
        string[] watch = [.. lab.On(1), "dotnet", Repository.Program, .. see[SeeWhoIsThere.Length..].Split(' ')];
        Assert.Contains("--watch", watch);

        await using (ChildProcess watched = ChildProcess.Start(watch[0], watch[1..], GatewayProcess.Variables))
        {
            await watched.WaitForLineAsync(line => line.StartsWith("/127.0.0.1:5942 alive, Tidegate ", StringComparison.Ordinal));
            watched.Signal("INT");
            Assert.Equal(130, await watched.WaitForExitAsync());
            Assert.Empty(watched.Errors);
        }

        ChildProcess head = await ChildProcess.RunAsync("sh", ["-c", "\"$@\" | head -1", "sh", .. watch]);
        Assert.StartsWith("/127.0.0.1:5942 ", Assert.Single(head.Output), StringComparison.Ordinal);
        Assert.Empty(head.Errors);

        demo.Signal("TERM");
        Assert.Equal(0, await demo.WaitForExitAsync());
        Assert.All(["[1]", "[2]"], number => Assert.Contains(demo.Output, line => line.StartsWith($"{number} INFO  Stopped server", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_gateways_of_a_demo_that_is_killed_end()
    {
        await using Lab lab = await Lab.UpAsync(1);
        string[] command = [.. lab.On(1), "dotnet", Repository.Program, "demo"];
        await using ChildProcess demo = ChildProcess.Start(command[0], command[1..], GatewayProcess.Variables);
        string see = await demo.WaitForLineAsync(line => line.StartsWith(SeeWhoIsThere, StringComparison.Ordinal));
        string[] addresses = ["127.0.0.1", "127.0.0.2"];
        Assert.Equal(["there", "there"], await ServedAsync());

        demo.Signal("KILL");
        Assert.Equal(137, await demo.WaitForExitAsync());

        CancellationToken patience = Patience.Token;
        while ((await ServedAsync()).Contains("there"))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), patience);
        }

        // What the killed demo could not.
        Directory.Delete(Path.GetDirectoryName(see.Split(' ')[^1])!, recursive: true);

        async Task<string[]> ServedAsync() =>
            await lab.RunOnAsync(1, ["bash", "-c", "for a; do (exec 3<>/dev/tcp/$a/8000) 2>/dev/null && echo there || echo gone; done", "bash", .. addresses]);
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
