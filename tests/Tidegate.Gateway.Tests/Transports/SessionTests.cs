using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Transports;

/// <summary>What a service does for its clients, over each of the transports that they may come by.</summary>
public sealed class SessionTests : IDisposable
{
    private readonly BackEndServer _backEnd = new();

    public static TheoryData<string> BothWays => [.. TransportClient.BothWays];

    public static TheoryData<string> All => [.. TransportClient.All];

    [Theory]
    [MemberData(nameof(BothWays))]
    public async Task What_is_echoed_is_what_was_sent(string transport)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await using TransportClient client = await TransportClient.OpenAsync(gateway, transport, "/echo");
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        await client.SendAsync(WebSocketMessageType.Binary, bytes);
        Assert.Equal((WebSocketMessageType.Binary, Convert.ToHexString(bytes)), Shown(await client.ReceiveAsync()));
        byte[] text = "Grüße, 潮 🌊\r\n\0\u007f"u8.ToArray();
        await client.SendAsync(WebSocketMessageType.Text, text);
        Assert.Equal((client.TellsText ? WebSocketMessageType.Text : WebSocketMessageType.Binary, Convert.ToHexString(text)), Shown(await client.ReceiveAsync()));
        await client.SendAsync(WebSocketMessageType.Binary, (byte[])[]);
        Assert.Equal((WebSocketMessageType.Binary, ""), Shown(await client.ReceiveAsync()));
    }

    [Theory]
    [MemberData(nameof(BothWays))]
    public async Task A_large_message_comes_back_whole(string transport)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await using TransportClient client = await TransportClient.OpenAsync(gateway, transport, "/echo");
        byte[] message = new byte[128 * 1024];
        new Random(1).NextBytes(message);
        Task sending = client.SendAsync(WebSocketMessageType.Binary, message);
        // Natively it may come back in parts, and so in several frames of one message.
        byte[] received = (await client.ReceiveAsync())!.Value.Data;
        await sending;
        Assert.Equal(Convert.ToHexString(message), Convert.ToHexString(received));
    }

    [Theory]
    [MemberData(nameof(BothWays))]
    public async Task Many_small_messages_come_back_in_their_order(string transport)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        await using TransportClient client = await TransportClient.OpenAsync(gateway, transport, "/echo");
        byte[][] messages = [.. Enumerable.Range(0, 2_000).Select(number => Encoding.ASCII.GetBytes($"message {number}"))];
        Task sending = client.SendAsync(WebSocketMessageType.Text, messages);
        foreach (byte[] message in messages)
        {
            Assert.Equal(Encoding.ASCII.GetString(message), Encoding.ASCII.GetString((await client.ReceiveAsync())!.Value.Data));
        }

        await sending;
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_proxy_relays_a_stream_both_ways(string transport)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        await using TransportClient client = await TransportClient.OpenAsync(gateway, transport, "/relay");
        if (client.Sends)
        {
            await client.SendAsync(WebSocketMessageType.Binary, "one "u8.ToArray(), "two"u8.ToArray());
        }

        Socket server = await _backEnd.AcceptAsync();
        if (client.Sends)
        {
            Assert.Equal("one two", Encoding.ASCII.GetString(await BackEndServer.ReadAsync(server, 7)));
        }

        byte[] stream = new byte[1024 * 1024];
        new Random(2).NextBytes(stream);
        if (!client.KeepsBytes)
        {
            // Text, in lines, with characters of several bytes.
            stream = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 50_000).Select(line => $"line {line} ä€🌊\n")));
        }

        Task<byte[]> receiving = client.ReceiveBytesAsync(stream.Length);
        for (int sent = 0; sent < stream.Length;)
        {
            sent += await server.SendAsync(stream.AsMemory(sent));
        }

        Assert.Equal(Convert.ToHexString(stream), Convert.ToHexString(await receiving));
    }

    [Theory]
    [MemberData(nameof(BothWays))]
    public async Task A_client_that_closes_ends_the_connection_to_the_back_end_behind_what_it_has_sent(string transport)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        await using TransportClient client = await TransportClient.OpenAsync(gateway, transport, "/relay");
        await client.SendAsync(WebSocketMessageType.Binary, "last words"u8.ToArray());
        Socket server = await _backEnd.AcceptAsync();
        Task closing = client.CloseAsync(4001);
        Assert.Equal("last words", Encoding.ASCII.GetString(await BackEndServer.ReadToEndAsync(server)));
        server.Shutdown(SocketShutdown.Send);
        await closing;
        Assert.Equal(client.HearsStatus ? 4001 : null, client.EndStatus);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_back_end_that_ends_ends_the_session_behind_what_it_has_said(string transport)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        await using TransportClient client = await TransportClient.OpenAsync(gateway, transport, "/relay");
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("last words"u8.ToArray());
        server.Shutdown(SocketShutdown.Send);
        Assert.Equal("last words", Encoding.ASCII.GetString(await client.ReceiveBytesAsync(10)));
        Assert.Null(await client.ReceiveAsync());
        Assert.Equal(client.HearsStatus ? (int?)WebSocketCloseStatus.NormalClosure : null, client.EndStatus);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_back_end_that_dies_ends_the_session(string transport)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        await using TransportClient client = await TransportClient.OpenAsync(gateway, transport, "/relay");
        Socket server = await _backEnd.AcceptAsync();
        await server.SendAsync("alive"u8.ToArray());
        Assert.Equal("alive", Encoding.ASCII.GetString(await client.ReceiveBytesAsync(5)));
        server.Close(0);
        Assert.Null(await client.ReceiveAsync());
        // Bad gateway.
        Assert.Equal(client.HearsStatus ? 1014 : null, client.EndStatus);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task A_client_that_does_not_read_holds_the_back_end_back_and_loses_nothing(string transport)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(_backEnd.Port);
        await using TransportClient client = await TransportClient.OpenAsync(gateway, transport, "/relay");
        Socket server = await _backEnd.AcceptAsync();
        server.SendBufferSize = 64 * 1024;
        server.Blocking = false;
        byte[] piece = Encoding.ASCII.GetBytes(new string('~', 16 * 1024));
        int sent = 0;

        // As much as there are buffers on the way, and no more than that, however long it is tried.
        while (server.Poll(TimeSpan.FromSeconds(1), SelectMode.SelectWrite))
        {
            sent += server.Send(piece);
            Assert.InRange(sent, 0, 64 * 1024 * 1024);
        }

        byte[] received = await client.ReceiveBytesAsync(sent);
        Assert.Equal(sent, received.Length);
        Assert.All(received.Distinct(), one => Assert.Equal((byte)'~', one));
    }

    [Theory]
    [MemberData(nameof(BothWays))]
    public async Task A_client_that_falls_silent_is_given_up_after_the_inactivity_timeout(string transport)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(
            _backEnd.Port, accept: new AcceptOptions { InactivityTimeout = TimeSpan.FromSeconds(1), KeepaliveTimeout = TimeSpan.FromSeconds(30) });

        // Who does not read does not answer pings.
        await using TransportClient client = await TransportClient.OpenAsync(gateway, transport, "/relay");
        Socket server = await _backEnd.AcceptAsync();
        Assert.Empty(await BackEndServer.ReadToEndAsync(server));
    }

    public void Dispose() => _backEnd.Dispose();

    private static (WebSocketMessageType Kind, string Data)? Shown((WebSocketMessageType Kind, byte[] Data)? message) =>
        message is { } one ? (one.Kind, Convert.ToHexString(one.Data)) : null;
}
