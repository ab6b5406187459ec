using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Commands;

public sealed class StopTests
{
    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public async Task Sessions_are_told_1001_and_the_exit_code_is_0(string signal)
    {
        using var backEnd = new TcpListener(IPAddress.Loopback, 0);
        backEnd.Start();
        await using var gateway = await StartAsync(
            Service("echo", "ws://127.0.0.1:0/echo", "<accept>tcp://127.0.0.1:0</accept>")
            + Service("proxy", "ws://127.0.0.1:0/proxy", $"<connect>tcp://{backEnd.LocalEndpoint}</connect>"));
        using ClientWebSocket echo = await ConnectAsync(gateway, "ws://127.0.0.1:0/echo");
        using ClientWebSocket proxied = await ConnectAsync(gateway, "ws://127.0.0.1:0/proxy");
        using TcpClient behind = await backEnd.AcceptTcpClientAsync(Patience.Token);
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(gateway.ServedAt("tcp://127.0.0.1:0"), Patience.Token);
        await tcp.GetStream().WriteAsync("x"u8.ToArray(), Patience.Token);
        await tcp.GetStream().ReadExactlyAsync(new byte[1], Patience.Token);

        gateway.Process.Signal(signal);

        foreach (ClientWebSocket client in (ClientWebSocket[])[echo, proxied])
        {
            WebSocketReceiveResult end = await client.ReceiveAsync(new byte[10], Patience.Token);
            Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, end.CloseStatus);
            Assert.Equal("the gateway is stopping", end.CloseStatusDescription);
            await client.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, Patience.Token);
        }

        Assert.Equal(0, await behind.GetStream().ReadAsync(new byte[1], Patience.Token));
        behind.Close();
        Assert.Equal(0, await tcp.GetStream().ReadAsync(new byte[1], Patience.Token));
        tcp.Close();
        Assert.Equal(0, await gateway.Process.WaitForExitAsync());
        Assert.Contains("Stopped server successfully", gateway.Process.Output[^1], StringComparison.Ordinal);
        Assert.DoesNotContain(gateway.Process.Output, line => !line.StartsWith("INFO", StringComparison.Ordinal));
        Assert.Empty(gateway.Process.Errors);
    }

    [Fact]
    public async Task Clients_that_are_silent_or_between_requests_or_deaf_do_not_keep_it_from_stopping()
    {
        await using var gateway = await StartAsync(
            Service("echo", "ws://127.0.0.1:0/echo")
            + Service("directory", "http://127.0.0.1:0/", "<properties><directory>/welcome</directory></properties>"));
        IPEndPoint port = gateway.ServedAt("http://127.0.0.1:0/");
        using var silent = new TcpClient();
        await silent.ConnectAsync(port, Patience.Token);
        using var http = new HttpClient();
        await http.GetStringAsync(gateway.Served("http://127.0.0.1:0/") + "welcome.css", Patience.Token);
        // Never answers the close frame.
        using ClientWebSocket deaf = await ConnectAsync(gateway, "ws://127.0.0.1:0/echo");

        Assert.Equal(0, await gateway.StopAsync());
    }

    [Fact]
    public async Task Nothing_is_accepted_any_more_once_it_stops()
    {
        await using var gateway = await StartAsync(Service("echo", "ws://127.0.0.1:0/echo"));
        IPEndPoint port = gateway.ServedAt("ws://127.0.0.1:0/echo");
        // Its close handshake is left open, and so is the stop.
        using ClientWebSocket open = await ConnectAsync(gateway, "ws://127.0.0.1:0/echo");
        gateway.Process.Signal("TERM");
        try
        {
            await open.ReceiveAsync(new byte[10], Patience.Token);
        }
        catch (WebSocketException)
        {
            // Where this side was too slow to see the close frame, it was cut off after it.
        }

        using var late = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(port, Patience.Token).AsTask());
    }

    [Fact]
    public async Task A_second_signal_ends_it_at_once()
    {
        await using var gateway = await StartAsync(Service("echo", "ws://127.0.0.1:0/echo"));
        using ClientWebSocket deaf = await ConnectAsync(gateway, "ws://127.0.0.1:0/echo");
        gateway.Process.Signal("TERM");
        await gateway.Process.WaitForLineAsync(line => line.Contains("Stopping server", StringComparison.Ordinal));

        // Much sooner it would be taken for the first one once more.
        await Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None);
        gateway.Process.Signal("TERM");

        Assert.Equal(143, await gateway.Process.WaitForExitAsync());
    }

    private static async Task<ClientWebSocket> ConnectAsync(GatewayProcess gateway, string accept)
    {
        var client = new ClientWebSocket();
        await client.ConnectAsync(gateway.Served(accept), Patience.Token);
        return client;
    }
}
