using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Commands;

public sealed class StartTests
{
    [Fact]
    public async Task What_the_start_up_lines_say_is_true_as_soon_as_they_are_there()
    {
        await using var gateway = Launch(Configuration(
            Service("echo", "ws://127.0.0.1:0/echo", "<accept>tcp://127.0.0.1:0</accept>") + Service("directory", "http://127.0.0.1:0/", "<properties><directory>/welcome</directory></properties>")));

        // Not the last line: the first that says what is served.
        await gateway.Process.WaitForLineAsync(line => line.StartsWith("INFO    ws://", StringComparison.Ordinal));
        Uri webSocket = gateway.Served("ws://127.0.0.1:0/echo");
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(IPAddress.Loopback, webSocket.Port);
        }

        await gateway.Process.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
        Assert.Collection(
            gateway.Process.Output.Select(line => line[6..]),
            line => Assert.StartsWith("Tidegate ", line, StringComparison.Ordinal),
            line => Assert.StartsWith("Configuration file: ", line, StringComparison.Ordinal),
            line => Assert.Equal("Starting server", line),
            line => Assert.Equal("Starting services", line),
            line => Assert.Equal($"  http://127.0.0.1:{webSocket.Port}/", line),
            line => Assert.Matches(@"^  tcp://127\.0\.0\.1:[1-9]\d+$", line),
            line => Assert.Equal($"  ws://127.0.0.1:{webSocket.Port}/echo", line),
            line => Assert.Equal("Started services", line),
            line => Assert.Matches(@"^Started server successfully in \d+\.\d{3} secs at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", line));
    }

    [Fact]
    public async Task Each_tcp_accept_at_port_0_has_a_port_of_its_own()
    {
        await using var gateway = await StartAsync(Service("echo", "tcp://127.0.0.1:0", "<accept>tcp://127.0.0.1:0</accept>"));

        string[] served = [.. gateway.Process.Output.Where(line => line.Contains("tcp://", StringComparison.Ordinal))];

        Assert.Equal(2, served.Distinct().Count());
    }

    [Fact]
    public async Task A_bind_option_at_port_0_leaves_the_uri_as_it_is_and_says_where_it_is_bound()
    {
        await using var gateway = await StartAsync(
            Service("echo", "ws://gate.example:8000/echo", "<accept-options><ws.bind>127.0.0.1:0</ws.bind></accept-options>"));

        Assert.Contains(gateway.Process.Output, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^INFO    ws://gate\.example:8000/echo @ 127\.0\.0\.1:[1-9]\d+$"));
    }

    [Fact]
    public async Task Json_log_lines_are_objects_with_fields()
    {
        await using var gateway = await StartAsync(Service("echo", "ws://127.0.0.1:0/echo"), "--log-format", "json");
        Assert.Equal(0, await gateway.StopAsync());

        List<JsonElement> lines = [.. gateway.Process.Output.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.All(lines, line => Assert.Equal("INFO", line.GetProperty("level").GetString()));
        Assert.Contains(lines, line => line.TryGetProperty("fields", out JsonElement fields)
            && fields.TryGetProperty("Address", out JsonElement address)
            && address.GetString()!.StartsWith("ws://127.0.0.1:", StringComparison.Ordinal));
        Assert.StartsWith("Stopped server successfully", lines[^1].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Empty(gateway.Process.Errors);
    }
}
