using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>How a proxy reaches its back-end, and what its clients see when it does not.</summary>
public sealed class ProxyServiceTests
{
    private static readonly byte[] s_hello = RawClient.Frame(2, "hello"u8);

    [Fact]
    public async Task Bytes_travel_both_ways_and_a_close_follows_the_back_ends_end()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using RawClient client = await OpenAsync(gateway);
        Socket server = await backEnd.AcceptAsync();
        await client.SendAsync(s_hello);
        Assert.Equal("hello"u8.ToArray(), await BackEndServer.ReadAsync(server, 5));

        await server.SendAsync("bye"u8.ToArray());
        server.Shutdown(SocketShutdown.Send);

        byte[] received = await client.ReadAsync(5 + 4);
        Assert.Equal([0x82, 3, (byte)'b', (byte)'y', (byte)'e', 0x88, 2, 0x03, 0xE8], received);
    }

    [Fact]
    public async Task What_the_back_end_is_owed_when_the_client_closes_still_arrives()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using RawClient client = await OpenAsync(gateway);
        Socket server = await backEnd.AcceptAsync();
        await client.SendAsync((byte[])[.. Enumerable.Repeat(s_hello, 5000).SelectMany(frame => frame), .. RawClient.Frame(8, [0x03, 0xE8])]);

        byte[] received = await BackEndServer.ReadToEndAsync(server);

        Assert.Equal(25_000, received.Length);
    }

    [Fact]
    public async Task A_back_end_that_refuses_becomes_a_close_1014_with_a_reason()
    {
        int port;
        using (var gone = new BackEndServer())
        {
            port = gone.Port;
        }

        using var log = new CollectedLog();
        await using RunningGateway gateway = await RunningGateway.StartAsync(port, loggers: log.Factory);
        using RawClient client = await OpenAsync(gateway);

        byte[] close = await client.ReadAsync(4);

        Assert.Equal(0x88, close[0]);
        Assert.Equal(1014, (close[2] << 8) | close[3]);
        byte[] reason = await client.ReadAsync(close[1] - 2);
        Assert.Contains("connection refused", System.Text.Encoding.UTF8.GetString(reason), StringComparison.Ordinal);
        Assert.Contains(log.Lines, line => line.StartsWith($"Connection to tcp://127.0.0.1:{port} failed", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Many_clients_whose_back_end_is_away_are_a_few_lines_in_the_log()
    {
        var time = new StandingTime();
        using var log = new CollectedLog();
        int port;
        using (var gone = new BackEndServer())
        {
            port = gone.Port;
        }

        await using RunningGateway gateway = await RunningGateway.StartAsync(port, loggers: log.Factory, time: time);
        for (int i = 0; i < 20; i++)
        {
            await RefusedAsync(gateway);
        }

        time.Advance(ConnectFailureLog.Period);
        await RefusedAsync(gateway);
        Assert.Equal(
            [
                $"Connection to tcp://127.0.0.1:{port} failed: connection refused (service relay)",
                $"Connection to tcp://127.0.0.1:{port} failed: connection refused (service relay; 19 more failed since the last such line)",
            ],
            log.At(LogLevel.Warning));

        using var backEnd = new BackEndServer(port);
        using RawClient client = await OpenAsync(gateway);
        await backEnd.AcceptAsync();
        await log.WaitForAsync($"Connection to tcp://127.0.0.1:{port} succeeded again (service relay; 0 more had failed)");
    }

    [Theory]
    [InlineData(ConnectStrategy.Immediate)]
    [InlineData(ConnectStrategy.Deferred)]
    [InlineData(ConnectStrategy.Prepared)]
    public async Task A_client_that_sends_and_closes_at_once_gets_the_answer(ConnectStrategy strategy)
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port, proxy: new() { ConnectStrategy = strategy });
        using RawClient client = await OpenAsync(gateway);
        await client.SendAsync((byte[])[.. s_hello, .. RawClient.Frame(8, [0x0F, 0xA1])]);

        // Prepared connections are several, one of which was taken.
        using Socket server = await AcceptWithDataAsync(backEnd);
        Assert.Equal("hello"u8.ToArray(), await BackEndServer.ReadToEndAsync(server));
        await server.SendAsync("answer"u8.ToArray());
        server.Shutdown(SocketShutdown.Send);

        Assert.Equal([0x82, 6, .. "answer"u8, 0x88, 2, 0x0F, 0xA1], await client.ReadToEndAsync());
    }

    [Fact]
    public async Task A_back_end_that_is_reset_in_the_middle_becomes_a_close_1014()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using RawClient client = await OpenAsync(gateway);
        Socket server = await backEnd.AcceptAsync();
        await client.SendAsync(s_hello);
        await BackEndServer.ReadAsync(server, 5);

        server.Close(0);

        byte[] close = await client.ReadAsync(4);
        Assert.Equal(0x88, close[0]);
        Assert.Equal(1014, (close[2] << 8) | close[3]);
    }

    [Fact]
    public async Task Nothing_is_connected_before_the_first_message_with_the_deferred_strategy()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port, proxy: new() { ConnectStrategy = ConnectStrategy.Deferred });
        using RawClient client = await OpenAsync(gateway);
        // A ping that is answered shows that the session is alive, and the back-end has still not been asked.
        await client.SendAsync(RawClient.Frame(9, "x"u8));
        Assert.Equal([0x8A, 1, (byte)'x'], await client.ReadAsync(3));
        Assert.False(backEnd.HasWaiting(TimeSpan.FromMilliseconds(50)));

        await client.SendAsync((byte[])[.. s_hello, .. s_hello]);

        Socket server = await backEnd.AcceptAsync();
        Assert.Equal("hellohello"u8.ToArray(), await BackEndServer.ReadAsync(server, 10));
    }

    [Fact]
    public async Task Prepared_connections_wait_for_clients_and_keep_the_back_ends_greeting()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            backEnd.Port, proxy: new() { ConnectStrategy = ConnectStrategy.Prepared, PreparedConnectionCount = 2 });
        var asked = Channel.CreateUnbounded<bool>();
        _ = GreetAsync(await backEnd.AcceptAsync(), isPrepared: true);
        _ = GreetAsync(await backEnd.AcceptAsync(), isPrepared: true);

        // The gateway may hear of its connections a moment later: who comes in that moment gets one of its own.
        for (bool wasPrepared = false; !wasPrepared;)
        {
            using RawClient client = await OpenAsync(gateway);
            // Either its own, or prepared in place of the one that it gets.
            _ = GreetAsync(await backEnd.AcceptAsync(), isPrepared: false);
            Assert.Equal([0x82, 8, .. "greeting"u8], await client.ReadAsync(10));
            await client.SendAsync(s_hello);
            wasPrepared = await asked.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));
        }

        async Task GreetAsync(Socket socket, bool isPrepared)
        {
            await socket.SendAsync("greeting"u8.ToArray());
            byte[] hello = new byte[5];
            if (await socket.ReceiveAsync(hello) > 0)
            {
                await asked.Writer.WriteAsync(isPrepared);
            }
        }
    }

    [Fact]
    public async Task A_prepared_connection_whose_back_end_greets_and_then_gives_up_waiting_is_given_to_nobody()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            backEnd.Port, proxy: new() { ConnectStrategy = ConnectStrategy.Prepared, PreparedConnectionCount = 2 });
        foreach (Socket idle in (Socket[])[await backEnd.AcceptAsync(), await backEnd.AcceptAsync()])
        {
            await idle.SendAsync("too late"u8.ToArray());
            idle.Shutdown(SocketShutdown.Send);
            // The gateway ends its side as well: it has noticed.
            Assert.Empty(await BackEndServer.ReadToEndAsync(idle));
        }

        using RawClient client = await OpenAsync(gateway);
        await client.SendAsync(s_hello);

        // A new one, whether it was made for the client or prepared again meanwhile.
        using Socket server = await AcceptWithDataAsync(backEnd);
        Assert.Equal("hello"u8.ToArray(), await BackEndServer.ReadAsync(server, 5));
        await server.SendAsync("welcome"u8.ToArray());
        Assert.Equal([0x82, 7, .. "welcome"u8], await client.ReadAsync(9));
    }

    [Fact]
    public async Task A_lost_back_end_closes_the_service_to_clients_until_it_is_back()
    {
        int port;
        using (var gone = new BackEndServer())
        {
            port = gone.Port;
        }

        using var log = new CollectedLog();
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            port, proxy: new() { MaximumRecoveryInterval = TimeSpan.FromSeconds(1) }, loggers: log.Factory);
        await log.WaitForAsync($"Quiescing service with connect uri 'tcp://127.0.0.1:{port}'.");
        Assert.StartsWith("HTTP/1.1 404 ", await AnswerAsync(gateway), StringComparison.Ordinal);

        using var backEnd = new BackEndServer(port);

        await log.WaitForAsync($"Starting service with connect uri 'tcp://127.0.0.1:{port}'.");
        Assert.StartsWith("HTTP/1.1 101 ", await AnswerAsync(gateway), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_opens_again_although_an_old_client_stays()
    {
        using var log = new CollectedLog();
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            backEnd.Port, proxy: new() { MaximumRecoveryInterval = TimeSpan.FromSeconds(1) }, loggers: log.Factory);
        using RawClient old = await RawClient.ConnectAsync(gateway.EndPoint);
        await old.SendAsync(RawClient.Handshake(gateway.Port, "/relay"));
        await old.ReadHeadAsync();

        backEnd.StopListening();
        await AnswerAsync(gateway);
        await log.WaitForAsync($"Quiescing service with connect uri 'tcp://127.0.0.1:{backEnd.Port}'.");
        using var again = new BackEndServer(backEnd.Port);

        await log.WaitForAsync($"Starting service with connect uri 'tcp://127.0.0.1:{backEnd.Port}'.");
        Assert.StartsWith("HTTP/1.1 101 ", await AnswerAsync(gateway), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_does_not_read_makes_the_back_end_wait()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port, proxy: new() { MaximumPendingBytes = 64_000 });
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint, receiveBuffer: 4096);
        await client.SendAsync(RawClient.Handshake(gateway.Port, "/relay"));
        await client.ReadHeadAsync();
        Socket server = await backEnd.AcceptAsync();
        server.Blocking = false;
        byte[] block = new byte[64 * 1024];
        new Random(2).NextBytes(block);

        // The kernel's buffers on the way hold a few MiB; without back-pressure this would go on for ever.
        long sent = 0;
        int refusals = 0;
        while (refusals < 100 && sent < 512L * 1024 * 1024)
        {
            int count = server.Send(block, 0, block.Length, SocketFlags.None, out SocketError error);
            sent += error == SocketError.Success ? count : 0;
            refusals = error == SocketError.WouldBlock ? refusals + 1 : 0;
            if (refusals > 0)
            {
                server.Poll(TimeSpan.FromMilliseconds(20), SelectMode.SelectWrite);
            }
        }

        Assert.Equal(100, refusals);
        Assert.InRange(sent, 1, 100L * 1024 * 1024);
    }

    private static async Task<RawClient> OpenAsync(RunningGateway gateway)
    {
        RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port, "/relay"));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        return client;
    }

    /// <summary>A client that is told that there is no back-end.</summary>
    private static async Task RefusedAsync(RunningGateway gateway)
    {
        using RawClient client = await OpenAsync(gateway);
        byte[] close = await client.ReadAsync(4);
        Assert.Equal((0x88, 1014), (close[0], (close[2] << 8) | close[3]));
    }

    /// <summary>The connection on which something arrives.</summary>
    private static async Task<Socket> AcceptWithDataAsync(BackEndServer backEnd)
    {
        var accepted = new List<Socket>();
        Task<Socket> next = backEnd.AcceptAsync();
        while (true)
        {
            if (accepted.Find(socket => socket.Available > 0) is { } found)
            {
                return found;
            }

            if (await Task.WhenAny(next, Task.Delay(TimeSpan.FromMilliseconds(10))) == next)
            {
                accepted.Add(await next);
                next = backEnd.AcceptAsync();
            }
        }
    }

    private static async Task<string> AnswerAsync(RunningGateway gateway)
    {
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port, "/relay"));
        return await client.ReadHeadAsync();
    }
}
