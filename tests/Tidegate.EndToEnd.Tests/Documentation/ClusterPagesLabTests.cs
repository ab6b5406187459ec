using System.Globalization;
using System.Text.RegularExpressions;

namespace Tidegate.EndToEnd.Tests.Documentation;

/// <summary>The pages about clusters, followed word by word on two hosts of the lab that have the addresses which stand there.</summary>
public sealed partial class ClusterPagesLabTests
{
    private const string Start = "./tidegate start --config conf/gateway-config.xml --grace 60s";
    private const string Members = "./tidegate members --config conf/gateway-config.xml";
    private const string Drain = "./tidegate drain --config conf/gateway-config.xml";
    private const string Keygen = "./tidegate keygen >conf/cluster-key";
    private const string Chmod = "chmod 600 conf/cluster-key";
    private const string Here = $"{nameof(ClusterPagesLabTests)}.{nameof(Two_gateways_become_a_cluster_whose_key_is_changed_and_one_is_drained_as_the_pages_say)}";

    private static readonly string[] s_pages =
        ["cluster.md", "balancing.md", "cluster-addresses.md", "cluster-members.md", "cluster-keys.md", "operations.md", "troubleshooting.md", "what-happens-when.md"];

    /// <summary>Every command that the pages print, and the test that runs it.</summary>
    private static readonly Dictionary<string, string> s_commands = new()
    {
        [Start] = Here,
        [Members] = Here,
        [Drain] = Here,
        [Keygen] = Here,
        [Chmod] = Here,
        ["./tidegate demo"] = "DemoLabTests.The_demo_runs_a_cluster_in_which_one_may_be_killed_and_ends_all_on_ctrl_c",
        ["./tidegate start --config samples/cluster-member-1.xml"] = "GatewayClusterLabTests.The_samples_run_on_one_machine_as_the_page_says",
        ["./tidegate start --config samples/cluster-member-2.xml"] = "GatewayClusterLabTests.The_samples_run_on_one_machine_as_the_page_says",
        ["serf agent -node=watcher -join=192.168.2.10:5942"] = "GatewayClusterLabTests.A_serf_agent_in_the_cluster_sees_the_gateways_and_they_do_not_announce_it",
        ["serf members"] = "GatewayClusterLabTests.A_serf_agent_in_the_cluster_sees_the_gateways_and_they_do_not_announce_it",
    };

    [Fact]
    public void Every_command_that_the_pages_print_is_run_by_a_test()
    {
        string[] printed = [.. s_pages.SelectMany(page => Blocks(page, "")).SelectMany(block => block.Split('\n')).Where(line => CommandLine().IsMatch(line)).Distinct()];
        Assert.Equal(s_commands.Keys.Order(StringComparer.Ordinal), printed.Order(StringComparer.Ordinal));
        foreach ((string command, string test) in s_commands)
        {
            string[] name = test.Split('.');
            string source = Assert.Single(Directory.EnumerateFiles(Path.Combine(Repository.Root, "tests"), $"{name[0]}.cs", SearchOption.AllDirectories));
            Assert.True(File.ReadAllText(source).Contains($" {name[1]}(", StringComparison.Ordinal), $"{test}, which is to run {command}, is not there.");
        }
    }

    [Fact]
    public async Task Two_gateways_become_a_cluster_whose_key_is_changed_and_one_is_drained_as_the_pages_say()
    {
        await using Lab lab = await Lab.UpAsync(2);
        using var directory = new ScratchDirectory();
        string[] homes = [.. Enumerable.Range(1, 2).Select(host => Home(directory, host))];
        await RunAsync(lab, 1, homes[0], Keygen);
        await RunAsync(lab, 1, homes[0], Chmod);
        File.Copy(KeyFile(homes[0]), KeyFile(homes[1]));
        File.SetUnixFileMode(KeyFile(homes[1]), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        for (int host = 1; host <= 2; host++)
        {
            await lab.NameAsync(host, "shop.example.com", Lab.AddressOf(1));
            await lab.NameAsync(host, "shop.example.com", Lab.AddressOf(2));
        }

        await using ChildProcess one = Launch(lab, 1, homes[0], Start);
        await using ChildProcess two = Launch(lab, 2, homes[1], Start);
        await one.WaitForLineAsync(line => line == "INFO Cluster member /192.168.2.11:5942 is now online");
        await two.WaitForLineAsync(line => line == "INFO Cluster member /192.168.2.10:5942 is now online");
        const string Map = "INFO      balance URI: ws://shop.example.com:8000/echo    target list: [ws://node1.example.com:8000/echo, ws://node2.example.com:8000/echo]";
        await one.WaitForLineAsync(line => line == Map);
        await two.WaitForLineAsync(line => line == Map);

        string[] members = await RunAsync(lab, 1, homes[0], Members);
        Assert.Equal(4, members.Length);
        foreach (int host in (int[])[1, 2])
        {
            Assert.Matches(
                $@"^/{Regex.Escape(Lab.AddressOf(host))}:5942 alive, Tidegate \d+\.\d+\.\d+, started \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d, 0 sessions, load \d+ %$", members[2 * (host - 1)]);
            Assert.Equal($"    ws://shop.example.com:8000/echo leads to ws://node{host}.example.com:8000/echo: 0 sessions", members[(2 * host) - 1]);
        }

        await ChangeKeyAsync([one, two], homes);
        Assert.All([one, two], gateway => Assert.DoesNotContain(gateway.Output, line => line.StartsWith("WARN", StringComparison.Ordinal)));
        Assert.Equal(2, (await RunAsync(lab, 1, homes[0], Members)).Count(line => line.Contains(" alive, ", StringComparison.Ordinal)));

        string[] drained = await RunAsync(lab, 2, homes[1], Drain);
        Assert.Matches(@"^Drained: 0 sessions were closed in \d+\.\d s\.$", Assert.Single(drained));
        Assert.Equal(0, await two.WaitForExitAsync());
        await one.WaitForLineAsync(line => line == "INFO Cluster member /192.168.2.11:5942 is down");
        one.Signal("INT");
        Assert.Equal(0, await one.WaitForExitAsync());
    }

    /// <summary>The three steps of docs/cluster-keys.md, each on all members, which all say the same before the next begins.</summary>
    private static async Task ChangeKeyAsync(ChildProcess[] gateways, string[] homes)
    {
        string said = Blocks("cluster-keys.md", "").Single(block => block.StartsWith("INFO The keys of the cluster were read again", StringComparison.Ordinal));
        var form = new Regex($"^{Fingerprint().Replace(Regex.Escape(said), "([0-9a-f]{16})")}$");
        string old = (await File.ReadAllTextAsync(KeyFile(homes[0]))).Trim();
        ChildProcess made = await ChildProcess.RunAsync("dotnet", Repository.Program, "keygen");
        string next = Assert.Single(made.Output);
        string[] steps = [$"{old}\n{next}\n", $"{next}\n{old}\n", $"{next}\n"];
        string[] sealing = new string[steps.Length];
        for (int step = 0; step < steps.Length; step++)
        {
            foreach (string home in homes)
            {
                // Written in place, as an editor may.
                await File.WriteAllTextAsync(KeyFile(home), steps[step]);
            }

            int wanted = step + 1;
            string[] lines = await Task.WhenAll(gateways.Select(gateway =>
            {
                int seen = 0;
                return gateway.WaitForLineAsync(line => line.StartsWith("INFO The keys of the cluster were read again: ", StringComparison.Ordinal) && ++seen == wanted);
            }));
            Assert.Equal(lines[0], lines[1]);
            Assert.True(step == steps.Length - 1 || form.IsMatch(lines[0]), lines[0]);
            sealing[step] = Fingerprint().Match(lines[0]).Value;
        }

        Assert.NotEqual(sealing[0], sealing[1]);
        Assert.Equal(sealing[1], sealing[2]);
        Assert.All(gateways, gateway => Assert.DoesNotContain(gateway.Output, line => line.EndsWith(" is down", StringComparison.Ordinal)));
    }

    /// <summary>A directory in which the commands run, with a configuration that is put together from the page.</summary>
    private static string Home(ScratchDirectory directory, int host)
    {
        string home = Directory.CreateDirectory(Path.Combine(directory.Path, host.ToString(CultureInfo.InvariantCulture))).FullName;
        Directory.CreateDirectory(Path.Combine(home, "conf"));
        string program = Path.Combine(home, "tidegate");
        File.WriteAllText(program, $"#!/bin/sh\nexec dotnet {Repository.Program} \"$@\"\n");
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string[] blocks = Blocks("cluster.md", "xml");
        string cluster = blocks.Single(block => block.Contains("<key-file>", StringComparison.Ordinal));
        string services = blocks.Single(block => block.Contains("<balance>", StringComparison.Ordinal));
        File.WriteAllText(
            Path.Combine(home, "conf", "gateway-config.xml"),
            GatewayProcess.Configuration((cluster + services)
                .Replace("192.168.2.10", Lab.AddressOf(host), StringComparison.Ordinal)
                .Replace("node1", $"node{host.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal)));
        return home;
    }

    private static string KeyFile(string home) => Path.Combine(home, "conf", "cluster-key");

    private static Task<string[]> RunAsync(Lab lab, int host, string home, string command) => lab.RunOnAsync(host, "sh", "-c", $"cd {home} && {command}");

    private static ChildProcess Launch(Lab lab, int host, string home, string command) =>
        ChildProcess.Start("env", [.. lab.On(host), "sh", "-c", $"cd {home} && exec {command}"], GatewayProcess.Variables);

    /// <summary>What stands between fences in a page.</summary>
    /// <param name="page">Its file.</param>
    /// <param name="language">What follows the first fence.</param>
    private static string[] Blocks(string page, string language) =>
        [.. Fenced().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", page))).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value.TrimEnd('\n'))];

    [GeneratedRegex(@"^```(\w*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();

    [GeneratedRegex(@"^(\./tidegate|chmod|serf) ")]
    private static partial Regex CommandLine();

    [GeneratedRegex("[0-9a-f]{16}")]
    private static partial Regex Fingerprint();
}
