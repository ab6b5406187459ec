using System.Globalization;
using System.Net.WebSockets;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Load;

public sealed class DescriptorLimitTests
{
    private const int Room = 30;
    private const int Newcomers = 60;

    [Fact]
    public async Task When_descriptors_run_out_clients_go_on_and_newcomers_are_served_as_soon_as_there_is_room()
    {
        await using GatewayProcess gateway = await StartAsync(Service("echo", "ws://127.0.0.1:0/echo"));
        Uri echo = gateway.Served("ws://127.0.0.1:0/echo");
        using var settled = new ClientWebSocket();
        await settled.ConnectAsync(echo, Patience.Token);
        await EchoAsync(settled);

        string id = gateway.Process.Id.ToString(CultureInfo.InvariantCulture);
        int open = Directory.GetFileSystemEntries($"/proc/{id}/fd").Length;
        await using ChildProcess limit = await ChildProcess.RunAsync("prlimit", "--pid", id, $"--nofile={open + Room}");
        Assert.Equal(0, limit.ExitCode);

        ClientWebSocket[] clients = [.. Enumerable.Range(0, Newcomers).Select(_ => new ClientWebSocket())];
        try
        {
            Task[] connecting = [.. clients.Select(client => client.ConnectAsync(echo, Patience.Token))];
            await gateway.Process.WaitForLineAsync(line => line.StartsWith("ERROR No connection can be accepted at 127.0.0.1:", StringComparison.Ordinal));
            await EchoAsync(settled);
            Assert.Contains(connecting, task => !task.IsCompleted);

            // Each that leaves makes room for one that waits, until all have been served.
            for (int served = 0; served < Newcomers; served++)
            {
                Task next = await Task.WhenAny(connecting.Where(task => task != Task.CompletedTask));
                await next;
                int index = Array.IndexOf(connecting, next);
                connecting[index] = Task.CompletedTask;
                await EchoAsync(clients[index]);
                clients[index].Abort();
            }
        }
        finally
        {
            Array.ForEach(clients, client => client.Dispose());
        }

        await EchoAsync(settled);
    }

    private static async Task EchoAsync(ClientWebSocket client)
    {
        await client.SendAsync("tide"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token);
        var back = new byte[10];
        WebSocketReceiveResult result = await client.ReceiveAsync(back, Patience.Token);
        Assert.Equal("tide"u8.ToArray(), back[..result.Count]);
    }
}
