using System.Net;
using System.Net.Sockets;
using System.Text;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Clients;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Services;

public sealed class BroadcastServiceTests
{
    private const string FeedAccept = "<accept>tcp://127.0.0.1:0</accept>";

    [Fact]
    public async Task What_a_back_end_says_goes_to_all_clients_whatever_they_speak()
    {
        using var feed = new BackEndServer();
        await using Running gateway = await Running.StartAsync(
            "<accept>ws://127.0.0.1:0/b</accept><accept>tcp://127.0.0.1:0</accept>" + Connect(feed.Port), "<framing>line</framing>");
        using Socket source = await feed.AcceptAsync();
        using RawClient web = await gateway.WebSocketAsync();
        using RawClient stream = await gateway.StreamAsync();
        await gateway.UntilAsync(clients: 2);

        await source.SendAsync("one\r\nt\u00e4o\n"u8.ToArray());

        Assert.Equal([0x81, 3, .. "one"u8], await web.ReadAsync(5));
        Assert.Equal([0x81, 4, .. "t\u00e4o"u8], await web.ReadAsync(6));
        Assert.Equal("one\nt\u00e4o\n"u8.ToArray(), await stream.ReadAsync(9));
    }

    [Fact]
    public async Task A_feed_may_connect_by_itself_and_is_not_offered_to_clients()
    {
        await using Running gateway = await Running.StartAsync("<accept>ws://127.0.0.1:0/b</accept>", FeedAccept + "<framing>length</framing>");
        using RawClient web = await gateway.WebSocketAsync();
        await gateway.UntilAsync(clients: 1);
        using RawClient feed = await gateway.StreamAsync();

        await feed.SendAsync("\0\0\0\u0003abc\0\0\0\0\0\0");
        await feed.SendAsync("\0\u0001z");

        Assert.Equal([0x82, 3, .. "abc"u8], await web.ReadAsync(5));
        Assert.Equal([0x82, 0], await web.ReadAsync(2));
        Assert.Equal([0x82, 1, .. "z"u8], await web.ReadAsync(3));
        await gateway.Log.WaitForAsync($"A feed has connected from {feed.Socket.LocalEndPoint} (service b)");
        Assert.Equal(1, gateway.Server.BalancedSessions);
    }

    [Fact]
    public async Task Messages_of_a_web_socket_feed_stay_what_they_are_however_they_are_cut()
    {
        await using Running gateway = await Running.StartAsync("<accept>ws://127.0.0.1:0/b</accept>", "<accept>ws://127.0.0.1:0/feed</accept>");
        using RawClient web = await gateway.WebSocketAsync();
        await gateway.UntilAsync(clients: 1);
        using RawClient feed = await gateway.WebSocketAsync("/feed");

        // A text message in two frames, then a binary one.
        byte[] first = RawClient.Frame(1, "he"u8);
        first[0] = 0x01;
        await feed.SendAsync((byte[])[.. first, .. RawClient.Frame(0, "llo"u8), .. RawClient.Frame(2, [1, 2])]);

        Assert.Equal([0x81, 5, .. "hello"u8, 0x82, 2, 1, 2], await web.ReadAsync(11));
    }

    [Fact]
    public async Task Streams_of_events_and_emulated_web_sockets_get_messages_too()
    {
        await using Running gateway = await Running.StartAsync(
            "<accept>ws://127.0.0.1:0/b</accept><accept>sse://127.0.0.1:0/events</accept>", FeedAccept + "<framing>line</framing>");
        using RawClient events = await RawClient.ConnectAsync(gateway.At("/events"));
        await events.SendAsync($"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{gateway.At("/events").Port}\r\nAccept: text/event-stream\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 200 ", await events.ReadHeadAsync(), StringComparison.Ordinal);
        using EmulatedClient emulated = await EmulatedClient.CreateAtAsync($"http://127.0.0.1:{gateway.At("/b").Port}/b/;e/cbm");
        using ReceivingStream responses = await emulated.ReceiveAsync();
        await gateway.UntilAsync(clients: 2);
        using RawClient feed = await gateway.StreamAsync();

        await feed.SendAsync("news\n");

        var text = new StringBuilder();
        while (!text.ToString().Contains("data:news\n", StringComparison.Ordinal) && !text.ToString().Contains("data: news\n", StringComparison.Ordinal))
        {
            text.Append(Encoding.UTF8.GetString(await events.ReadAsync(1)));
        }

        await responses.ExpectAsync([.. EmulatedClient.Noop, 0x81, 4, .. "news"u8]);
    }

    [Fact]
    public async Task A_lost_feed_is_connected_to_again_and_clients_stay()
    {
        using var feed = new BackEndServer();
        await using Running gateway = await Running.StartAsync("<accept>tcp://127.0.0.1:0</accept>" + Connect(feed.Port), "<reconnect.delay>100</reconnect.delay>");
        using RawClient client = await gateway.StreamAsync();
        await gateway.UntilAsync(clients: 1);
        for (int i = 0; i < 3; i++)
        {
            using Socket source = await feed.AcceptAsync();
            await source.SendAsync("x"u8.ToArray());
            Assert.Equal("x"u8.ToArray(), await client.ReadAsync(1));
        }

        await gateway.Log.WaitForAsync($"The feed tcp://127.0.0.1:{feed.Port} is lost: it has closed (service b)");
    }

    [Fact]
    public async Task A_feed_that_can_not_be_reached_yet_is_there_when_it_is_there()
    {
        int port;
        using (var free = new BackEndServer())
        {
            port = free.Port;
        }

        await using Running gateway = await Running.StartAsync("<accept>tcp://127.0.0.1:0</accept>" + Connect(port), "<reconnect.delay>50</reconnect.delay>");
        using RawClient client = await gateway.StreamAsync();
        await gateway.UntilAsync(clients: 1);
        await gateway.Log.WaitForAsync(line => line.StartsWith($"Connection to tcp://127.0.0.1:{port} failed: ", StringComparison.Ordinal));

        using var feed = new BackEndServer(port);
        using Socket source = await feed.AcceptAsync();
        await source.SendAsync("at last"u8.ToArray());

        Assert.Equal("at last"u8.ToArray(), await client.ReadAsync(7));
    }

    [Fact]
    public async Task Clients_may_be_closed_with_a_lost_feed()
    {
        using var feed = new BackEndServer();
        await using Running gateway = await Running.StartAsync(
            "<accept>ws://127.0.0.1:0/b</accept>" + Connect(feed.Port), "<disconnect.clients.on.reconnect>true</disconnect.clients.on.reconnect>");
        using (Socket source = await feed.AcceptAsync())
        {
            using RawClient client = await gateway.WebSocketAsync();
            await gateway.UntilAsync(clients: 1);
            await source.SendAsync("last"u8.ToArray());
            source.Dispose();

            Assert.Equal([0x82, 4, .. "last"u8], await client.ReadAsync(6));
            byte[] close = await client.ReadAsync(4);
            Assert.Equal((0x88, 0x03, 0xE9), (close[0], close[2], close[3]));
        }
    }

    [Theory]
    [InlineData("noop")]
    [InlineData("broadcast")]
    public async Task What_a_client_says_goes_to_all_or_to_nobody(string what)
    {
        await using Running gateway = await Running.StartAsync(
            "<accept>ws://127.0.0.1:0/b</accept>", $"{FeedAccept}<on.client.message>{what}</on.client.message>");
        using RawClient one = await gateway.WebSocketAsync(), other = await gateway.WebSocketAsync(), feed = await gateway.StreamAsync();
        await gateway.UntilAsync(clients: 2);

        await one.SendAsync((byte[])[.. RawClient.Frame(1, "mine"u8), .. RawClient.Frame(9, "?"u8)]);
        byte[] first = await one.ReadAsync(3);

        // The answer to the ping comes when the message has been taken.
        if (what == "noop")
        {
            Assert.Equal([0x8A, 1, (byte)'?'], first);
            await feed.SendAsync("feed");
            Assert.Equal([0x82, 4, .. "feed"u8], await other.ReadAsync(6));
        }
        else
        {
            Assert.Equal([0x81, 4, .. "mine"u8], await other.ReadAsync(6));
        }
    }

    [Theory]
    [InlineData("line", "far too long a line without an end")]
    [InlineData("line", "far too long a line\n")]
    [InlineData("length", "\u00ff\u00ff\u00ff\u00ff")]
    public async Task A_feed_whose_messages_are_too_long_is_closed_and_the_log_says_so(string framing, string text)
    {
        await using Running gateway = await Running.StartAsync(
            "<accept>ws://127.0.0.1:0/b</accept>", $"{FeedAccept}<framing>{framing}</framing>", "<accept-options><ws.maximum.message.size>10</ws.maximum.message.size></accept-options>");
        using RawClient feed = await gateway.StreamAsync();

        await feed.SendAsync(text);

        Assert.Empty(await feed.ReadToEndAsync());
        await gateway.Log.WaitForAsync(
            $"The feed {feed.Socket.LocalEndPoint} was closed: a message is longer than 10 bytes, or is not framed as \"framing\" says (service b)");
    }

    [Theory]
    [InlineData("close")]
    [InlineData("drop-oldest")]
    public async Task A_client_that_does_not_read_holds_up_nobody(string policy)
    {
        const int Messages = 400, Size = 64 * 1024;
        await using Running gateway = await Running.StartAsync(
            "<accept>ws://127.0.0.1:0/b</accept>", $"{FeedAccept}<framing>length</framing><maximum.pending.bytes>1m</maximum.pending.bytes><slow.client>{policy}</slow.client>");
        using RawClient deaf = await gateway.WebSocketAsync(receiveBuffer: 4096), reader = await gateway.WebSocketAsync(), feed = await gateway.StreamAsync();
        await gateway.UntilAsync(clients: 2);

        byte[] message = [0, 1, 0, 0, .. new byte[Size]];
        for (int i = 0; i < Messages; i++)
        {
            await feed.SendAsync(message);
            Assert.Equal(Size + 10, (await reader.ReadAsync(Size + 10)).Length);
        }

        if (policy == "close")
        {
            await gateway.Log.WaitForAsync(line => line.StartsWith($"Closing client session {deaf.Socket.LocalEndPoint} because scheduled write bytes ", StringComparison.Ordinal)
                && line.EndsWith(" exceeds the configured limit of 1048576 (service b)", StringComparison.Ordinal));
        }
        else
        {
            await gateway.Log.WaitForAsync(line => line.EndsWith($" messages were dropped for clients that are too slow (service b; the last was {deaf.Socket.LocalEndPoint})", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_flood_of_a_feed_waits_for_the_gateway_and_not_in_it()
    {
        const int Size = 60_000, Messages = 800;
        await using Running gateway = await Running.StartAsync(
            "<accept>tcp://127.0.0.1:0</accept>", "<accept>pipe://feed</accept><framing>length</framing><maximum.pending.bytes>1000m</maximum.pending.bytes>",
            more: "<service><name>way in</name><accept>ws://127.0.0.1:0/in</accept><connect>pipe://feed</connect><type>proxy</type></service>");
        using RawClient client = await gateway.StreamAsync();
        await gateway.UntilAsync(clients: 1);
        using RawClient feed = await gateway.WebSocketAsync("/in");
        byte[] message = [0, 0, 0xEA, 0x60, .. new byte[Size]];

        Task sending = Task.Run(async () =>
        {
            for (int i = 0; i < Messages; i++)
            {
                await feed.SendAsync(RawClient.Frame(2, message));
            }
        });
        for (int i = 0; i < Messages; i++)
        {
            Assert.Equal(message, await client.ReadAsync(message.Length));
        }

        await sending;
    }

    [Fact]
    public void A_broadcast_needs_a_feed()
    {
        ConfigurationException exception = Assert.Throws<ConfigurationException>(
            () => Read("<service><name>b</name><accept>ws://h/</accept><type>broadcast</type></service>"));

        ConfigurationError error = Assert.Single(exception.Errors);
        Assert.Equal("Missing required element: <connect>", error.Problem);
    }

    [Fact]
    public void The_accept_of_feeds_is_checked_as_others_are()
    {
        ConfigurationException exception = Assert.Throws<ConfigurationException>(() => Read(
            "<service><name>b</name><accept>tcp://127.0.0.1:7</accept><type>broadcast</type>\n<properties><accept>tcp://127.0.0.1:7</accept></properties></service>"));

        Assert.Equal(3, Assert.Single(exception.Errors).Position.Line);
    }

    private static string Connect(int port) => $"<connect>tcp://127.0.0.1:{port}</connect>";

    /// <summary>A gateway with a broadcast service of the name b.</summary>
    private sealed class Running(GatewayServer server, CollectedLog log) : IAsyncDisposable
    {
        internal GatewayServer Server => server;

        internal CollectedLog Log => log;

        internal static async Task<Running> StartAsync(string addresses, string properties, string options = "", string more = "")
        {
            var log = new CollectedLog();
            GatewayServer server = await GatewayServer.StartAsync(
                Read($"<service><name>b</name>{addresses}<type>broadcast</type><properties>{properties}</properties>{options}</service>{more}"),
                new GatewayServerOptions { WebDirectory = Path.GetTempPath(), Loops = 2 }, log.Factory, CancellationToken.None);
            return new Running(server, log);
        }

        internal IPEndPoint At(string path) => new(IPAddress.Loopback, server.Served.First(served => served.Uri.Path == path).Port);

        /// <summary>To the last of the tcp accepts: that of feeds, where there is one.</summary>
        internal Task<RawClient> StreamAsync() => RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, server.Served.Last(served => served.Uri.Scheme.Name == "tcp").Port));

        internal async Task<RawClient> WebSocketAsync(string path = "/b", int? receiveBuffer = null)
        {
            RawClient client = await RawClient.ConnectAsync(At(path), receiveBuffer);
            await client.SendAsync(RawClient.Handshake(At(path).Port, path));
            Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
            return client;
        }

        internal async Task UntilAsync(int clients)
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (server.BalancedSessions < clients)
            {
                await Task.Delay(5, timeout.Token);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await server.DisposeAsync();
            log.Dispose();
        }
    }
}
