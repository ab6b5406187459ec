using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Proxies;

/// <summary>All pairings of a proxy, with a second gateway behind it.</summary>
public sealed class ProxyTests
{
    private const string BehindWs = "ws://127.0.0.1:0/echo";
    private const string BehindTcp = "tcp://127.0.0.1:0";
    private const string Size = "<ws.maximum.message.size>4M</ws.maximum.message.size>";

    [Theory]
    [InlineData("ws://127.0.0.1:0/proxy", BehindWs)]
    [InlineData("ws://127.0.0.1:0/proxy", BehindTcp)]
    [InlineData("tcp://127.0.0.1:0", BehindWs)]
    [InlineData("tcp://127.0.0.1:0", BehindTcp)]
    public async Task Four_megabytes_go_through_and_come_back(string accept, string behind)
    {
        await using GatewayProcess second = await StartAsync(Service("echo", behind, $"<accept-options>{Size}</accept-options>"));
        await using GatewayProcess first = await StartAsync(Proxy(accept, second.Served(behind)));

        await EchoesAsync(first.Served(accept));

        Assert.Equal(0, await first.StopAsync());
        Assert.DoesNotContain(first.Process.Output, line => !line.StartsWith("INFO", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ws://127.0.0.1:0/proxy", BehindWs)]
    [InlineData("tcp://127.0.0.1:0", BehindTcp)]
    public async Task Several_connects_are_tried_in_order(string accept, string behind)
    {
        using var dead = new DeadPort();
        using var alsoDead = new DeadPort();
        await using GatewayProcess second = await StartAsync(Service("echo", behind, $"<accept-options>{Size}</accept-options>"));
        await using GatewayProcess first = await StartAsync(
            Proxy(accept, WithPort(second.Served(behind), dead.Number), WithPort(second.Served(behind), alsoDead.Number), second.Served(behind)));

        await EchoesAsync(first.Served(accept));

        // All is in the log once the gateway has ended.
        Assert.Equal(0, await first.StopAsync());
        Assert.Collection(
            first.Process.Output.Where(line => line.StartsWith("WARN", StringComparison.Ordinal)),
            line => Assert.Contains($":{dead.Number}", line, StringComparison.Ordinal),
            line => Assert.Contains($":{alsoDead.Number}", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_chain_of_gateways_ends_when_its_end_is_killed()
    {
        await using GatewayProcess end = await StartAsync(Service("echo", BehindWs));
        await using GatewayProcess middle = await StartAsync(Proxy(BehindTcp, end.Served(BehindWs)));
        await using GatewayProcess front = await StartAsync(Proxy("ws://127.0.0.1:0/proxy", middle.Served(BehindTcp)));
        using var client = new ClientWebSocket();
        await client.ConnectAsync(front.Served("ws://127.0.0.1:0/proxy"), Patience.Token);
        await client.SendAsync("tide"u8.ToArray(), WebSocketMessageType.Binary, endOfMessage: true, Patience.Token);
        await client.ReceiveAsync(new byte[10], Patience.Token);

        end.Process.Signal("KILL");

        WebSocketReceiveResult result = await client.ReceiveAsync(new byte[10], Patience.Token);
        Assert.Equal(WebSocketMessageType.Close, result.MessageType);
        Assert.Contains((int)result.CloseStatus!, (int[])[1000, 1011, 1014]);
    }

    [Fact]
    public async Task A_tcp_client_hears_a_reset_where_no_back_end_can_be_reached()
    {
        using var dead = new DeadPort();
        await using GatewayProcess gateway = await StartAsync(Proxy("tcp://127.0.0.1:0", new Uri($"tcp://127.0.0.1:{dead.Number}")));
        using var client = new TcpClient();

        // An end of the stream would look like an answer of no bytes. The reset may come as early as the connect.
        Exception exception = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await client.ConnectAsync(gateway.ServedAt("tcp://127.0.0.1:0"), Patience.Token);
            await client.GetStream().ReadExactlyAsync(new byte[1], Patience.Token);
        });
        Assert.Equal(SocketError.ConnectionReset, Assert.IsType<SocketException>(exception.InnerException ?? exception).SocketErrorCode);
    }

    [Fact]
    public async Task A_tcp_accept_is_closed_while_its_back_end_is_away_from_the_start_on()
    {
        using var dead = new DeadPort();
        await using GatewayProcess gateway = await StartAsync(Service(
            "proxy",
            "tcp://127.0.0.1:0",
            $"<connect>tcp://127.0.0.1:{dead.Number}</connect><properties><maximum.recovery.interval>1</maximum.recovery.interval></properties>"));
        await gateway.Process.WaitForLineAsync(line => line.Contains("Quiescing service", StringComparison.Ordinal));
        IPEndPoint port = gateway.ServedAt("tcp://127.0.0.1:0");

        await UntilConnectAsync(port, SocketError.ConnectionRefused);
        dead.Listen();
        await UntilConnectAsync(port, SocketError.Success);
    }

    [Fact]
    public async Task What_a_tcp_back_end_sent_before_it_ended_still_arrives()
    {
        using var backEnd = new TcpListener(IPAddress.Loopback, 0);
        backEnd.Start();
        await using GatewayProcess gateway = await StartAsync(Proxy("tcp://127.0.0.1:0", new Uri($"tcp://{backEnd.LocalEndpoint}")));
        using var client = new TcpClient();
        await client.ConnectAsync(gateway.ServedAt("tcp://127.0.0.1:0"), Patience.Token);
        using TcpClient behind = await backEnd.AcceptTcpClientAsync(Patience.Token);
        byte[] request = "question"u8.ToArray();
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(request, Patience.Token);
        // Half-closed, as many protocols do to say that the request is complete.
        client.Client.Shutdown(SocketShutdown.Send);
        using var got = new MemoryStream();
        await behind.GetStream().CopyToAsync(got, Patience.Token);
        Assert.Equal(request, got.ToArray());

        var answer = new byte[3_000_000];
        new Random(1).NextBytes(answer);
        Task answering = behind.GetStream().WriteAsync(answer, Patience.Token).AsTask().ContinueWith(_ => behind.Close(), TaskScheduler.Default);
        using var back = new MemoryStream();
        await stream.CopyToAsync(back, Patience.Token);
        await answering;

        Assert.True(back.ToArray().AsSpan().SequenceEqual(answer), $"{back.Length} bytes came instead of {answer.Length}.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Messages_of_all_sizes_stay_in_order_where_the_back_end_is_slow(bool compressed)
    {
        using var backEnd = new TcpListener(IPAddress.Loopback, 0);
        // So little room that the gateway has to wait again and again, with every possible rest in its hands.
        backEnd.Server.ReceiveBufferSize = 4096;
        backEnd.Start();
        await using GatewayProcess gateway = await StartAsync(Service(
            "proxy", "ws://127.0.0.1:0/proxy", $"<connect>tcp://{backEnd.LocalEndpoint}</connect><accept-options><ws.compression>enabled</ws.compression></accept-options>"));
        using var client = new ClientWebSocket();
        client.Options.DangerousDeflateOptions = compressed ? new WebSocketDeflateOptions() : null;
        await client.ConnectAsync(gateway.Served("ws://127.0.0.1:0/proxy"), Patience.Token);
        using TcpClient behind = await backEnd.AcceptTcpClientAsync(Patience.Token);
        var sent = new byte[16 * 1024 * 1024];
        var random = new Random(16);
        random.NextBytes(sent);
        using var deadline = new CancellationTokenSource(Patience.Long);

        Task sending = Task.Run(async () =>
        {
            for (int start = 0, end; start < sent.Length; start = end)
            {
                end = Math.Min(sent.Length, start + random.Next(1, random.Next(2) == 0 ? 200 : 100_000));
                await client.SendAsync(sent.AsMemory(start..end), WebSocketMessageType.Binary, endOfMessage: true, deadline.Token);
            }
        });
        var got = new byte[sent.Length];
        await behind.GetStream().ReadExactlyAsync(got, deadline.Token);
        await sending;

        int same = got.AsSpan().CommonPrefixLength(sent);
        Assert.True(same == sent.Length, $"Other bytes came from byte {same} on.");
    }

    private static string Proxy(string accept, params Uri[] connects) => Service(
        "proxy", accept,
        string.Concat(connects.Select(connect => $"<connect>{connect.ToString().TrimEnd(connect.Scheme == "tcp" ? '/' : ' ')}</connect>"))
        + $"<accept-options>{Size}</accept-options><connect-options>{Size}</connect-options>");

    private static Uri WithPort(Uri uri, int port) => new UriBuilder(uri) { Port = port }.Uri;

    /// <summary>Sends four megabytes and expects the same bytes back, whatever messages they come in.</summary>
    private static async Task EchoesAsync(Uri address)
    {
        var sent = new byte[4 * 1024 * 1024];
        new Random(4).NextBytes(sent);
        var back = new byte[sent.Length];
        CancellationToken deadline = Patience.Token;
        if (address.Scheme == "tcp")
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Parse(address.Host), address.Port, deadline);
            Task sending = client.GetStream().WriteAsync(sent, deadline).AsTask();
            await client.GetStream().ReadExactlyAsync(back, deadline);
            await sending;
        }
        else
        {
            using var client = new ClientWebSocket();
            await client.ConnectAsync(address, deadline);
            Task sending = client.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, deadline);
            for (int filled = 0; filled < back.Length;)
            {
                WebSocketReceiveResult result = await client.ReceiveAsync(new ArraySegment<byte>(back)[filled..], deadline);
                Assert.Equal(WebSocketMessageType.Binary, result.MessageType);
                filled += result.Count;
            }

            await sending;
            await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, deadline);
        }

        Assert.True(back.AsSpan().SequenceEqual(sent), "Other bytes came back.");
    }

    private static async Task UntilConnectAsync(IPEndPoint port, SocketError wanted)
    {
        CancellationToken patience = Patience.Token;
        SocketError met;
        do
        {
            Assert.False(patience.IsCancellationRequested);
            using var client = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await client.ConnectAsync(port, patience);
                met = SocketError.Success;
            }
            catch (SocketException exception)
            {
                met = exception.SocketErrorCode;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), CancellationToken.None);
        }
        while (met != wanted);
    }
}
