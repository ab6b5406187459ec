using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>Back-ends of an <c>http.proxy</c> that fail in every way: each ends in a bounded time, with an answer and a line in the log.</summary>
public sealed class HttpProxyFaultTests
{
    public static TheoryData<string, int, string> BadAnswers => new()
    {
        { "", 502, "it broke off its answer" },
        { "HTTP/1.1 200 OK\r\nContent-", 502, "it broke off its answer" },
        { "SSH-2.0-OpenSSH_9.2\r\n\r\n", 502, "its answer is not HTTP" },
        { "HTTP/1.1 2000 OK\r\n\r\n", 502, "its answer is not HTTP" },
        { "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", 502, "its answer is not HTTP" },
        { "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", 502, "its answer has a Content-Length that is none" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 502, "its answer has a Content-Length that is none" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 502, "its answer has both a Content-Length and a Transfer-Encoding" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 502, "its answer has a Transfer-Encoding that was not asked for" },
        { $"HTTP/1.1 200 OK\r\nX: {new string('x', 40_000)}\r\n\r\n", 502, "the head of its answer is too long" },
        { "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n", 502, "it switches to another protocol without having been asked" },
        { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", 0, "it broke off its answer" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", 0, "it broke off its answer" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", 502, "its answer is not HTTP" },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", 502, "its answer is not HTTP" },
    };

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task A_bad_answer_is_502_or_cut_off_and_one_line_in_the_log(string answer, int status, string error)
    {
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            await ScriptedServer.SendAsync(socket, answer);
            socket.Shutdown(SocketShutdown.Send);
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");

        if (status > 0)
        {
            Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        }
        else
        {
            // Cut off before its end, so that nobody takes it for whole.
            byte[] all = await client.ReadToEndAsync();
            Assert.False(System.Text.Encoding.Latin1.GetString(all).EndsWith("0\r\n\r\n", StringComparison.Ordinal));
        }

        await gateway.Log.WaitForAsync($"Connection to {server.Origin} failed: {error} (service p)");
        Assert.Single(gateway.Log.At(LogLevel.Warning));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK\r\n")]
    [InlineData("HTTP/1.1 103 Early\r\n\r\n")]
    public async Task A_back_end_that_says_nothing_more_is_504(string said)
    {
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            await ScriptedServer.SendAsync(socket, said);
            await socket.ReceiveAsync(new byte[1]);
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin, "<idle-timeout>500 ms</idle-timeout>");

        Assert.StartsWith("HTTP/1.1 504 ", await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        await gateway.Log.WaitForAsync($"Connection to {server.Origin} failed: nothing happened for 0.5 seconds (service p)");
    }

    [Fact]
    public async Task An_answer_that_stops_in_the_middle_is_cut_off()
    {
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            await ScriptedServer.SendAsync(socket, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
            await socket.ReceiveAsync(new byte[1]);
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin, "<idle-timeout>500 ms</idle-timeout>");
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");

        Assert.EndsWith("abc", System.Text.Encoding.Latin1.GetString(await client.ReadToEndAsync()), StringComparison.Ordinal);
        await gateway.Log.WaitForAsync($"Connection to {server.Origin} failed: nothing happened for 0.5 seconds (service p)");
    }

    [Fact]
    public async Task A_back_end_that_takes_no_request_is_504()
    {
        using var server = new BackEndServer();
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://127.0.0.1:{server.Port}/", "<idle-timeout>500 ms</idle-timeout>");
        using var client = new HttpClient();

        Task<HttpResponseMessage> asking = client.PostAsync(new Uri($"http://{gateway.Authority}/"), new ByteArrayContent(new byte[20_000_000]));
        using Socket socket = await server.AcceptAsync();
        using HttpResponseMessage answer = await asking.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(HttpStatusCode.GatewayTimeout, answer.StatusCode);
    }

    [Fact]
    public async Task A_back_end_that_is_slower_than_the_limit_but_never_silent_is_waited_for()
    {
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            await ScriptedServer.SendAsync(socket, "HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\n");
            for (int i = 0; i < 12; i++)
            {
                await Task.Delay(300);
                await ScriptedServer.SendAsync(socket, "x");
            }
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin, "<idle-timeout>3 s</idle-timeout>");
        using var client = new HttpClient();

        Assert.Equal("xxxxxxxxxxxx", await client.GetStringAsync(new Uri($"http://{gateway.Authority}/")));
    }

    [Fact]
    public async Task A_client_that_goes_away_ends_the_request_to_a_back_end_that_sends_for_ever()
    {
        var ended = new TaskCompletionSource();
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            try
            {
                await ScriptedServer.SendAsync(socket, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
                while (true)
                {
                    await ScriptedServer.SendAsync(socket, $"{60_000:x}\r\n{new string('x', 60_000)}\r\n");
                }
            }
            catch (SocketException)
            {
                ended.SetResult();
            }
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);
        using (RawClient client = await RawClient.ConnectAsync(gateway.EndPoint))
        {
            await client.SendAsync($"GET / HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
            await client.ReadAsync(1_000_000);
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Empty(gateway.Log.At(LogLevel.Warning));
    }

    [Fact]
    public async Task Where_nobody_listens_the_answer_is_504_at_once()
    {
        using var server = new BackEndServer();
        server.StopListening();
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://127.0.0.1:{server.Port}/");
        long before = Stopwatch.GetTimestamp();

        string head = await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\n\r\n");
        string post = await gateway.AskAsync("POST / HTTP/1.1\r\nHost: {h}\r\nContent-Length: 1\r\n\r\nx");
        string webSocket = await gateway.AskAsync(RawClient.Handshake(gateway.Port, "/"));

        Assert.All((string[])[head, post, webSocket], answer => Assert.StartsWith("HTTP/1.1 504 ", answer, StringComparison.Ordinal));
        Assert.InRange(Stopwatch.GetElapsedTime(before), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.Equal($"Connection to http://127.0.0.1:{server.Port}/ failed: connection refused (service p)", Assert.Single(gateway.Log.At(LogLevel.Warning)));
    }

    [Fact]
    public async Task A_request_whose_body_breaks_off_is_the_clients_fault_and_reaches_nobody_as_whole()
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);

        string head = await gateway.AskAsync("POST / HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", head, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
        Assert.Empty(gateway.Log.At(LogLevel.Warning));
    }

    [Theory]
    [InlineData("POST / HTTP/1.1|Content-Length: 3|Transfer-Encoding: chunked||0||")]
    [InlineData("POST / HTTP/1.1|Transfer-Encoding: chunked|Content-Length: 3||0||")]
    [InlineData("POST / HTTP/1.1|Transfer-Encoding: xchunked||0||")]
    [InlineData("POST / HTTP/1.1|Transfer-Encoding: chunked, identity||0||")]
    [InlineData("POST / HTTP/1.1|Transfer-Encoding: chunked|Transfer-Encoding: chunked||0||")]
    [InlineData("POST / HTTP/1.1|Transfer-Encoding : chunked||0||")]
    [InlineData("POST / HTTP/1.1|Transfer-Encoding:\vchunked||0||")]
    [InlineData("POST / HTTP/1.1|X: a\rTransfer-Encoding: chunked||0||")]
    [InlineData("POST / HTTP/1.1|Content-Length: 1|Content-Length: 2||ab")]
    [InlineData("POST / HTTP/1.1|Content-Length: +3||abc")]
    [InlineData("POST / HTTP/1.0|Transfer-Encoding: chunked||0||")]
    [InlineData("GET / HTTP/1.1|X: a| Content-Length: 5||")]
    [InlineData("GET / HTTP/1.1|Host: other.example||")]
    [InlineData("GET / HTTP/1.1|X\0: a||")]
    [InlineData("GET / HTTP/1.1|X: a\0b||")]
    [InlineData("GET http://other.example/ HTTP/1.1||")]
    [InlineData("GET /a\rb HTTP/1.1||")]
    [InlineData("GET / HTTP/1.1\rX: y||")]
    public async Task What_two_servers_could_read_differently_is_refused_and_nobody_behind_sees_it(string request)
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        int line = request.IndexOf('|', StringComparison.Ordinal);

        await client.SendAsync($"{request[..line]}\r\nHost: {gateway.Authority}{request[line..].Replace("|", "\r\n", StringComparison.Ordinal)}GET /smuggled HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.ReadToEndAsync();
        Assert.Empty(server.Requests);
    }
}
