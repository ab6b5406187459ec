using System.Diagnostics;
using System.Globalization;
using System.Net.WebSockets;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Load;

public sealed class SilentClientTests
{
    private const int Clients = 15_000;

    [Fact]
    public async Task Fifteen_thousand_clients_that_say_nothing_do_not_keep_a_new_one_from_being_served()
    {
        // They may stay for as long as the test takes.
        await using GatewayProcess gateway = await StartAsync(
            Service("echo", "ws://127.0.0.1:0/echo", "<accept-options><http.keepalive.timeout>10m</http.keepalive.timeout></accept-options>"));
        Uri echo = gateway.Served("ws://127.0.0.1:0/echo");
        long before = gateway.ResidentBytes;

        // A third of them are WebSockets; the others have not even sent a request.
        await using var load = ChildProcess.Start(
            "/usr/bin/python3",
            [Path.Combine(Repository.Tests, "python", "silent.py"), echo.Port.ToString(CultureInfo.InvariantCulture), $"{Clients}", $"{Clients / 3}"]);
        await load.WaitForLineAsync(line => line == $"holding {Clients}", Patience.Long);
        long began = Stopwatch.GetTimestamp();
        using var client = new ClientWebSocket();
        await client.ConnectAsync(echo, Patience.Token);
        await client.SendAsync("tide"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token);
        var back = new byte[10];
        WebSocketReceiveResult result = await client.ReceiveAsync(back, Patience.Token);

        Assert.Equal("tide", System.Text.Encoding.UTF8.GetString(back, 0, result.Count));
        // Usually some milliseconds; one that had to wait for any of the silent ones to be given up would take far longer.
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        // The silent ones are all still there, and cost little.
        load.WriteLine("?");
        Assert.Equal("ended 0", await load.WaitForLineAsync(line => line.StartsWith("ended", StringComparison.Ordinal)));
        long each = (gateway.ResidentBytes - before) / Clients;
        Assert.True(each < 16 * 1024, $"Each silent client costs {each} bytes.");
    }
}
