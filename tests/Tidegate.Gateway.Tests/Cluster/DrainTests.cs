using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using Tidegate.Gateway.Cluster;
using Tidegate.Membership;
using static Tidegate.Gateway.Tests.Cluster.ClusteredGateway;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>How a gateway leaves its cluster politely.</summary>
public sealed class DrainTests
{
    private static readonly byte[] s_restart = [0x88, 22, 0x03, 0xF4, .. "the gateway restarts"u8];
    private static readonly TimeSpan s_never = TimeSpan.FromHours(1);

    [Fact]
    public async Task Sessions_are_closed_with_1012_and_then_the_member_goes()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo());
        await using ClusteredGateway two = await StartAsync(Echo() + Second("tcp://127.0.0.1:0"), one, TimeSpan.Zero);
        await one.LeadsToAsync(Both(one, two));
        using RawClient client = await OpenAsync(two);
        using RawClient tcp = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, two.Server.Served.Single(served => served.Uri.Scheme.Name == "tcp").Port));
        await tcp.SendAsync("x");
        Assert.Equal("x"u8.ToArray(), await tcp.ReadAsync(1));

        Task draining = two.Server.DrainAsync(CancellationToken.None);

        Assert.Equal(s_restart, await client.ReadAsync(s_restart.Length));
        Assert.Empty(await tcp.ReadToEndAsync());
        await AnswerAsync(client);
        tcp.Dispose();
        await draining;
        await one.SaysAsync($"Information Cluster member {two.Id} is down");
        Assert.Contains("Information Draining: new clients go to other members, and 2 sessions are closed over 0 s", two.Log.All);
        Assert.Contains(two.Log.All, line => line.StartsWith("Information Drained: 2 sessions were closed in ", StringComparison.Ordinal));
        await RefusedAsync(two.At("ws", "/echo"));
    }

    [Fact]
    public async Task Nobody_is_closed_before_all_others_know_and_they_know_that_it_drains()
    {
        await using ClusteredGateway gateway = await StartAsync(Echo(), null, TimeSpan.Zero, withdrawal: s_never);
        using RawClient client = await OpenAsync(gateway);
        await using Member other = await Member.StartAsync(new MemberOptions
        {
            ClusterName = "c",
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Discovery = [$"tcp://{gateway.Server.ClusterEndPoint}"],
        });
        string name = gateway.Server.ClusterEndPoint!.ToString();
        await gateway.SaysAsync($"Information Cluster member /{other.EndPoint} is now online");
        int asked = 0;
        bool early = false;
        GatewayStatus? seen = null;
        other.QueryReceived += query =>
        {
            if (query.Name != ClusterMember.WithdrawnQuery)
            {
                return;
            }

            // Three times no, and then yes.
            early |= client.Socket.Available > 0;
            seen = other.View.Find(name)!.Record is { } record ? BalanceRecord.TryReadStatus(record.Span) : null;
            query.Answer(new[] { ++asked > 3 && seen is { IsDraining: true } ? ClusterMember.Known : (byte)0 });
        };

        Task draining = gateway.Server.DrainAsync(CancellationToken.None);
        Assert.Equal(s_restart, await ReadPatientlyAsync(client, s_restart.Length));
        await AnswerAsync(client);
        await draining;

        Assert.True(asked > 3);
        Assert.False(early);
        Assert.True(seen is { IsDraining: true });
    }

    [Fact]
    public async Task Who_does_not_answer_is_waited_for_no_longer_than_the_bound()
    {
        await using ClusteredGateway gateway = await StartAsync(Echo(), null, TimeSpan.Zero, withdrawal: TimeSpan.FromSeconds(1));
        await using Member mute = await Member.StartAsync(new MemberOptions
        {
            ClusterName = "c",
            Listen = new IPEndPoint(IPAddress.Loopback, 0),
            Discovery = [$"tcp://{gateway.Server.ClusterEndPoint}"],
        });
        await gateway.SaysAsync($"Information Cluster member /{mute.EndPoint} is now online");

        await gateway.Server.DrainAsync(CancellationToken.None);

        Assert.Contains(
            $"Warning Cluster member {gateway.Id} drains without knowing whether all others have heard it; some may still send clients here", gateway.Log.Warnings);
    }

    [Fact]
    public async Task A_member_without_others_and_without_sessions_ends_at_once()
    {
        await using ClusteredGateway gateway = await StartAsync(Echo(), null, s_never, withdrawal: s_never);

        await gateway.Server.DrainAsync(CancellationToken.None);

        Assert.Contains("Information Draining: new clients go to other members, and 0 sessions are closed over 3600 s", gateway.Log.All);
    }

    [Fact]
    public async Task A_newcomer_is_relayed_to_another_member_while_the_old_ones_stay_until_their_turn()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo());
        await using ClusteredGateway two = await StartAsync(Echo() + Second("ws://127.0.0.1:0/alone"), one, s_never);
        await two.LeadsToAsync(Both(one, two));
        using RawClient old = await OpenAsync(two);
        Task draining = two.Server.DrainAsync(CancellationToken.None);
        await one.LeadsToAsync(Target(one));

        using RawClient newcomer = await OpenAsync(two);
        await TalksAsync(newcomer);
        await CountsAsync(one, 1);

        // A service that balancers do not lead to has nowhere else to go.
        using RawClient alone = await OpenAsync(two, "/alone");
        await TalksAsync(alone);
        await TalksAsync(old);
        Assert.False(draining.IsCompleted);

        // Whoever wants it to end now has all of them closed.
        Task stopping = two.Server.StopAsync(CancellationToken.None);
        foreach (RawClient client in new[] { old, newcomer, alone })
        {
            Assert.Equal(s_restart, await client.ReadAsync(s_restart.Length));
            await AnswerAsync(client);
        }

        await Task.WhenAll(draining, stopping);
    }

    [Fact]
    public async Task A_newcomer_that_nobody_else_takes_is_served_until_the_end()
    {
        await using ClusteredGateway gateway = await StartAsync(Echo(), null, s_never);
        using RawClient old = await OpenAsync(gateway);
        Task draining = gateway.Server.DrainAsync(CancellationToken.None);
        await gateway.LeadsToAsync();

        using RawClient newcomer = await OpenAsync(gateway);
        await TalksAsync(newcomer);

        Task stopping = gateway.Server.StopAsync(CancellationToken.None);
        Assert.Equal(s_restart, await newcomer.ReadAsync(s_restart.Length));
        await AnswerAsync(newcomer);
        await AnswerAsync(old);
        await Task.WhenAll(draining, stopping);
    }

    [Fact]
    public async Task A_handshake_that_another_gateway_has_relayed_is_not_sent_on_again()
    {
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(Echo());
        await using ClusteredGateway two = await StartAsync(Echo(), one, s_never);
        await two.LeadsToAsync(Both(one, two));
        using RawClient old = await OpenAsync(two);
        Task draining = two.Server.DrainAsync(CancellationToken.None);
        await one.LeadsToAsync(Target(one));

        using RawClient relayed = await OpenAsync(two, more: "Tidegate-Hop: 1\r\n");
        await TalksAsync(relayed);

        // The number of sessions is told to the others by and by; this one has not moved even when a later one has.
        using RawClient newcomer = await OpenAsync(two);
        await CountsAsync(one, 1);
        _ = two.Server.StopAsync(CancellationToken.None);
        Assert.Equal(s_restart, await relayed.ReadAsync(s_restart.Length));
        await AnswerAsync(relayed);
        await AnswerAsync(old);
        await AnswerAsync(newcomer);
        await draining;
    }

    [Fact]
    public async Task An_http_request_is_redirected_to_another_member_and_its_connection_ends()
    {
        using var directory = new ScratchDirectory();
        File.WriteAllText(Path.Combine(directory.Path, "a b"), "content");
        string files(string more) =>
            $"<service><name>files</name><accept>http://127.0.0.1:0/app/</accept>{more}<type>directory</type><properties><directory>file://{directory.Path}</directory></properties></service>";
        string balanced = files("<balance>http://balancer.example/app</balance>");
        await using ClusteredGateway one = await ClusteredGateway.StartAsync(balanced);
        await using ClusteredGateway two = await StartAsync(balanced + Echo(""), one, s_never);
        IEnumerable<string> targets = new[] { one, two }.Select(gateway => $"http://127.0.0.1:{gateway.At("http", "/app/").Port}/app/").Order(StringComparer.Ordinal);
        await two.SaysAsync($"Information      balance URI: http://balancer.example:80/app    target list: [{string.Join(", ", targets)}]");
        using RawClient session = await OpenAsync(two);
        using RawClient idle = await GetAsync(two, "/app/a%20b?x=1");
        Assert.StartsWith("HTTP/1.1 200 ", await idle.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Equal("content"u8.ToArray(), await idle.ReadAsync(7));

        Task draining = two.Server.DrainAsync(CancellationToken.None);

        // Between two requests it is closed as soon as others know.
        Assert.Empty(await idle.ReadToEndAsync());
        using RawClient get = await GetAsync(two, "/app/a%20b?x=1");
        string head = await get.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 302 ", head, StringComparison.Ordinal);
        Assert.Contains($"Location: http://127.0.0.1:{one.At("http", "/app/").Port}/app/a%20b?x=1", head.Split("\r\n"));
        Assert.Contains("Connection: close", head.Split("\r\n"));
        Assert.Empty(await get.ReadToEndAsync());

        // What is no GET keeps its method.
        using RawClient post = await RawClient.ConnectAsync(two.At("http", "/app/"));
        await post.SendAsync($"POST /app/ HTTP/1.1\r\nHost: 127.0.0.1:{two.At("http", "/app/").Port}\r\nContent-Length: 0\r\n\r\n");
        head = await post.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 307 ", head, StringComparison.Ordinal);
        Assert.Contains($"Location: http://127.0.0.1:{one.At("http", "/app/").Port}/app/", head.Split("\r\n"));

        _ = two.Server.StopAsync(CancellationToken.None);
        await AnswerAsync(session);
        await draining;
    }

    [Fact]
    public async Task A_session_in_a_tunnel_is_one_session_and_the_tunnel_ends_with_it()
    {
        await using ClusteredGateway gateway = await StartAsync(
            "<service><name>echo</name><accept>tcp://inner.example:1</accept><type>echo</type>"
            + "<accept-options><tcp.transport>ws://localhost:0/tunnel</tcp.transport></accept-options></service>",
            null, s_never);
        IPEndPoint at = gateway.Server.Served[0].BoundTo.First(one => one.Address.Equals(IPAddress.Loopback));
        using RawClient client = await RawClient.ConnectAsync(at);
        await client.SendAsync(RawClient.Handshake(at.Port, "/tunnel").Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await TalksAsync(client);

        Task draining = gateway.Server.DrainAsync(CancellationToken.None);
        await gateway.SaysAsync("Information Draining: new clients go to other members, and 1 session is closed over 3600 s");
        await TalksAsync(client);

        Task stopping = gateway.Server.StopAsync(CancellationToken.None);
        Assert.Equal(0x88, (await client.ReadAsync(2))[0]);
        await AnswerAsync(client);
        await Task.WhenAll(draining, stopping);
        Assert.Contains(gateway.Log.All, line => line.StartsWith("Information Drained: 1 session was closed in ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whoever_is_disposed_of_while_it_drains_is_done_with_that()
    {
        ClusteredGateway gateway = await StartAsync(Echo(), null, s_never);
        using RawClient client = await OpenAsync(gateway);
        Task draining = gateway.Server.DrainAsync(CancellationToken.None);
        await gateway.SaysAsync("Information Draining: new clients go to other members, and 1 session is closed over 3600 s");

        await gateway.DisposeAsync();

        await draining.WaitAsync(TimeSpan.FromSeconds(60));
        await gateway.Server.Ended.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task All_members_may_drain_at_once_and_one_may_be_told_twice()
    {
        await using ClusteredGateway one = await StartAsync(Echo(), null, TimeSpan.Zero);
        await using ClusteredGateway two = await StartAsync(Echo(), one, TimeSpan.Zero);
        await one.LeadsToAsync(Both(one, two));
        await two.LeadsToAsync(Both(one, two));
        using RawClient ofOne = await OpenAsync(one);
        using RawClient ofTwo = await OpenAsync(two);

        Task[] draining = [.. new[] { one, two, one, two }.Select(gateway => gateway.Server.DrainAsync(CancellationToken.None))];
        foreach (RawClient client in new[] { ofOne, ofTwo })
        {
            Assert.Equal(s_restart, await client.ReadAsync(s_restart.Length));
            await AnswerAsync(client);
        }

        await Task.WhenAll(draining);
        Assert.Same(draining[0], draining[2]);
    }

    [Fact]
    public async Task Without_a_cluster_sessions_are_closed_at_once_with_1001()
    {
        await using ClusteredGateway gateway = await StartAloneAsync(Echo());
        using RawClient client = await OpenAsync(gateway);

        Task draining = gateway.Server.DrainAsync(CancellationToken.None);

        Assert.Equal((byte[])[0x88, 25, 0x03, 0xE9, .. "the gateway is stopping"u8], await client.ReadAsync(27));
        await AnswerAsync(client);
        await draining;
        Assert.DoesNotContain(gateway.Log.All, line => line.Contains("Drain", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_answer_under_way_is_finished_and_then_it_is_over()
    {
        using var directory = new ScratchDirectory();
        const int Length = 64 * 1024 * 1024;
        using (FileStream file = File.Create(Path.Combine(directory.Path, "large")))
        {
            file.SetLength(Length);
        }

        await using ClusteredGateway gateway = await StartAsync(
            $"<service><name>files</name><accept>http://127.0.0.1:0/app/</accept><type>directory</type><properties><directory>file://{directory.Path}</directory></properties></service>",
            null, s_never);
        using RawClient client = await GetAsync(gateway, "/app/large");
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync(), StringComparison.Ordinal);

        // Most of it does not fit between the two.
        Task draining = gateway.Server.DrainAsync(CancellationToken.None);
        await gateway.SaysAsync("Information Draining: new clients go to other members, and 0 sessions are closed over 3600 s");
        Assert.Equal(Length, (await client.ReadToEndAsync()).Length);
        client.Dispose();

        await draining;
        Assert.DoesNotContain(gateway.Log.Warnings, line => line.Contains("cut off", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Over_http2_requests_go_to_a_new_connection_while_the_websockets_of_the_old_one_go_on_until_their_1012()
    {
        using var directory = new ScratchDirectory();
        File.WriteAllText(Path.Combine(directory.Path, "file"), "content");
        await using ClusteredGateway gateway = await StartAsync(
            $"<service><name>files</name><accept>http://127.0.0.1:0/app/</accept><type>directory</type><properties><directory>file://{directory.Path}</directory></properties></service>" + Echo(""),
            null, s_never);
        int connections = 0;
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                Interlocked.Increment(ref connections);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var http = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        string origin = $"127.0.0.1:{gateway.At("http", "/app/").Port}";
        Assert.Equal("content", await http.GetStringAsync($"http://{origin}/app/file", patience.Token));
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        await socket.ConnectAsync(new Uri($"ws://{origin}/echo"), http, patience.Token);
        Assert.Equal(1, connections);

        Task draining = gateway.Server.DrainAsync(CancellationToken.None);
        while (Volatile.Read(ref connections) == 1)
        {
            Assert.Equal("content", await http.GetStringAsync($"http://{origin}/app/file", patience.Token));
        }

        byte[] buffer = new byte[64];
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, patience.Token);
        Assert.Equal(5, (await socket.ReceiveAsync(buffer, patience.Token)).Count);

        Task stopping = gateway.Server.StopAsync(CancellationToken.None);
        Assert.Equal(WebSocketMessageType.Close, (await socket.ReceiveAsync(buffer, patience.Token)).MessageType);
        Assert.Equal(1012, (int)socket.CloseStatus!);
        await socket.CloseOutputAsync((WebSocketCloseStatus)1012, null, patience.Token);
        await Task.WhenAll(draining, stopping);
    }

    private static string Second(string accept) => $"<service><name>second</name><accept>{accept}</accept><type>echo</type></service>";

    private static string Target(ClusteredGateway gateway) => $"ws://127.0.0.1:{gateway.At("ws", "/echo").Port}/echo";

    private static string[] Both(params ClusteredGateway[] gateways) => [.. gateways.Select(Target).Order(StringComparer.Ordinal)];

    private static async Task<RawClient> OpenAsync(ClusteredGateway gateway, string path = "/echo", string more = "")
    {
        IPEndPoint at = gateway.At("ws", path);
        RawClient client = await RawClient.ConnectAsync(at);
        await client.SendAsync(RawClient.Handshake(at.Port, path, more));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);

        // The answer is on its way a moment before there is a session; one that answers pings is there, and counted.
        await client.SendAsync(RawClient.Frame(9, "x"u8));
        Assert.Equal([0x8A, 1, (byte)'x'], await client.ReadAsync(3));
        return client;
    }

    private static async Task<RawClient> GetAsync(ClusteredGateway gateway, string path)
    {
        IPEndPoint at = gateway.At("http", "/app/");
        RawClient client = await RawClient.ConnectAsync(at);
        await client.SendAsync($"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{at.Port}\r\n\r\n");
        return client;
    }

    private static async Task TalksAsync(RawClient client)
    {
        await client.SendAsync(RawClient.Frame(1, "hello"u8));
        Assert.Equal("hello", Encoding.UTF8.GetString(await client.ReadMessageAsync()));
    }

    /// <summary>Answers a close, and goes.</summary>
    private static async Task AnswerAsync(RawClient client)
    {
        await client.SendAsync(RawClient.Frame(8, [0x03, 0xF4]));
        await client.ReadToEndAsync();
        client.Dispose();
    }

    private static async Task<byte[]> ReadPatientlyAsync(RawClient client, int count)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (client.Socket.Available < count)
        {
            await Task.Delay(20, patience.Token);
        }

        return await client.ReadAsync(count);
    }

    /// <summary>Waits until a gateway says that so many sessions are with its echo service.</summary>
    private static async Task CountsAsync(ClusteredGateway gateway, int sessions)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (gateway.Server.BalancedSessions != sessions)
        {
            await Task.Delay(20, patience.Token);
        }
    }

    private static async Task RefusedAsync(IPEndPoint at)
    {
        using var late = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(at));
    }

    private static Task<ClusteredGateway> StartAsync(string services, ClusteredGateway? seed, TimeSpan grace, TimeSpan? withdrawal = null) =>
        ClusteredGateway.StartAsync(services, seed, change: options => options with { Grace = grace, WithdrawalTimeout = withdrawal ?? TimeSpan.FromSeconds(60) });
}
