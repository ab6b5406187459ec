using System.Buffers.Binary;
using System.Net;
using System.Net.Http;
using System.Net.WebSockets;
using System.Text;
using Tidegate.Gateway.Tests.Tls;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>Where HTTP/2 is spoken, and what a client hears where it or WebSockets over it are not.</summary>
public sealed class Http2OfferTests : IDisposable
{
    private const string Offloaded = "<accept-options><ssl.encryption>disabled</ssl.encryption></accept-options>";

    private readonly CancellationTokenSource _timeout = new(TimeSpan.FromSeconds(60));

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler());

    private CancellationToken Token => _timeout.Token;

    public void Dispose()
    {
        _client.Dispose();
        _timeout.Dispose();
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

        using ClientWebSocket own = await ConnectAsync(port, options => options.SetRequestHeader("Origin", $"https://127.0.0.1:{port}"));
        await own.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Token);
        byte[] answer = new byte[100];
        Assert.Equal("hello"u8.ToArray(), answer[..(await own.ReceiveAsync(answer, Token)).Count]);
        WebSocketException plain = await Assert.ThrowsAsync<WebSocketException>(
            () => ConnectAsync(port, options => options.SetRequestHeader("Origin", $"http://127.0.0.1:{port}")));
        Assert.Contains("403", plain.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_WebSockets_may_not_be_streams_clients_are_told_so()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new() { WebSocketsOverHttp2 = false });
        using HttpResponseMessage page = await _client.SendAsync(Http2Get($"http://127.0.0.1:{gateway.Port}/"), Token);
        Assert.Equal((HttpStatusCode.OK, HttpVersion.Version20), (page.StatusCode, page.Version));
        // This client looks at the settings before it asks.
        await Assert.ThrowsAsync<WebSocketException>(() => ConnectAsync(gateway.Port));
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

    private async Task<ClientWebSocket> ConnectAsync(int port, Action<ClientWebSocketOptions>? configure = null)
    {
        var socket = new ClientWebSocket();
        socket.Options.HttpVersion = HttpVersion.Version20;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        configure?.Invoke(socket.Options);
        try
        {
            await socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/echo"), _client, Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
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
}
