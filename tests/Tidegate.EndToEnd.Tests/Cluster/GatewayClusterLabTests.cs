using System.Globalization;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Two gateways as docs/cluster.md puts them into a cluster, on hosts that have the addresses which stand there.</summary>
public sealed class GatewayClusterLabTests
{
    private const string Multicast = "<connect>udp://224.2.2.44:54327</connect>";

    [Fact]
    public async Task Two_gateways_find_each_other_by_multicast_and_a_killed_one_is_down()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using GatewayProcess one = await StartAsync(lab, 1, Cluster(1, Multicast));
        await using GatewayProcess two = await StartAsync(lab, 2, Cluster(2, Multicast));
        await SaysAsync(one, "INFO Cluster member /192.168.2.11:5942 is now online");
        await SaysAsync(two, "INFO Cluster member /192.168.2.10:5942 is now online");

        two.Process.Signal("KILL");

        await SaysAsync(one, "INFO Cluster member /192.168.2.11:5942 is down");
        Assert.Equal(Count(one, " is now online"), Count(one, " is down"));
    }

    [Fact]
    public async Task A_gateway_that_is_stopped_is_down_for_the_other_and_up_again_when_it_is_started()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using GatewayProcess one = await StartAsync(lab, 1, Cluster(1, Multicast));
        await using GatewayProcess two = await StartAsync(lab, 2, Cluster(2, Multicast));
        await SaysAsync(one, "INFO Cluster member /192.168.2.11:5942 is now online");

        Assert.Equal(0, await two.StopAsync());

        await SaysAsync(one, "INFO Cluster member /192.168.2.11:5942 is down");
        Assert.Equal(Count(one, " is now online"), Count(one, " is down"));

        await using GatewayProcess again = await StartAsync(lab, 2, Cluster(2, Multicast));
        await one.Process.WaitForLineAsync(_ => Count(one, "Cluster member /192.168.2.11:5942 is now online") == Count(one, " is down") + 1);
    }

    [Fact]
    public async Task Clusters_of_two_names_in_one_group_stay_apart()
    {
        await using Lab lab = await Lab.UpAsync(3);
        await using GatewayProcess one = await StartAsync(lab, 1, Cluster(1, Multicast));
        await using GatewayProcess other = await StartAsync(lab, 2, Cluster(2, Multicast, "Other"));
        await using GatewayProcess three = await StartAsync(lab, 3, Cluster(3, Multicast));

        await SaysAsync(one, "INFO Cluster member /192.168.2.12:5942 is now online");
        await SaysAsync(three, "INFO Cluster member /192.168.2.10:5942 is now online");

        Assert.DoesNotContain(other.Process.Output, line => line.EndsWith(" is now online", StringComparison.Ordinal));
        Assert.DoesNotContain(one.Process.Output, line => line.Contains("/192.168.2.11:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<connect>tcp://192.168.2.10:5942</connect><connect>tcp://192.168.2.11:5942</connect>", "tcp://@eth0:5942")]
    [InlineData("<connect>udp://224.2.2.44:54327</connect><connect>tcp://192.168.2.99:5942</connect>", "tcp://[@eth0]:5942")]
    [InlineData("<connect>tcp://gateways.example:5942</connect>", "tcp://0.0.0.0:5942")]
    [InlineData("<connect>udp://gateways.example:54327</connect>", "tcp://*:5942")]
    public async Task One_file_serves_all_members(string connects, string accept)
    {
        await using Lab lab = await Lab.UpAsync(2);
        for (int host = 1; host <= 2; host++)
        {
            await lab.NameAsync(host, "gateways.example", Lab.AddressOf(1));
            await lab.NameAsync(host, "gateways.example", Lab.AddressOf(2));
        }

        string cluster = $"<cluster><name>MyCluster</name><accept>{accept}</accept>{connects}</cluster>";
        await using GatewayProcess one = await StartAsync(lab, 1, cluster);
        await using GatewayProcess two = await StartAsync(lab, 2, cluster);

        await SaysAsync(one, "INFO Cluster member /192.168.2.11:5942 is now online");
        await SaysAsync(two, "INFO Cluster member /192.168.2.10:5942 is now online");
    }

    [Fact]
    public async Task Members_may_have_ipv6_addresses()
    {
        await using Lab lab = await Lab.UpAsync(2);
        string connects = "<connect>tcp://[fd00:2::10]:5942</connect><connect>tcp://[fd00:2::11]:5942</connect>";
        await using GatewayProcess one = await StartAsync(lab, 1, $"<cluster><name>c</name><accept>tcp://[fd00:2::10]:5942</accept>{connects}</cluster>");
        await using GatewayProcess two = await StartAsync(lab, 2, $"<cluster><name>c</name><accept>tcp://[fd00:2::11]:5942</accept>{connects}</cluster>");

        await SaysAsync(one, "INFO Cluster member /[fd00:2::11]:5942 is now online");
        await SaysAsync(two, "INFO Cluster member /[fd00:2::10]:5942 is now online");
    }

    [Theory]
    [InlineData("<accept>tcp://@eth0:5942</accept>")]
    [InlineData("<accept>tcp://192.168.2.10:5942</accept><accept>tcp://[fd00:2::10]:5942</accept><accept>tcp://192.168.2.77:5942</accept>")]
    public async Task A_gateway_is_found_at_every_address_of_its_interface_or_accepts_and_told_by_the_first(string accepts)
    {
        await using Lab lab = await Lab.UpAsync(4);
        await lab.RunOnAsync(1, "ip", "addr", "add", "192.168.2.77/24", "dev", "eth0");
        await using GatewayProcess one = await StartAsync(lab, 1, $"<cluster><name>c</name>{accepts}</cluster>");
        string also = await one.Process.WaitForLineAsync(line => line.StartsWith("INFO The cluster's members reach this gateway also at ", StringComparison.Ordinal));
        Assert.Contains("/192.168.2.77:5942", also, StringComparison.Ordinal);
        Assert.Contains("/[fd00:2::10]:5942", also, StringComparison.Ordinal);

        static string Seeking(string seed) => $"<cluster><name>c</name><accept>tcp://@eth0:5942</accept><connect>tcp://{seed}:5942</connect></cluster>";
        await using GatewayProcess two = await StartAsync(lab, 2, Seeking("192.168.2.10"));
        await using GatewayProcess three = await StartAsync(lab, 3, Seeking("192.168.2.77"));
        await using GatewayProcess four = await StartAsync(lab, 4, Seeking("[fd00:2::10]"));

        foreach (GatewayProcess other in (GatewayProcess[])[two, three, four])
        {
            await SaysAsync(other, "INFO Cluster member /192.168.2.10:5942 is now online");
        }

        foreach (int host in (int[])[2, 3, 4])
        {
            await SaysAsync(one, $"INFO Cluster member /{Lab.AddressOf(host)}:5942 is now online");
        }

        Assert.DoesNotContain(one.Process.Output, line => line.EndsWith(" is down", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("192.168.2.99", "192.168.2.77")]
    [InlineData("fd00:2::11", "192.168.2.99")]
    public async Task Word_by_unicast_reaches_a_gateway_at_every_address_of_its_interface(string calledByOne, string calledByTwo)
    {
        await using Lab lab = await Lab.UpAsync(2);
        await lab.RunOnAsync(1, "ip", "addr", "add", "192.168.2.77/24", "dev", "eth0");
        await lab.NameAsync(1, "gateways.example", calledByOne);
        await lab.NameAsync(2, "gateways.example", calledByTwo);
        const string Cluster = "<cluster><name>c</name><accept>tcp://@eth0:5942</accept><connect>udp://gateways.example:54327</connect></cluster>";
        await using GatewayProcess one = await StartAsync(lab, 1, Cluster);
        await using GatewayProcess two = await StartAsync(lab, 2, Cluster);

        await SaysAsync(one, "INFO Cluster member /192.168.2.11:5942 is now online");
        await SaysAsync(two, "INFO Cluster member /192.168.2.10:5942 is now online");
    }

    [Fact]
    public async Task An_accept_that_is_no_address_of_the_host_keeps_the_gateway_from_starting()
    {
        await using Lab lab = await Lab.UpAsync(1);
        await using GatewayProcess one = LaunchOn(lab.On(1), Configuration(Cluster(2, Multicast) + Echo(1)), []);

        Assert.Equal(1, await one.Process.WaitForExitAsync());
        string error = Assert.Single(one.Process.Output, line => line.Contains("192.168.2.11", StringComparison.Ordinal));
        Assert.Contains("<accept>tcp://192.168.2.11:5942</accept> in <cluster>: No network interface of this machine has the address 192.168.2.11.", error, StringComparison.Ordinal);
        Assert.Contains("eth0 (192.168.2.10", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_balancer_redirects_to_members_that_live_and_to_no_dead_one()
    {
        await using Lab lab = await Lab.UpAsync(2);
        string cluster(int host) => Cluster(host, Multicast) + Balanced(host) + Balancer(host, "<policy>round-robin</policy><unaware.clients>redirect</unaware.clients>");
        await using GatewayProcess one = await StartOnAsync(lab.On(1), cluster(1));
        await using GatewayProcess two = await StartOnAsync(lab.On(2), cluster(2));
        await LeadsToAsync(one, 1, 2);
        await LeadsToAsync(two, 1, 2);
        var locations = new HashSet<string>();
        CancellationToken patience = Patience.Token;
        while (!locations.SetEquals(["http://192.168.2.10:8001/echo?a=b", "http://192.168.2.11:8001/echo?a=b"]))
        {
            Assert.False(patience.IsCancellationRequested, $"All went to {string.Join(", ", locations)}.");
            locations.Add(await LocationAsync(lab, 1));
        }

        two.Process.Signal("KILL");
        await SaysAsync(one, "INFO Cluster member /192.168.2.11:5942 is down");
        await LeadsToAsync(one, 1);

        for (int i = 0; i < 4; i++)
        {
            Assert.Equal("http://192.168.2.10:8001/echo?a=b", await LocationAsync(lab, 1));
        }
    }

    [Fact]
    public async Task A_client_goes_back_to_its_member_by_either_balancer_and_to_the_other_when_that_is_gone()
    {
        await using Lab lab = await Lab.UpAsync(2);
        string cluster(int host) => Cluster(host, Multicast) + Balanced(host) + Balancer(host, "<policy>round-robin</policy><unaware.clients>redirect</unaware.clients>");
        await using GatewayProcess one = await StartOnAsync(lab.On(1), cluster(1));
        await using GatewayProcess two = await StartOnAsync(lab.On(2), cluster(2));
        await LeadsToAsync(one, 1, 2);
        await LeadsToAsync(two, 1, 2);
        string[] head = await HeadAsync(lab, 1);
        string cookie = head.Single(line => line.StartsWith("Set-Cookie: TIDEGATE_MEMBER=", StringComparison.Ordinal))["Set-Cookie: ".Length..].Split(';')[0];
        string first = LocationIn(head);

        foreach (int balancer in (int[])[1, 1, 2, 2])
        {
            Assert.Equal(first, LocationIn(await HeadAsync(lab, balancer, cookie)));
        }

        (GatewayProcess gone, GatewayProcess left, int host) = first.Contains("192.168.2.10", StringComparison.Ordinal) ? (one, two, 2) : (two, one, 1);
        gone.Process.Signal("KILL");
        await LeadsToAsync(left, host);
        Assert.Equal($"http://{Lab.AddressOf(host)}:8001/echo?a=b", LocationIn(await HeadAsync(lab, host, cookie)));
    }

    [Fact]
    public async Task The_balancer_relays_a_client_to_the_other_host_and_after_a_stop_to_nobody_who_is_gone()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using GatewayProcess one = await StartOnAsync(lab.On(1), Cluster(1, Multicast) + Balancer(1, ""));
        await using GatewayProcess two = await StartOnAsync(lab.On(2), Cluster(2, Multicast) + Balanced(2));
        await LeadsToAsync(one, 2);

        await lab.NameAsync(1, "balancer.example", Lab.AddressOf(1));
        Assert.Equal(["hello"], await EchoAsync(lab, 1, "ws://balancer.example:8080/echo"));

        Assert.Equal(0, await two.StopAsync());
        await LeadsToAsync(one);
        Assert.StartsWith("HTTP/1.1 503 ", (await HeadAsync(lab, 1))[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Members_with_one_key_are_a_cluster_and_a_file_that_all_may_read_is_refused()
    {
        await using Lab lab = await Lab.UpAsync(2);
        using var directory = new ScratchDirectory();
        ChildProcess made = await ChildProcess.RunAsync("dotnet", Repository.Program, "keygen");
        string file = directory.Write("cluster-key", string.Join('\n', made.Output));
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string key = $"<key-file>{file}</key-file>";
        await using GatewayProcess one = await StartAsync(lab, 1, Cluster(1, Multicast + key));
        await using GatewayProcess two = await StartAsync(lab, 2, Cluster(2, Multicast + key));
        await SaysAsync(one, "INFO Cluster member /192.168.2.11:5942 is now online");
        Assert.DoesNotContain(one.Process.Output, line => line.Contains("has no key", StringComparison.Ordinal));

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await using GatewayProcess open = LaunchOn(lab.On(2), Configuration(Cluster(2, Multicast + key) + Echo(2)), []);
        Assert.Equal(1, await open.Process.WaitForExitAsync());
        Assert.Contains(open.Process.Output, line => line.Contains($"{file}: others than its owner may read or change the keys", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Somebody_who_asks_sees_who_is_there_and_is_not_announced()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using GatewayProcess one = await StartOnAsync(lab.On(1), Cluster(1, Multicast) + Balancer(1, ""));
        await using GatewayProcess two = await StartOnAsync(lab.On(2), Cluster(2, Multicast) + Balanced(2));
        await LeadsToAsync(one, 2);
        using var directory = new ScratchDirectory();
        string file = directory.Write("gateway-config.xml", Configuration(Cluster(1, Multicast)));

        string[] lines = await lab.RunOnAsync(1, "dotnet", Repository.Program, "members", "--config", file);

        Assert.Equal(3, lines.Length);
        Assert.Matches(@"^/192\.168\.2\.10:5942 alive, Tidegate \d+\.\d+\.\d+, started \d{4}-\d\d-\d\d \d\d:\d\d:\d\d, 0 sessions, load \d+ %$", lines[0]);
        Assert.StartsWith("/192.168.2.11:5942 alive, Tidegate ", lines[1], StringComparison.Ordinal);
        Assert.Equal("    ws://balancer.example:8080/echo leads to ws://192.168.2.11:8001/echo: 0 sessions", lines[2]);
        Assert.All(
            one.Process.Output.Where(line => line.EndsWith(" is now online", StringComparison.Ordinal) || line.EndsWith(" is down", StringComparison.Ordinal)),
            line => Assert.StartsWith("INFO Cluster member /192.168.2.11:5942 is ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_gateway_of_the_machine_is_asked_and_who_watches_sees_what_changes_until_ctrl_c()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using GatewayProcess one = await StartOnAsync(lab.On(1), Cluster(1, Multicast) + Balancer(1, ""), "--log-level", "tidegate.control=debug");
        await using GatewayProcess two = await StartOnAsync(lab.On(2), Cluster(2, Multicast) + Balanced(2));
        await LeadsToAsync(one, 2);
        string[] command = [.. lab.On(1), "dotnet", Repository.Program, "members", "--watch", "--config", one.ConfigurationFile];

        await using ChildProcess watch = ChildProcess.Start(command[0], command[1..], Variables);
        await watch.WaitForLineAsync(line => line.StartsWith("/192.168.2.11:5942 alive, Tidegate ", StringComparison.Ordinal));
        await watch.WaitForLineAsync(line => line == "    ws://balancer.example:8080/echo leads to ws://192.168.2.11:8001/echo: 0 sessions");
        two.Process.Signal("KILL");
        await watch.WaitForLineAsync(line => line.StartsWith("/192.168.2.11:5942 failed since ", StringComparison.Ordinal));

        watch.Signal("INT");
        Assert.Equal(130, await watch.WaitForExitAsync());
        Assert.Empty(watch.Errors);
        await SaysAsync(one, "DEBUG Asked for members over the control socket");
    }

    [Fact]
    public async Task Root_asks_the_gateway_of_another_user_and_drains_it()
    {
        await using Lab lab = await Lab.UpAsync(1);
        using var directory = new ScratchDirectory();
        string file = directory.Write("gateway-config.xml", Configuration(Cluster(1, "") + Echo(1)));

        // Nobody, who has to be able to read the file.
        File.SetUnixFileMode(directory.Path, File.GetUnixFileMode(directory.Path) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
        string[] start = [.. lab.On(1), "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "env", "--unset=XDG_RUNTIME_DIR", "dotnet", Repository.Program, "start", "--config", file];
        await using ChildProcess gateway = ChildProcess.Start(start[0], start[1..], new Dictionary<string, string>(Variables) { ["HOME"] = "/nonexistent" });
        await gateway.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));

        string[] members = await lab.RunOnAsync(1, "dotnet", Repository.Program, "members", "--config", file);
        Assert.StartsWith("/192.168.2.10:5942 alive, Tidegate ", Assert.Single(members), StringComparison.Ordinal);
        string[] drained = await lab.RunOnAsync(1, "dotnet", Repository.Program, "drain", "--config", file);
        Assert.StartsWith("Drained: 0 sessions were closed in ", Assert.Single(drained), StringComparison.Ordinal);
        Assert.Equal(0, await gateway.WaitForExitAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_serf_agent_in_the_cluster_sees_the_gateways_and_they_do_not_announce_it(bool encrypted)
    {
        await using Lab lab = await Lab.UpAsync(3);
        using var directory = new ScratchDirectory();
        string keyFile = directory.Write("cluster-key", MemberProcess.Key);
        File.SetUnixFileMode(keyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string key = encrypted ? $"<key-file>{keyFile}</key-file>" : "";
        await using GatewayProcess one = await StartAsync(lab, 1, Cluster(1, Multicast + key));
        string[] theirs = encrypted ? [$"-encrypt={MemberProcess.Key}"] : [];
        await using SerfProcess agent = await SerfProcess.StartAsync(lab, 3, "watcher", [$"-join={Lab.AddressOf(1)}:5942", "-tag=role=bridge", .. theirs]);

        // By then the first gateway knows of the agent, too.
        await using GatewayProcess two = await StartAsync(lab, 2, Cluster(2, Multicast + key));
        await SaysAsync(one, "INFO Cluster member /192.168.2.11:5942 is now online");
        await agent.UntilMemberAsync("192.168.2.10:5942", "alive");
        await agent.UntilMemberAsync("192.168.2.11:5942", "alive");
        Assert.Matches(@"^\d+\.\d+\.\d+$", (await agent.MembersAsync())["192.168.2.10:5942"].Tags["version"]);
        Assert.Contains(await lab.RunOnAsync(1, "dotnet", Repository.Program, "members", "--config", one.ConfigurationFile), line => line == "/192.168.2.12:7946 alive, another program");

        Assert.Equal(0, await two.StopAsync());
        await agent.UntilMemberAsync("192.168.2.11:5942", "left");
        one.Process.Signal("KILL");
        await agent.UntilMemberAsync("192.168.2.10:5942", "failed");

        Assert.All([one, two], gateway => Assert.DoesNotContain(gateway.Process.Output, line => line.Contains("192.168.2.12", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task The_samples_run_on_one_machine_as_the_page_says()
    {
        await using Lab lab = await Lab.UpAsync(1);
        string[] samples = [.. new[] { 1, 2 }.Select(number => File.ReadAllText(Path.Combine(Repository.Root, "samples", $"cluster-member-{number}.xml")))];
        await using GatewayProcess one = LaunchOn(lab.On(1), samples[0], []);
        await using GatewayProcess two = LaunchOn(lab.On(1), samples[1], []);

        // As docs/cluster.md prints them.
        await SaysAsync(one, "INFO Cluster member /127.0.0.2:5942 is now online");
        await SaysAsync(one, "INFO       member: /127.0.0.2:5942");
        await SaysAsync(one, "INFO      balance URI: ws://shop.example.com:8000/echo    target list: [ws://node1.example.com:8000/echo, ws://node2.example.com:8000/echo]");
        await lab.NameAsync(1, "shop.example.com", "127.0.0.1");
        Assert.Equal(["hello"], await EchoAsync(lab, 1, "ws://shop.example.com:8000/echo"));

        two.Process.Signal("KILL");
        await SaysAsync(one, "INFO Cluster member /127.0.0.2:5942 is down");
        Assert.Equal(["hello"], await EchoAsync(lab, 1, "ws://shop.example.com:8000/echo"));
    }

    private static string Cluster(int host, string rest, string name = "MyCluster") =>
        $"<cluster><name>{name}</name><accept>tcp://{Lab.AddressOf(host)}:5942</accept>{rest}</cluster>\n";

    private static string Echo(int host) => Service("echo", $"ws://{Lab.AddressOf(host)}:8000/echo");

    private static string Balanced(int host) =>
        Service("echo", $"ws://{Lab.AddressOf(host)}:8001/echo", "<balance>ws://balancer.example:8080/echo</balance>");

    private static string Balancer(int host, string properties) => Service(
        "balancer", "ws://balancer.example:8080/echo",
        $"<properties>{properties}</properties><accept-options><tcp.bind>{Lab.AddressOf(host)}:8080</tcp.bind></accept-options>");

    /// <summary>How many lines end so. A machine that stands still may make a member go and come again.</summary>
    private static int Count(GatewayProcess gateway, string end) => gateway.Process.Output.Count(line => line.EndsWith(end, StringComparison.Ordinal));

    private static Task<GatewayProcess> StartAsync(Lab lab, int host, string cluster) => StartOnAsync(lab.On(host), cluster + Echo(host));

    private static Task<string> SaysAsync(GatewayProcess gateway, string line) => gateway.Process.WaitForLineAsync(said => said == line);

    /// <summary>Waits until the last balance map that the gateway has shown leads to these hosts, and no others.</summary>
    private static Task<string> LeadsToAsync(GatewayProcess gateway, params int[] hosts)
    {
        string targets = string.Join(", ", hosts.Select(host => $"ws://{Lab.AddressOf(host)}:8001/echo"));
        return gateway.Process.WaitForLineAsync(_ =>
        {
            string[] lines = gateway.Process.Output;
            int map = Array.FindLastIndex(lines, line => line == "INFO Current shared balancer map:");

            // What another thread says may stand between the lines of a map.
            string shown = map >= 0 ? lines.Skip(map + 1).FirstOrDefault(line => line.Contains("balance URI", StringComparison.Ordinal), "") : "";
            return shown == (hosts.Length == 0 ? "" : $"INFO      balance URI: ws://balancer.example:8080/echo    target list: [{targets}]");
        });
    }

    private static async Task<string> LocationAsync(Lab lab, int host) => LocationIn(await HeadAsync(lab, host));

    private static string LocationIn(string[] head) =>
        head.Single(line => line.StartsWith("Location: ", StringComparison.Ordinal))["Location: ".Length..].TrimEnd();

    /// <summary>The head of the answer to a handshake with the balancer of a host.</summary>
    private static Task<string[]> HeadAsync(Lab lab, int host, string cookie = "") => lab.RunOnAsync(
        host, "curl", "-s", "-i", "--max-time", Patience.Normal.TotalSeconds.ToString(CultureInfo.InvariantCulture), "--http1.1",
        "--connect-to", $"balancer.example:8080:{Lab.AddressOf(host)}:8080",
        "-H", "Upgrade: websocket", "-H", "Connection: Upgrade", "-H", "Sec-WebSocket-Version: 13", "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "-H", $"Cookie: {cookie}", "http://balancer.example:8080/echo?a=b");

    /// <summary>Has a client on a host send a message, and returns what came back.</summary>
    private static Task<string[]> EchoAsync(Lab lab, int host, string uri) => lab.RunOnAsync(
        host, "/usr/bin/python3", "-c",
        """
        import asyncio, sys, websockets
        async def main():
            async with websockets.connect(sys.argv[1]) as client:
                await client.send("hello")
                print(await client.recv())
        asyncio.run(main())
        """,
        uri);
}
