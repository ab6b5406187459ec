using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>WebSockets through an <c>http.proxy</c>: the handshake is the back-end's affair, and what follows goes through untouched.</summary>
public sealed class HttpProxyWebSocketTests
{
    private const string Accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    private static CancellationToken Patience => new CancellationTokenSource(TimeSpan.FromSeconds(30)).Token;

    [Theory]
    [InlineData("1.1", 10)]
    [InlineData("1.1", 3_000_000)]
    [InlineData("2.0", 10)]
    [InlineData("2.0", 3_000_000)]
    public async Task A_message_comes_back_and_the_close_is_answered(string version, int size)
    {
        await using ServedText behind = await ServedText.StartAsync(
            "<service><name>e</name><accept>ws://127.0.0.1:0/base/echo</accept><type>echo</type><accept-options><ws.maximum.message.size>4M</ws.maximum.message.size><ws.subprotocols>chat</ws.subprotocols></accept-options></service>");
        await using ServedText gateway = await HttpProxyTests.StartAsync("/app/", $"http://{behind.Authority}/base/");
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = new Version(version);
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.AddSubProtocol("chat");
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler { UseProxy = false });
        await socket.ConnectAsync(new Uri($"ws://{gateway.Authority}/app/echo?x=y"), invoker, Patience);
        byte[] sent = RandomNumberGenerator.GetBytes(size);

        Task sending = socket.SendAsync(sent, WebSocketMessageType.Binary, endOfMessage: true, Patience);
        byte[] back = new byte[size];
        int length = 0;
        ValueWebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(back.AsMemory(length), Patience);
            length += result.Count;
        }
        while (!result.EndOfMessage);

        await sending;
        Assert.Equal("chat", socket.SubProtocol);
        Assert.Equal(sent, back);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", Patience);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
        Assert.Empty(gateway.Log.At(LogLevel.Warning));
    }

    [Fact]
    public async Task What_both_sides_say_at_once_behind_their_heads_arrives_byte_by_byte()
    {
        using var server = new BackEndServer();
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://127.0.0.1:{server.Port}/");
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port, "/", "X-Own: 1\r\n") + "no frame at all");

        Socket socket = await server.AcceptAsync();
        string head = Encoding.Latin1.GetString(await ReadHeadAsync(socket));
        await ScriptedServer.SendAsync(socket, $"HTTP/1.1 101 Fine\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\nSec-WebSocket-Accept: {Accept}\r\nSet-Cookie: a=b\r\nX-Own: 2\r\n\r\n{new string('e', 30_000)}");

        string answer = await client.ReadHeadAsync();
        Assert.StartsWith("HTTP/1.1 101 ", answer, StringComparison.Ordinal);
        Assert.Contains($"\r\nSec-WebSocket-Accept: {Accept}", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nSet-Cookie: a=b", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Own: 2", answer, StringComparison.Ordinal);
        Assert.Contains("\r\nConnection: Upgrade", answer, StringComparison.Ordinal);
        Assert.Equal(new string('e', 30_000), Encoding.Latin1.GetString(await client.ReadAsync(30_000)));
        Assert.Contains("\r\nX-Own: 1\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", head, StringComparison.Ordinal);
        Assert.Contains("\r\nUpgrade: websocket\r\n", head, StringComparison.Ordinal);
        Assert.Equal("no frame at all", Encoding.Latin1.GetString(await BackEndServer.ReadAsync(socket, 15)));

        // Both go on, and each end is passed on when all before it has gone.
        await client.SendAsync("more");
        Assert.Equal("more", Encoding.Latin1.GetString(await BackEndServer.ReadAsync(socket, 4)));
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.Empty(await BackEndServer.ReadToEndAsync(socket));
        await ScriptedServer.SendAsync(socket, "last words");
        socket.Shutdown(SocketShutdown.Send);
        Assert.Equal("last words", Encoding.Latin1.GetString(await client.ReadToEndAsync()));
    }

    [Theory]
    [InlineData("HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic\r\nContent-Length: 3\r\n\r\nwho", 401)]
    [InlineData("HTTP/1.1 426 No\r\nSec-WebSocket-Version: 13\r\nContent-Length: 3\r\n\r\nwho", 426)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nwho", 200)]
    public async Task What_is_not_granted_is_answered_as_the_back_end_says_and_the_connection_goes_on(string answer, int status)
    {
        await using var server = new ScriptedServer(answer);
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);

        for (int i = 0; i < 2; i++)
        {
            await client.SendAsync(RawClient.Handshake(gateway.Port, "/"));
            Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
            Assert.Equal("who", Encoding.Latin1.GetString(await client.ReadAsync(3)));
        }
    }

    [Theory]
    [InlineData("Upgrade: websocket\r\nConnection: Upgrade")]
    [InlineData("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: wrong")]
    [InlineData("Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + Accept)]
    public async Task A_grant_that_is_none_opens_no_way_around_the_gateway(string headers)
    {
        await using var server = new ScriptedServer($"HTTP/1.1 101 Switching\r\n{headers}\r\n\r\n");
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);

        Assert.StartsWith("HTTP/1.1 502 ", await gateway.AskAsync(RawClient.Handshake(gateway.Port, "/")), StringComparison.Ordinal);
        await gateway.Log.WaitForAsync($"Connection to {server.Origin} failed: its answer to a WebSocket handshake is not in order (service p)");
    }

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: {h}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: {h}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 1\r\n\r\nx")]
    [InlineData("GET / HTTP/1.1\r\nHost: {h}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: short\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: {h}\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")]
    public async Task A_handshake_that_is_none_is_refused_here(string request)
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);

        Assert.StartsWith("HTTP/1.1 400 ", await gateway.AskAsync(request), StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_page_of_another_origin_opens_none()
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);

        Assert.StartsWith("HTTP/1.1 403 ", await gateway.AskAsync(RawClient.Handshake(gateway.Port, "/", "Origin: http://evil.example\r\n")), StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_back_end_that_dies_ends_the_client_and_a_client_that_dies_the_back_end()
    {
        using var server = new BackEndServer();
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://127.0.0.1:{server.Port}/");
        for (int i = 0; i < 2; i++)
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            await client.SendAsync(RawClient.Handshake(gateway.Port, "/"));
            using Socket socket = await server.AcceptAsync();
            await ReadHeadAsync(socket);
            await ScriptedServer.SendAsync(socket, $"HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {Accept}\r\n\r\n");
            await client.ReadHeadAsync();
            (i == 0 ? socket : client.Socket).Close(0);

            if (i == 0)
            {
                await client.ReadToEndAsync();
            }
            else
            {
                Assert.Empty(await BackEndServer.ReadToEndAsync(socket));
            }
        }
    }

    [Fact]
    public async Task They_are_counted_as_sessions_and_closed_when_the_gateway_stops()
    {
        await using ServedText behind = await ServedText.StartAsync("<service><name>e</name><accept>ws://127.0.0.1:0/echo</accept><type>echo</type></service>");
        ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://{behind.Authority}/", rest: "<balance>http://127.0.0.1:1/</balance>");
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new Uri($"ws://{gateway.Authority}/echo"), Patience);
        await socket.SendAsync("tide"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience);
        await socket.ReceiveAsync(new byte[10], Patience);
        Assert.Equal(1, gateway.Server.BalancedSessions);

        await gateway.Server.StopAsync(CancellationToken.None);

        await Assert.ThrowsAnyAsync<WebSocketException>(() => socket.ReceiveAsync(new byte[10], Patience));
        await gateway.DisposeAsync();
    }

    [Fact]
    public void The_answer_to_the_usual_key_is_the_usual_one() => Assert.Equal(Accept, WebSocketHandshake.AcceptFor("dGhlIHNhbXBsZSBub25jZQ=="));

    private static async Task<byte[]> ReadHeadAsync(Socket socket)
    {
        var head = new List<byte>();
        byte[] one = new byte[1];
        while (head.Count < 4 || !head[^4..].SequenceEqual("\r\n\r\n"u8.ToArray()))
        {
            Assert.Equal(1, await socket.ReceiveAsync(one).WaitAsync(TimeSpan.FromSeconds(20)));
            head.Add(one[0]);
        }

        return [.. head];
    }
}
