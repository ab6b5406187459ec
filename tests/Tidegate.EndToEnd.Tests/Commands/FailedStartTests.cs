using System.Globalization;
using System.Net;
using System.Net.Sockets;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Commands;

/// <summary>A start that can not succeed ends with exit code 1 and one message that says where and what to do.</summary>
public sealed class FailedStartTests
{
    [Theory]
    [InlineData("ws://127.0.0.1:{0}/echo")]
    [InlineData("tcp://127.0.0.1:{0}")]
    public async Task A_port_in_use_is_named_with_its_line(string accept)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        string uri = string.Format(CultureInfo.InvariantCulture, accept, port);

        string error = await SingleErrorAsync(Configuration(Service("echo", uri)));

        Assert.Contains($":2:{ColumnOf(Service("echo", uri), "<accept>")}: service \"echo at {uri}\": Unable to bind {uri}", error, StringComparison.Ordinal);
        Assert.EndsWith($"(at 127.0.0.1:{port}): Address already in use. Stop the process that listens there, or write another port.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_ports_in_use_each_is_named()
    {
        using var one = new TcpListener(IPAddress.Loopback, 0);
        using var two = new TcpListener(IPAddress.Loopback, 0);
        using var three = new TcpListener(IPAddress.Loopback, 0);
        one.Start();
        two.Start();
        three.Start();
        await using var gateway = Launch(Configuration(
            Service("echo", $"tcp://{one.LocalEndpoint}", $"<accept>tcp://{two.LocalEndpoint}</accept>") + Service("echo", $"ws://{three.LocalEndpoint}/")));

        Assert.Equal(1, await gateway.Process.WaitForExitAsync());

        Assert.Equal(
            ["ERROR", "ERROR", "ERROR"],
            gateway.Process.Output.Where(line => line.Contains("Address already in use. Stop the process that listens there", StringComparison.Ordinal)).Select(line => line[..5]));
    }

    [Fact]
    public async Task A_host_that_does_not_resolve_is_named_with_its_line()
    {
        string error = await SingleErrorAsync(Configuration(Service("echo", "ws://no-such-host.invalid:8000/")));

        Assert.Contains("gateway-config.xml:2:", error, StringComparison.Ordinal);
        Assert.Contains("Unable to resolve DNS name: no-such-host.invalid (in ws://no-such-host.invalid:8000/)", error, StringComparison.Ordinal);
        Assert.EndsWith(". Write a name that resolves to an address of this machine, or the address itself.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_that_this_machine_does_not_have_is_named_with_its_line()
    {
        // 192.0.2.0/24 is for documentation (RFC 5737): nobody has it.
        string error = await SingleErrorAsync(Configuration(Service("echo", "tcp://192.0.2.1:8000")));

        Assert.Contains("gateway-config.xml:2:", error, StringComparison.Ordinal);
        Assert.Contains(
            "No network interface of this machine has the address 192.0.2.1. Write one that it has, or * for all. There are: lo (127.0.0.1", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_malformed_uri_is_named_with_its_line()
    {
        string error = await SingleErrorAsync(Configuration("\n" + Service("echo", "ws://localhost:80000/")));

        Assert.Contains("gateway-config.xml:3:", error, StringComparison.Ordinal);
        Assert.EndsWith("\"80000\" in \"ws://localhost:80000/\" is not a port. Write a number from 1 to 65535, or 0 for any free port.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_not_xml_is_named_with_the_line_where_it_stops_being_that()
    {
        string error = await SingleErrorAsync("<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">\n  <service\n");

        Assert.Matches(@"gateway-config\.xml:[23]:\d+: ", error);
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        await using var process = ChildProcess.Start("dotnet", [Repository.Program, "start", "--config", "/no/such/file.xml"]);

        Assert.Equal(1, await process.WaitForExitAsync());
        Assert.Contains(process.Output, line => line.StartsWith("ERROR", StringComparison.Ordinal) && line.Contains("/no/such/file.xml: There is no such file.", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_directory_that_is_not_there_is_named_with_its_line()
    {
        string error = await SingleErrorAsync(Configuration(
            Service("directory", "http://127.0.0.1:0/", "<properties><directory>/no-such-directory</directory></properties>")));

        Assert.Contains("gateway-config.xml:2:", error, StringComparison.Ordinal);
        Assert.EndsWith("/no-such-directory does not exist. Create it, or name one that does.", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_privileged_port_is_named_with_its_line_where_the_user_may_not_have_it()
    {
        int port = int.Parse(await File.ReadAllTextAsync("/proc/sys/net/ipv4/ip_unprivileged_port_start"), CultureInfo.InvariantCulture) - 1;
        if (port < 1)
        {
            // On this machine no port is privileged.
            return;
        }

        using var directory = new ScratchDirectory();
        string file = directory.Write("gateway-config.xml", Configuration(Service("echo", $"ws://127.0.0.1:{port}/echo")));
        string[] start = ["dotnet", Repository.Program, "start", "--config", file];
        if (Environment.IsPrivilegedProcess)
        {
            // As nobody, who has to be able to read the file.
            File.SetUnixFileMode(directory.Path, File.GetUnixFileMode(directory.Path) | UnixFileMode.OtherRead | UnixFileMode.OtherExecute);
            start = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", .. start];
        }

        await using var process = ChildProcess.Start(start[0], start[1..], new Dictionary<string, string>(GatewayProcess.Variables) { ["HOME"] = "/nonexistent" });

        Assert.Equal(1, await process.WaitForExitAsync());
        string error = Assert.Single(process.Output, line => line.StartsWith("ERROR", StringComparison.Ordinal));
        Assert.Contains("gateway-config.xml:2:", error, StringComparison.Ordinal);
        Assert.EndsWith(
            "permission denied. Ports below 1024 need root or the capability CAP_NET_BIND_SERVICE; write a higher port, or bind one with tcp.bind.",
            error, StringComparison.Ordinal);
    }

    /// <summary>Starts a gateway that must fail, and returns what it says is wrong.</summary>
    private static async Task<string> SingleErrorAsync(string configuration)
    {
        await using var gateway = Launch(configuration);
        Assert.Equal(1, await gateway.Process.WaitForExitAsync());
        Assert.Empty(gateway.Process.Errors);
        Assert.DoesNotContain(gateway.Process.Output, line => line.Contains("Started", StringComparison.Ordinal) || line.Contains("://", StringComparison.Ordinal) && line.StartsWith("INFO    ", StringComparison.Ordinal));
        string[] errors = [.. gateway.Process.Output.Where(line => line.StartsWith("ERROR", StringComparison.Ordinal))];
        return Assert.Single(errors, line => line != "ERROR Validation errors in gateway configuration file");
    }

    /// <summary>The column of what the element holds.</summary>
    private static int ColumnOf(string line, string tag) => line.IndexOf(tag, StringComparison.Ordinal) + tag.Length + 1;
}
