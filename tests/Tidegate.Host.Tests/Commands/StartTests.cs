using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Tidegate.Host.Tests.Commands;

/// <summary>The start command as a process of its own, as operators know it.</summary>
public sealed class StartTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    private readonly string _home = Directory.CreateTempSubdirectory("tidegate-test-").FullName;

    public StartTests()
    {
        Directory.CreateDirectory(Path.Combine(_home, "conf"));
        File.WriteAllText(
            Path.Combine(_home, "conf", "gateway-config.xml"),
            "<gateway-config xmlns='http://xmlns.kaazing.org/2016/06/gateway'><service><name>e</name>"
            + "<accept>ws://127.0.0.1:${port}/</accept><type>echo</type></service></gateway-config>");
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task A_signal_stops_it_in_order_with_exit_code_0(string signal)
    {
        using Process process = Start($"-Dport={FreePort()}");
        Assert.Matches(@"^INFO  Tidegate \d+\.\d+\.\d+$", await ReadLine(process));
        Assert.Equal($"INFO  Configuration file: {_home}/conf/gateway-config.xml", await ReadLine(process));

        using Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString()]);

        await Exited(process);
        Assert.Equal(0, process.ExitCode);
        Assert.Empty(await process.StandardError.ReadToEndAsync());
    }

    [Fact]
    public async Task A_wrong_configuration_ends_it_with_exit_code_1_and_one_clear_message()
    {
        using Process process = Start();
        string output = await process.StandardOutput.ReadToEndAsync();
        await Exited(process);

        Assert.Equal(1, process.ExitCode);
        Assert.Equal(
            ["ERROR Validation errors in gateway configuration file",
                $"ERROR   {_home}/conf/gateway-config.xml:1:97: Could not determine non-null value for parameter definition ${{port}}. Define it: "
                + "-Dport=… on the command line, an environment variable, a <property> in <properties>, or write ${port:default}."],
            output.Split('\n').Where(line => line.StartsWith("ERROR", StringComparison.Ordinal)));
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.Empty(await process.StandardError.ReadToEndAsync());
    }

    [Fact]
    public async Task What_cannot_be_served_ends_it_and_lenience_leaves_it_out()
    {
        string file = Path.Combine(_home, "conf", "gateway-config.xml");
        string text = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, text.Replace(
            "</gateway-config>",
            "<service><name>closed</name><accept>ws://127.0.0.1:${port}/closed</accept><type>echo</type>"
            + "<notify>apns://h</notify></service></gateway-config>",
            StringComparison.Ordinal));

        using Process refused = Start($"-Dport={FreePort()}");
        string output = await refused.StandardOutput.ReadToEndAsync();
        await Exited(refused);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("Tidegate does not serve <notify> yet.", output, StringComparison.Ordinal);

        int port = FreePort();
        using Process lenient = Start($"-Dport={port}", "--lenient");
        var lines = new List<string>();
        while (await ReadLine(lenient) is { } line && !line.Contains("Started server successfully", StringComparison.Ordinal))
        {
            lines.Add(line);
        }

        using Process kill = Process.Start("kill", ["-TERM", lenient.Id.ToString()]);
        await Exited(lenient);
        Assert.Equal(0, lenient.ExitCode);
        Assert.Contains(lines, line => line.StartsWith("WARN ", StringComparison.Ordinal) && line.EndsWith("The service 'closed' is left out.", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains($"ws://127.0.0.1:{port}/", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains($"ws://127.0.0.1:{port}/closed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task With_json_every_line_is_an_object()
    {
        using Process process = Start("--log-format", "json", "--config", "missing.xml");
        string output = await process.StandardOutput.ReadToEndAsync();
        await Exited(process);

        Assert.Equal(1, process.ExitCode);
        JsonElement[] lines = [.. output.TrimEnd('\n').Split('\n').Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal("INFO", lines[0].GetProperty("level").GetString());
        Assert.Contains("missing.xml: There is no such file.", lines[^1].GetProperty("message").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_log_level_silences_what_is_below_it()
    {
        using Process process = Start("--log-level", "error", "--config", "missing.xml");
        string output = await process.StandardOutput.ReadToEndAsync();
        await Exited(process);

        Assert.All(output.TrimEnd('\n').Split('\n'), line => Assert.StartsWith("ERROR ", line, StringComparison.Ordinal));
    }

    private Process Start(params string[] arguments)
    {
        // A shell may have its background jobs ignore INT, and what ignores a signal hands that down.
        string[] command = ["--default-signal=INT,TERM", "dotnet", Path.Combine(AppContext.BaseDirectory, "tidegate.dll"), "start"];
        var start = new ProcessStartInfo("env", [.. command, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = _home,
        };
        start.Environment["TIDEGATE_HOME"] = _home;
        start.Environment.Remove("port");
        return Process.Start(start)!;
    }

    private static async Task<string?> ReadLine(Process process) =>
        await process.StandardOutput.ReadLineAsync().WaitAsync(s_patience);

    private static async Task Exited(Process process)
    {
        try
        {
            await process.WaitForExitAsync().WaitAsync(s_patience);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }
    }

    private static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }
}
