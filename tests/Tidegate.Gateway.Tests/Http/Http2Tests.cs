using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>HTTP/2 by prior knowledge, and WebSockets over it (RFC 8441), with .NET's own client.</summary>
public sealed class Http2Tests : IDisposable
{
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromSeconds(60));

    // One connection for all streams.
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());

    private CancellationToken Token => _timeout.Token;

    public void Dispose()
    {
        _client.Dispose();
        _timeout.Dispose();
    }

    [Fact]
    public async Task The_handshake_within_a_WebSocket_is_the_same_over_HTTP_2()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using ClientWebSocket socket = await ConnectAsync(gateway, "/echo?.kl=Y", options => options.AddSubProtocol("x-kaazing-handshake"));
        Assert.Equal("x-kaazing-handshake", socket.SubProtocol);
        Assert.Equal([0xef, 0x83, 0xbf, (byte)'N'], (await ReceiveAsync(socket)).Bytes);
        await socket.SendAsync("GET /echo HTTP/1.1\r\n\r\n"u8.ToArray(), WebSocketMessageType.Text, true, Token);
        Assert.StartsWith("HTTP/1.1 101 ", System.Text.Encoding.ASCII.GetString((await ReceiveAsync(socket)).Bytes), StringComparison.Ordinal);
        Assert.Empty((await ReceiveAsync(socket)).Bytes);
        Assert.Equal([0xef, 0x83, 0xbf, (byte)'N'], (await ReceiveAsync(socket)).Bytes);
        await socket.SendAsync("on"u8.ToArray(), WebSocketMessageType.Text, true, Token);
        Assert.Equal("on"u8.ToArray(), (await ReceiveAsync(socket)).Bytes);
    }

    [Fact]
    public async Task Files_and_WebSockets_share_one_connection()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        ClientWebSocket[] sockets = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => ConnectAsync(gateway, "/echo")));
        using HttpRequestMessage get = Http2Get($"http://127.0.0.1:{gateway.Port}/");
        using HttpResponseMessage page = await _client.SendAsync(get, Token);

        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (page.StatusCode, page.Version));
        Assert.Contains("<title>files</title>", await page.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        await Task.WhenAll(sockets.Select(async (socket, i) =>
        {
            byte[] text = Encoding.ASCII.GetBytes($"client {i:D4}");
            await socket.SendAsync(text, WebSocketMessageType.Text, true, Token);
            Assert.Equal(text, (await ReceiveAsync(socket)).Bytes);
            await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "done", Token);
            Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
            socket.Dispose();
        }));
    }

    [Fact]
    public async Task Behind_TLS_files_and_WebSockets_share_a_connection_that_ALPN_has_made_HTTP_2()
    {
        using var directory = new ScratchDirectory();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string store = Path.Combine(directory.Path, "store.pem");
        await File.WriteAllTextAsync(store, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem(), Token);
        await using RunningGateway gateway = await RunningGateway.StartAsync(keystore: store);
        int connections = 0;
        using var client = new HttpMessageInvoker(new SocketsHttpHandler
        {
            SslOptions = new() { RemoteCertificateValidationCallback = (_, presented, _, _) => presented!.GetCertHashString() == certificate.Thumbprint },
            ConnectCallback = async (context, cancellation) =>
            {
                Interlocked.Increment(ref connections);
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(context.DnsEndPoint, cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        using var get = new HttpRequestMessage(HttpMethod.Get, $"https://127.0.0.1:{gateway.Port}/")
        {
            Version = HttpVersion.Version11,
            VersionPolicy = HttpVersionPolicy.RequestVersionOrHigher,
        };
        using HttpResponseMessage page = await client.SendAsync(get, Token);
        using var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        socket.Options.SetRequestHeader("Origin", $"https://127.0.0.1:{gateway.Port}");
        await socket.ConnectAsync(new Uri($"wss://127.0.0.1:{gateway.Port}/echo"), client, Token);
        byte[] message = new byte[100_000];
        new Random(6).NextBytes(message);
        await socket.SendAsync(message, WebSocketMessageType.Binary, true, Token);

        Assert.Equal(message, (await ReceiveAsync(socket)).Bytes);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (page.StatusCode, page.Version));
        Assert.Equal(1, connections);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Token);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(125)]
    [InlineData(65_536)]
    [InlineData(131_072)]
    public async Task Messages_of_every_size_come_back_whole(int size)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using ClientWebSocket socket = await ConnectAsync(gateway, "/echo");
        byte[] message = new byte[size];
        new Random(size).NextBytes(message);

        for (int i = 0; i < 3; i++)
        {
            await socket.SendAsync(message, WebSocketMessageType.Binary, true, Token);
            Assert.Equal(message, (await ReceiveAsync(socket)).Bytes);
        }
    }

    [Fact]
    public async Task Subprotocol_and_compression_are_agreed_on()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { Subprotocols = ["v2", "v1"], Compression = true });
        using ClientWebSocket socket = await ConnectAsync(gateway, "/echo", options =>
        {
            options.AddSubProtocol("v1");
            options.AddSubProtocol("v2");
            options.DangerousDeflateOptions = new WebSocketDeflateOptions { ClientContextTakeover = false, ServerContextTakeover = false };
        });
        byte[] message = Encoding.ASCII.GetBytes(new string('x', 10_000));
        await socket.SendAsync(message, WebSocketMessageType.Text, true, Token);

        Assert.Equal(message, (await ReceiveAsync(socket)).Bytes);
        Assert.Equal("v2", socket.SubProtocol);
    }

    [Fact]
    public async Task A_message_over_the_limit_closes_with_1009()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { MaximumMessageSize = 4 });
        using ClientWebSocket socket = await ConnectAsync(gateway, "/echo");
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Token);

        Assert.Equal(WebSocketMessageType.Close, (await ReceiveAsync(socket)).Type);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, socket.CloseStatus);
    }

    [Fact]
    public async Task Both_sides_of_a_relay_end_as_over_HTTP_1()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using ClientWebSocket first = await ConnectAsync(gateway, "/relay");
        Socket behindFirst = await backEnd.AcceptAsync();
        await first.SendAsync("to the back-end"u8.ToArray(), WebSocketMessageType.Binary, true, Token);
        Assert.Equal("to the back-end"u8.ToArray(), await BackEndServer.ReadAsync(behindFirst, 15));
        await behindFirst.SendAsync("last words"u8.ToArray());
        behindFirst.Shutdown(SocketShutdown.Send);
        Assert.Equal("last words"u8.ToArray(), (await ReceiveAsync(first)).Bytes);
        Assert.Equal(WebSocketMessageType.Close, (await ReceiveAsync(first)).Type);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, first.CloseStatus);

        using ClientWebSocket second = await ConnectAsync(gateway, "/relay");
        Socket behindSecond = await backEnd.AcceptAsync();
        await second.SendAsync("x"u8.ToArray(), WebSocketMessageType.Binary, true, Token);
        Assert.Equal("x"u8.ToArray(), await BackEndServer.ReadAsync(behindSecond, 1));
        second.Abort();
        Assert.Empty(await BackEndServer.ReadToEndAsync(behindSecond));

        using ClientWebSocket third = await ConnectAsync(gateway, "/relay");
        Socket behindThird = await backEnd.AcceptAsync();
        behindThird.LingerState = new LingerOption(true, 0);
        behindThird.Dispose();
        Assert.Equal(WebSocketMessageType.Close, (await ReceiveAsync(third)).Type);
        Assert.Equal((WebSocketCloseStatus)CloseStatus.BadGateway, third.CloseStatus);
    }

    [Fact]
    public async Task A_client_that_does_not_read_holds_the_back_end_back_and_loses_nothing()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using ClientWebSocket socket = await ConnectAsync(gateway, "/relay");
        Socket behind = await backEnd.AcceptAsync();
        byte[] piece = new byte[64 * 1024];
        new Random(2).NextBytes(piece);
        // Sent without waiting, until nobody takes anything for a while.
        behind.Blocking = false;
        long sent = 0;
        while (behind.Poll(TimeSpan.FromMilliseconds(500), SelectMode.SelectWrite))
        {
            int offset = (int)(sent % piece.Length);
            int count = behind.Send(piece, offset, piece.Length - offset, SocketFlags.None, out SocketError error);
            sent += Math.Max(count, 0);
            Assert.True(error is SocketError.Success or SocketError.WouldBlock, error.ToString());
            Assert.InRange(sent, 0, 256 * 1024 * 1024);
        }

        behind.Shutdown(SocketShutdown.Send);
        long received = 0;
        byte[] buffer = new byte[100_000];
        while (await socket.ReceiveAsync(buffer, Token) is { MessageType: not WebSocketMessageType.Close } result)
        {
            for (int i = 0; i < result.Count; i++)
            {
                Assert.Equal(piece[(received + i) % piece.Length], buffer[i]);
            }

            received += result.Count;
        }

        Assert.Equal(sent, received);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
    }

    [Fact]
    public async Task Neither_silence_nor_slowness_ends_a_WebSocket()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using ClientWebSocket quiet = await ConnectAsync(gateway, "/echo");
        using ClientWebSocket slow = await ConnectAsync(gateway, "/relay");
        Socket behind = await backEnd.AcceptAsync();
        byte[] sent = new byte[4 * 1024 * 1024];
        new Random(5).NextBytes(sent);
        Task sending = behind.SendAsync(sent);

        // Longer than the grace that the server gives to requests.
        await Task.Delay(TimeSpan.FromSeconds(8), Token);

        await quiet.SendAsync("still here"u8.ToArray(), WebSocketMessageType.Text, true, Token);
        Assert.Equal("still here"u8.ToArray(), (await ReceiveAsync(quiet)).Bytes);
        byte[] received = new byte[sent.Length];
        for (int count = 0; count < received.Length;)
        {
            count += (await slow.ReceiveAsync(received.AsMemory(count), Token)).Count;
        }

        Assert.Equal(sent, received);
        await sending;
    }

    [Fact]
    public async Task A_back_end_that_does_not_read_holds_the_client_back_and_loses_nothing()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using ClientWebSocket socket = await ConnectAsync(gateway, "/relay");
        Socket behind = await backEnd.AcceptAsync();
        byte[] piece = new byte[64 * 1024];
        new Random(3).NextBytes(piece);
        int sent = 0;
        Task sending;
        do
        {
            sending = socket.SendAsync(piece, WebSocketMessageType.Binary, true, Token);
            sent++;
            Assert.InRange(sent, 0, 4096);
        }
        while (await Task.WhenAny(sending, Task.Delay(500, Token)) == sending);

        for (int i = 0; i < sent; i++)
        {
            byte[] arrived = await BackEndServer.ReadAsync(behind, piece.Length);
            Assert.True(piece.AsSpan().SequenceEqual(arrived), $"Piece {i} arrived changed.");
        }

        await sending;
    }

    [Fact]
    public async Task Pages_of_another_origin_and_other_versions_and_paths_are_refused()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        WebSocketException foreign = await Assert.ThrowsAsync<WebSocketException>(
            () => ConnectAsync(gateway, "/echo", options => options.SetRequestHeader("Origin", "http://evil.example")));
        WebSocketException nothing = await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(gateway, "/nothing"));

        Assert.Contains("403", foreign.Message, StringComparison.Ordinal);
        Assert.Contains("404", nothing.Message, StringComparison.Ordinal);
        using ClientWebSocket own = await ConnectAsync(gateway, "/echo", options => options.SetRequestHeader("Origin", $"http://127.0.0.1:{gateway.Port}"));
        Assert.Equal(WebSocketState.Open, own.State);
    }

    [Fact]
    public async Task Stopping_the_gateway_tells_every_stream_1001()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        ClientWebSocket[] sockets = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => ConnectAsync(gateway, "/echo")));

        Task stopping = gateway.Server.StopAsync(CancellationToken.None);
        foreach (ClientWebSocket socket in sockets)
        {
            Assert.Equal(WebSocketMessageType.Close, (await ReceiveAsync(socket)).Type);
            Assert.Equal(WebSocketCloseStatus.EndpointUnavailable, socket.CloseStatus);
            await socket.CloseOutputAsync(WebSocketCloseStatus.EndpointUnavailable, null, Token);
            socket.Dispose();
        }

        var watch = System.Diagnostics.Stopwatch.StartNew();
        await stopping.WaitAsync(Token);
        // The bound on stopping is 10 s, and nothing here should come near it.
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
    }

    private static HttpRequestMessage Http2Get(string address) => new(HttpMethod.Get, address)
    {
        Version = HttpVersion.Version20,
        VersionPolicy = HttpVersionPolicy.RequestVersionExact,
    };

    private async Task<ClientWebSocket> ConnectAsync(RunningGateway gateway, string path, Action<ClientWebSocketOptions>? configure = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        configure?.Invoke(socket.Options);
        try
        {
            await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Port}{path}"), _client, Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private async Task<(WebSocketMessageType Type, byte[] Bytes)> ReceiveAsync(ClientWebSocket socket)
    {
        var bytes = new List<byte>();
        byte[] buffer = new byte[32 * 1024];
        WebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(buffer, Token);
            bytes.AddRange(buffer.AsSpan(0, result.Count));
        }
        while (!result.EndOfMessage);
        return (result.MessageType, [.. bytes]);
    }
}
