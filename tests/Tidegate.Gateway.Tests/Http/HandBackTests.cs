using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>A granted upgrade leaves the HTTP server and goes back to its event loop, with every byte.</summary>
public sealed class HandBackTests
{
    private static readonly byte[] s_hello = RawClient.Frame(1, "hello"u8);
    private static readonly byte[] s_helloBack = [0x81, 5, .. "hello"u8];

    [Fact]
    public async Task The_answer_to_the_handshake_has_the_accept_value_of_the_key()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port));

        string head = await client.ReadHeadAsync();

        Assert.StartsWith("HTTP/1.1 101 ", head, StringComparison.Ordinal);
        // The example of RFC 6455, section 1.3.
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Upgrade: websocket", head, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("Connection: Upgrade", head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Frames_that_are_glued_to_the_request_are_not_lost()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        byte[] request = Encoding.ASCII.GetBytes(RawClient.Handshake(gateway.Port));
        await client.SendAsync((byte[])[.. request, .. s_hello, .. s_hello, .. s_hello]);

        await client.ReadHeadAsync();

        Assert.Equal((byte[])[.. s_helloBack, .. s_helloBack, .. s_helloBack], await client.ReadAsync(3 * s_helloBack.Length));
    }

    [Fact]
    public async Task Bytes_may_arrive_in_every_gap()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        byte[] request = Encoding.ASCII.GetBytes(RawClient.Handshake(gateway.Port));
        byte[] all = [.. request, .. s_hello, .. s_hello];
        // Cut at every place around the end of the head and within the frames.
        int head = all.Length - (2 * s_hello.Length);
        for (int cut = head - 6; cut < all.Length; cut++)
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            await client.SendAsync(all.AsMemory(0, cut));
            await Task.Yield();
            await client.SendAsync(all.AsMemory(cut));
            await client.ReadHeadAsync();
            Assert.Equal("hello"u8.ToArray(), await client.ReadMessageAsync());
            Assert.Equal("hello"u8.ToArray(), await client.ReadMessageAsync());
        }
    }

    [Fact]
    public async Task Every_byte_may_arrive_alone()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        byte[] all = [.. Encoding.ASCII.GetBytes(RawClient.Handshake(gateway.Port)), .. s_hello];
        for (int i = 0; i < all.Length; i++)
        {
            await client.SendAsync(all.AsMemory(i, 1));
        }

        await client.ReadHeadAsync();
        Assert.Equal("hello"u8.ToArray(), await client.ReadMessageAsync());
    }

    [Fact]
    public async Task A_large_download_pipelined_before_an_upgrade_reaches_a_slow_reader_whole_and_first()
    {
        byte[] content = new byte[8 * 1024 * 1024];
        new Random(1).NextBytes(content);
        await using RunningGateway gateway = await RunningGateway.StartAsync(files: new() { ["large.bin"] = content });
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint, receiveBuffer: 4096);
        await client.SendAsync($"GET /large.bin HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\n\r\n" + RawClient.Handshake(gateway.Port));
        await client.SendAsync(s_hello);

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        byte[] received = await client.ReadAsync(content.Length);
        Assert.True(content.AsSpan().SequenceEqual(received), "The file arrived changed.");
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal(s_helloBack, await client.ReadAsync(s_helloBack.Length));
    }

    [Fact]
    public async Task A_client_that_ends_its_side_right_after_the_handshake_still_gets_its_echo()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        byte[] close = RawClient.Frame(8, [0x03, 0xE8]);
        await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(RawClient.Handshake(gateway.Port)), .. s_hello, .. close]);
        client.Socket.Shutdown(SocketShutdown.Send);

        await client.ReadHeadAsync();

        Assert.Equal((byte[])[.. s_helloBack, 0x88, 2, 0x03, 0xE8], await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Many_upgrades_at_once_each_keep_their_own_bytes()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 200).Select(async i =>
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            byte[] text = Encoding.ASCII.GetBytes($"client {i:D4}");
            await client.SendAsync((byte[])[.. Encoding.ASCII.GetBytes(RawClient.Handshake(gateway.Port)), .. RawClient.Frame(1, text)]);
            await client.ReadHeadAsync();
            Assert.Equal((byte[])[0x81, (byte)text.Length, .. text], await client.ReadAsync(text.Length + 2));
        }));
    }

    [Fact]
    public async Task Limits_hold_after_the_hand_back()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { MaximumMessageSize = 4 });
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port));
        await client.ReadHeadAsync();
        await client.SendAsync(s_hello);

        byte[] answer = await client.ReadToEndAsync();

        Assert.Equal(0x88, answer[0]);
        Assert.Equal(1009, (answer[2] << 8) | answer[3]);
    }

    [Fact]
    public async Task Stopping_the_gateway_tells_handed_back_sessions_1001()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port));
        await client.ReadHeadAsync();
        await client.SendAsync(s_hello);
        await client.ReadAsync(s_helloBack.Length);

        Task stopping = gateway.Server.StopAsync(CancellationToken.None);
        byte[] close = await client.ReadAsync(4);
        await client.SendAsync(RawClient.Frame(8, [0x03, 0xE9]));
        await client.ReadToEndAsync();
        client.Socket.Shutdown(SocketShutdown.Send);
        await stopping.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(0x88, close[0]);
        Assert.Equal(1001, (close[2] << 8) | close[3]);
        using var refused = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => refused.ConnectAsync(gateway.EndPoint));
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_clients_that_said_nothing()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient silent = await RawClient.ConnectAsync(gateway.EndPoint);
        using RawClient idle = await RawClient.ConnectAsync(gateway.EndPoint);
        await idle.SendAsync($"GET / HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\n\r\n");
        await idle.ReadHeadAsync();

        var watch = System.Diagnostics.Stopwatch.StartNew();
        await gateway.Server.StopAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));

        // The bound on stopping is 10 s, and nothing here should come near it.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
    }
}
