using System.Buffers.Binary;
using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Tests.Tls;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>HTTP/2 by prior knowledge, and WebSockets over it (RFC 8441), with .NET's own client.</summary>
public sealed class Http2Tests : IDisposable
{
    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromSeconds(60));

    // One connection for all streams.
    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());

    private const string Offloaded = "<accept-options><ssl.encryption>disabled</ssl.encryption></accept-options>";

    private CancellationToken Token => _timeout.Token;

    public void Dispose()
    {
        _client.Dispose();
        _timeout.Dispose();
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

    [Fact]
    public async Task Where_something_in_front_does_tls_HTTP_2_is_spoken_plainly_and_its_requests_are_https()
    {
        await using SecureGateway gateway = await SecureGateway.StartAsync(
            SecureGateway.Service("d", "directory", "https://127.0.0.1:0/", $"<properties><directory>/</directory></properties>{Offloaded}")
            + SecureGateway.Service("e", "echo", "wss://127.0.0.1:0/echo", Offloaded), _ => "");
        int port = gateway.PortOf("https");
        Assert.Equal(port, gateway.PortOf("wss"));

        // This client says "http" of itself, as what is in front of the gateway may.
        using HttpResponseMessage page = await _client.SendAsync(Http2Get($"http://127.0.0.1:{port}/page.txt"), Token);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (page.StatusCode, page.Version));
        Assert.Equal("a page", await page.Content.ReadAsStringAsync(Token));

        using ClientWebSocket own = await ConnectAsync(port, "/echo", options => options.SetRequestHeader("Origin", $"https://127.0.0.1:{port}"));
        await own.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Token);
        Assert.Equal("hello"u8.ToArray(), (await ReceiveAsync(own)).Bytes);
        WebSocketException plain = await Assert.ThrowsAsync<WebSocketException>(
            () => ConnectAsync(port, "/echo", options => options.SetRequestHeader("Origin", $"http://127.0.0.1:{port}")));
        Assert.Contains("403", plain.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_WebSockets_may_not_be_streams_clients_are_told_so()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { WebSocketsOverHttp2 = false });
        using HttpResponseMessage page = await _client.SendAsync(Http2Get($"http://127.0.0.1:{gateway.Port}/"), Token);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (page.StatusCode, page.Version));
        // This client looks at the settings before it asks.
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(gateway, "/echo"));
        using ClientWebSocket socket = new();
        await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Port}/echo"), Token);

        // One that asks nevertheless is told HTTP_1_1_REQUIRED.
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(Request(
            (":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http"), (":authority", $"127.0.0.1:{gateway.Port}"), (":path", "/echo"),
            ("sec-websocket-version", "13")));
        Assert.Equal(0u, ConnectProtocolIn(await FrameAsync(client, type: 4)));
        Assert.Equal([0, 0, 0, 0xd], await FrameAsync(client, type: 3));

        await using RunningGateway usual = await RunningGateway.StartAsync();
        using RawClient other = await RawClient.ConnectAsync(usual.EndPoint);
        await other.SendAsync(Request((":method", "GET"), (":scheme", "http"), (":authority", $"127.0.0.1:{usual.Port}"), (":path", "/")));
        Assert.Equal(1u, ConnectProtocolIn(await FrameAsync(other, type: 4)));

        static uint? ConnectProtocolIn(byte[] settings) => settings.Chunk(6)
            .Where(setting => BinaryPrimitives.ReadUInt16BigEndian(setting) == 8).Select(setting => (uint?)BinaryPrimitives.ReadUInt32BigEndian(setting.AsSpan(2))).SingleOrDefault();
    }

    [Fact]
    public async Task Where_HTTP_2_is_disabled_its_preface_is_answered_with_a_request_for_HTTP_1()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { Http2 = false });
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

        // GOAWAY with HTTP_1_1_REQUIRED.
        Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0xd], await FrameAsync(client, type: 7));
        Assert.Empty(await client.ReadToEndAsync());
    }

    [Fact]
    public async Task Accepts_at_one_port_agree_on_whether_HTTP_2_is_spoken()
    {
        string refusal = await SecureGateway.RefusalAsync(
            SecureGateway.Service("a", "echo", "ws://127.0.0.1:0/a") + SecureGateway.Service("b", "echo", "ws://127.0.0.1:0/b", "<accept-options><http.http2>disabled</http.http2></accept-options>"));

        Assert.StartsWith("g.xml:3:", refusal, StringComparison.Ordinal);
        Assert.Contains(
            "service \"b\": <http.http2> value for <accept>ws://127.0.0.1:0/b</accept> does not match <http.http2> value for <accept>ws://127.0.0.1:0/a</accept> of service \"a\" (",
            refusal, StringComparison.Ordinal);
        Assert.EndsWith(". Write the same for both, or give one of them another port.", refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http", false, "200")]
    [InlineData("https", false, "400")]
    [InlineData("ftp", false, "400")]
    [InlineData("http", true, "200")]
    [InlineData("https", true, "200")]
    [InlineData("ftp", true, "400")]
    public async Task The_scheme_of_a_request_is_that_of_the_port(string scheme, bool offloaded, string status)
    {
        string directory = "<properties><directory>/</directory></properties>";
        await using SecureGateway gateway = await SecureGateway.StartAsync(
            offloaded
                ? SecureGateway.Service("d", "directory", "https://127.0.0.1:0/", directory + Offloaded)
                : SecureGateway.Service("d", "directory", "http://127.0.0.1:0/", directory), _ => "");
        int port = gateway.Server.Served[0].Port;
        using RawClient client = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
        await client.SendAsync(Request((":method", "GET"), (":scheme", scheme), (":authority", $"127.0.0.1:{port}"), (":path", "/page.txt")));

        Assert.Equal(status, StatusOf(await FrameAsync(client, type: 1)));
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
    public async Task The_preface_may_be_cut_anywhere()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        byte[] hello = [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0];
        for (int cut = 1; cut <= hello.Length; cut++)
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            await client.SendAsync(hello.AsMemory(0, cut));
            await Task.Yield();
            await client.SendAsync(hello.AsMemory(cut));
            // A SETTINGS frame on stream 0 is the first thing that a server says.
            byte[] frame = await client.ReadAsync(9);
            Assert.Equal((4, 0), (frame[3], frame[8]));
        }

        using RawClient slow = await RawClient.ConnectAsync(gateway.EndPoint);
        foreach (byte one in hello)
        {
            await slow.SendAsync(new[] { one });
        }

        Assert.Equal(4, (await slow.ReadAsync(9))[3]);
    }

    [Theory]
    [InlineData("P", "OST / HTTP/1.1", 405)]
    [InlineData("PR", "OPFIND / HTTP/1.1", 405)]
    [InlineData("PRI * HTTP/", "1.1", 405)]
    public async Task A_request_that_begins_like_the_preface_is_HTTP_1(string start, string rest, int status)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(start);
        await Task.Yield();
        await client.SendAsync($"{rest}\r\nHost: 127.0.0.1:{gateway.Port}\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
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

    /// <summary>All that a client says before and with its first request: literal fields, without Huffman coding (RFC 7541, section 6.2.2).</summary>
    private static byte[] Request(params (string Name, string Value)[] fields)
    {
        byte[] block = [.. fields.SelectMany(field => (byte[])
            [0, (byte)field.Name.Length, .. Encoding.ASCII.GetBytes(field.Name), (byte)field.Value.Length, .. Encoding.ASCII.GetBytes(field.Value)])];
        return [.. "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, (byte)block.Length, 1, 0x05, 0, 0, 0, 1, .. block];
    }

    /// <summary>What is in the first frame of a type.</summary>
    private static async Task<byte[]> FrameAsync(RawClient client, byte type)
    {
        while (true)
        {
            byte[] head = await client.ReadAsync(9);
            byte[] payload = await client.ReadAsync((head[0] << 16) | (head[1] << 8) | head[2]);
            if (head[3] == type)
            {
                return payload;
            }
        }
    }

    /// <summary>The status that a block begins with: from the static table, or a literal (RFC 7541, sections 6.1 and 6.2, and appendix A).</summary>
    private static string StatusOf(byte[] block) => block[0] switch
    {
        0x88 => "200",
        0x8c => "400",
        0x8d => "404",
        _ => Encoding.ASCII.GetString(block, 2, 3),
    };

    private Task<ClientWebSocket> ConnectAsync(RunningGateway gateway, string path, Action<ClientWebSocketOptions>? configure = null) =>
        ConnectAsync(gateway.Port, path, configure);

    private async Task<ClientWebSocket> ConnectAsync(int port, string path, Action<ClientWebSocketOptions>? configure = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        configure?.Invoke(socket.Options);
        try
        {
            await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}{path}"), _client, Token);
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
