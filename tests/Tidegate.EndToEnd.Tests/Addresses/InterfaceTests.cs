using System.Globalization;
using System.Text.RegularExpressions;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Addresses;

/// <summary>A gateway whose accepts name network interfaces, reached from another host.</summary>
public sealed partial class InterfaceTests
{
    [Fact]
    public async Task An_accept_at_an_interface_is_reached_at_all_of_its_addresses_and_nowhere_else()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using GatewayProcess gateway = await StartAsync(lab, Service("echo", "ws://@eth0:0/echo"));
        int port = PortOf(gateway, "ws://@eth0:");

        foreach (string host in (string[])["192.168.2.10", "[fd00:2::10]"])
        {
            string[] output = await lab.RunOnAsync(
                2, "node", Path.Combine(Repository.Tests, "npm", "scenarios.js"), "ws", "echo", string.Create(CultureInfo.InvariantCulture, $"ws://{host}:{port}/echo"));
            Assert.NotNull(output);
        }

        // A link-local address is only complete with the interface that leads there.
        Assert.StartsWith("HTTP/1.1 426 ", await GetAsync(lab, 2, await lab.LinkLocalAsync(1) + "%eth0", port), StringComparison.Ordinal);
        Assert.Equal("refused", await GetAsync(lab, 1, "127.0.0.1", port));
        Assert.Equal("refused", await GetAsync(lab, 1, "::1", port));
    }

    [Fact]
    public async Task A_label_stands_for_its_own_address_only()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await lab.RunOnAsync(1, "ip", "addr", "add", "192.168.2.77/24", "dev", "eth0", "label", "eth0:1");
        await using GatewayProcess gateway = await StartAsync(
            lab, Service("echo", "ws://[@eth0:1]:0/echo"), Service("echo", "ws://@eth0:0/all").Replace("<name>", "<name>all ", StringComparison.Ordinal));
        int label = PortOf(gateway, "ws://[@eth0:1]:");

        Assert.StartsWith("HTTP/1.1 426 ", await GetAsync(lab, 2, "192.168.2.77", label), StringComparison.Ordinal);
        Assert.Equal("refused", await GetAsync(lab, 2, "fd00:2::10", label));

        // The interface stands for the addresses of its labels, too.
        int all = PortOf(gateway, "ws://@eth0:");
        Assert.StartsWith("HTTP/1.1 426 ", await GetAsync(lab, 2, "192.168.2.77", all, "/all"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 426 ", await GetAsync(lab, 2, "192.168.2.10", all, "/all"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bind_option_at_an_interface_leaves_the_accepts_host_to_clients()
    {
        await using Lab lab = await Lab.UpAsync(2);
        await using GatewayProcess gateway = await StartAsync(
            lab, Service("echo", "ws://gateway.example/echo", "<accept-options><tcp.bind>@eth0:0</tcp.bind></accept-options>"));
        int port = PortOf(gateway, "ws://gateway.example/echo @ 192.168.2.10:");

        Assert.StartsWith("HTTP/1.1 426 ", await GetAsync(lab, 2, "192.168.2.10", port, "/echo", "gateway.example"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 426 ", await GetAsync(lab, 2, "fd00:2::10", port, "/echo", "gateway.example:80"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 404 ", await GetAsync(lab, 2, "192.168.2.10", port), StringComparison.Ordinal);
        string warning = await gateway.Process.WaitForLineAsync(line => line.StartsWith("WARN", StringComparison.Ordinal));
        Assert.EndsWith("Hosts served there: gateway.example:80", warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_label_that_is_not_there_is_an_error_in_validate_and_start_that_lists_those_there_are()
    {
        await using Lab lab = await Lab.UpAsync(1);
        using var directory = new ScratchDirectory();
        string file = directory.Write("gateway-config.xml", Configuration(Service("echo", "tcp://[@eth0:1]:8000")));
        const string Message = "The interface name eth0:1 is not recognized. Write one that this machine has. There are: lo (127.0.0.1, ::1); eth0 (192.168.2.10, fd00:2::10, fe80::";
        string[] on = lab.On(1);

        foreach (string[] command in (string[][])[["validate", file], ["start", "--config", file]])
        {
            ChildProcess run = await ChildProcess.RunAsync(on[0], [.. on[1..], "dotnet", Repository.Program, .. command]);
            Assert.Equal(1, run.ExitCode);
            string error = Assert.Single(run.Output.Concat(run.Errors), line => line.Contains(Message, StringComparison.Ordinal));
            Assert.Contains("gateway-config.xml:2:", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task An_interface_without_an_address_is_an_error_in_validate_and_start()
    {
        await using Lab lab = await Lab.UpAsync(1);
        await lab.RunOnAsync(1, "ip", "link", "add", "bare0", "type", "veth", "peer", "name", "bare1");
        using var directory = new ScratchDirectory();
        string file = directory.Write("gateway-config.xml", Configuration(Service("echo", "tcp://@bare0:8000")));
        string[] on = lab.On(1);

        foreach (string[] command in (string[][])[["validate", file], ["start", "--config", file]])
        {
            ChildProcess run = await ChildProcess.RunAsync(on[0], [.. on[1..], "dotnet", Repository.Program, .. command]);
            Assert.Equal(1, run.ExitCode);
            Assert.Single(
                run.Output.Concat(run.Errors),
                line => line.Contains("The interface bare0 has no address. Give it one, or write another. There are: lo (127.0.0.1, ::1); eth0 (", StringComparison.Ordinal)
                    && line.Contains("bare0 (no address)", StringComparison.Ordinal));
        }
    }

    private static Task<GatewayProcess> StartAsync(Lab lab, params string[] services) => StartOnAsync(lab.On(1), string.Concat(services));

    private static async Task<string> GetAsync(Lab lab, int from, string address, int port, string path = "/echo", params string[] host) =>
        Assert.Single(await lab.RunOnAsync(
            from, ["/usr/bin/python3", Path.Combine(Repository.Tests, "python", "get.py"), address, port.ToString(CultureInfo.InvariantCulture), path, .. host]));

    /// <summary>The port that follows this in the start-up lines.</summary>
    private static int PortOf(GatewayProcess gateway, string prefix)
    {
        string line = gateway.Process.Output.First(line => line.Contains($" {prefix}", StringComparison.Ordinal));
        return int.Parse(Digits().Match(line, line.IndexOf(prefix, StringComparison.Ordinal) + prefix.Length).Value, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"\G\d+")]
    private static partial Regex Digits();
}
