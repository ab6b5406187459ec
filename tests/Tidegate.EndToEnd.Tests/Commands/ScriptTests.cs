using System.Net;
using System.Net.WebSockets;

namespace Tidegate.EndToEnd.Tests.Commands;

/// <summary>The <c>./tidegate</c> script, as the README tells people to use it.</summary>
public sealed class ScriptTests
{
    private static readonly string s_script = Path.Combine(Repository.Root, "tidegate");

    [Fact]
    public async Task Version_names_the_product_and_its_version()
    {
        ChildProcess run = await ChildProcess.RunAsync(s_script, "--version");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^Tidegate \d+\.\d+\.\d+$", Assert.Single(run.Output));
    }

    [Fact]
    public async Task Help_lists_the_commands()
    {
        ChildProcess run = await ChildProcess.RunAsync(s_script, "--help");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(run.Output, line => line.TrimStart().StartsWith("start ", StringComparison.Ordinal));
        Assert.Contains(run.Output, line => line.TrimStart().StartsWith("validate ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_default_configuration_is_valid()
    {
        ChildProcess run = await ChildProcess.RunAsync(s_script, "validate", Path.Combine(Repository.Root, "conf", "gateway-config.xml"));

        Assert.Equal(0, run.ExitCode);
        Assert.EndsWith("conf/gateway-config.xml is valid: 3 services.", Assert.Single(run.Output), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Validate_names_all_that_is_wrong_and_fails()
    {
        using var directory = new ScratchDirectory();
        string file = directory.Write("wrong.xml", GatewayProcess.Configuration(
            GatewayProcess.Service("ehco", "ws://localhost:8000/") + GatewayProcess.Service("echo", "wz://localhost:8000/")));

        ChildProcess run = await ChildProcess.RunAsync(s_script, "validate", file);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(run.Errors, line => line.Contains($"{file}:2:", StringComparison.Ordinal) && line.Contains("Did you mean echo?", StringComparison.Ordinal));
        Assert.Contains(run.Errors, line => line.Contains($"{file}:3:", StringComparison.Ordinal) && line.Contains("Did you mean ws?", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Start_serves_the_welcome_page_and_the_echo_of_the_default_configuration_until_ctrl_c()
    {
        await using ChildProcess run = ChildProcess.Start(s_script, ["start", "-Dgateway.port=0"]);
        // The script may have to build first.
        await run.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal), Patience.Long);

        Uri page = GatewayProcess.Served(run.Output, "http://localhost:0/");
        Uri echo = GatewayProcess.Served(run.Output, "ws://localhost:0/echo");
        using var http = new HttpClient();
        Assert.Contains("<title>Tidegate is running</title>", await http.GetStringAsync(page, Patience.Token), StringComparison.Ordinal);
        foreach (string host in (string[])["localhost", "127.0.0.1", "[::1]"])
        {
            using var client = new ClientWebSocket();
            await client.ConnectAsync(new Uri($"ws://{host}:{echo.Port}/echo"), Patience.Token);
            await client.SendAsync("tide"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token);
            var back = new byte[10];
            WebSocketReceiveResult result = await client.ReceiveAsync(back, Patience.Token);
            Assert.Equal("tide"u8, back.AsSpan(0, result.Count));
        }

        run.Signal("INT");
        Assert.Equal(0, await run.WaitForExitAsync());
    }
}
