using System.Globalization;
using System.Net.WebSockets;

namespace Tidegate.EndToEnd.Tests.Documentation;

/// <summary>docs/broadcast.md, as a reader follows it.</summary>
public sealed class BroadcastPageTests : IDisposable
{
    private readonly ScratchDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task The_sample_brings_a_line_to_a_client()
    {
        string page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "broadcast.md"));
        string[] commands = [.. page.Split("```\n").Where((_, i) => i % 2 == 1).Select(block => block.TrimEnd('\n'))];
        Assert.Equal(["./tidegate start --config samples/broadcast.xml", "echo 'good news' > /dev/tcp/localhost/9200"], commands);

        // Whatever else this machine has at those ports.
        string file = _directory.Write("broadcast.xml", (await File.ReadAllTextAsync(Path.Combine(Repository.Root, "samples", "broadcast.xml")))
            .Replace(":8000/", ":0/", StringComparison.Ordinal).Replace(":9200<", ":0<", StringComparison.Ordinal));
        await using ChildProcess gateway = ChildProcess.Start("dotnet", [Repository.Program, "start", "--config", file], GatewayProcess.Variables);
        await gateway.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
        using var client = new ClientWebSocket();
        await client.ConnectAsync(GatewayProcess.Served(gateway.Output, "ws://localhost:0/news"), Patience.Token);
        int port = GatewayProcess.Served(gateway.Output, "tcp://localhost:0").Port;

        // A client is there when it has its answer; that the service knows of it may take a moment more, so the line is sent until it comes.
        var message = new byte[100];
        Task<WebSocketReceiveResult> received = client.ReceiveAsync(message, Patience.Token);
        while (!received.IsCompleted)
        {
            ChildProcess sent = await ChildProcess.RunAsync("bash", "-c", commands[1].Replace("9200", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
            Assert.True(sent.ExitCode == 0, sent.Transcript);
            await Task.WhenAny(received, Task.Delay(500));
        }

        WebSocketReceiveResult result = await received;
        Assert.Equal(WebSocketMessageType.Text, result.MessageType);
        Assert.Equal("good news"u8, message.AsSpan(0, result.Count));
        gateway.Signal("TERM");
        Assert.Equal(0, await gateway.WaitForExitAsync());
    }
}
