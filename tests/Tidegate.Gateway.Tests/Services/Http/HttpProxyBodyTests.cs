using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>Bodies through an <c>http.proxy</c>: of both forms, both ways, as they come, and no faster than they are taken.</summary>
public sealed class HttpProxyBodyTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("1.1", true)]
    [InlineData("1.1", false)]
    [InlineData("2.0", true)]
    [InlineData("2.0", false)]
    public async Task Megabytes_of_known_and_of_unknown_length_come_back_as_they_were(string version, bool chunked)
    {
        await using WebApplication server = await StartServerAsync(async http =>
        {
            http.Response.ContentLength = http.Request.ContentLength;
            await http.Request.Body.CopyToAsync(http.Response.Body);
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", OriginOf(server));
        using HttpClient client = ClientFor(version);
        byte[] sent = RandomNumberGenerator.GetBytes(4_000_003);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{gateway.Authority}/") { Content = new ByteArrayContent(sent), Version = new Version(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content.Headers.ContentLength = chunked ? null : sent.Length;
        request.Headers.TransferEncodingChunked = chunked && version == "1.1" ? true : null;

        using HttpResponseMessage answer = await client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(sent, await answer.Content.ReadAsByteArrayAsync());
        Assert.Empty(gateway.Log.At(LogLevel.Warning));
    }

    [Fact]
    public async Task An_upload_may_be_larger_than_other_requests()
    {
        await using WebApplication server = await StartServerAsync(async http =>
        {
            http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = null;
            await http.Request.Body.CopyToAsync(Stream.Null);
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", OriginOf(server));
        using HttpClient client = ClientFor("1.1");

        using HttpResponseMessage answer = await client.PutAsync(new Uri($"http://{gateway.Authority}/"), new ByteArrayContent(new byte[40 * 1024 * 1024]));

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task What_a_back_end_says_arrives_while_it_goes_on(string version)
    {
        var goOn = new TaskCompletionSource();
        await using WebApplication server = await StartServerAsync(async http =>
        {
            await http.Response.StartAsync();
            await http.Response.WriteAsync("first");
            await http.Response.Body.FlushAsync();
            await goOn.Task.WaitAsync(s_patience);
            await http.Response.WriteAsync("second");
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", OriginOf(server));
        using HttpClient client = ClientFor(version);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{gateway.Authority}/") { Version = new Version(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using HttpResponseMessage answer = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Stream body = await answer.Content.ReadAsStreamAsync();
        byte[] first = new byte[5];
        await body.ReadExactlyAsync(first).AsTask().WaitAsync(s_patience);
        goOn.SetResult();
        using var rest = new StreamReader(body);

        Assert.Equal("first"u8, first);
        Assert.Equal("second", await rest.ReadToEndAsync());
    }

    [Fact]
    public async Task What_a_client_sends_arrives_while_it_goes_on()
    {
        using var server = new BackEndServer();
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://127.0.0.1:{server.Port}/");
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);

        await client.SendAsync($"POST / HTTP/1.1\r\nHost: {gateway.Authority}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        Socket socket = await server.AcceptAsync();
        string received = await ReadUntilAsync(socket, "first\r\n");
        await client.SendAsync("6\r\nsecond\r\n0\r\n\r\n");
        received += await ReadUntilAsync(socket, "0\r\n\r\n");
        await ScriptedServer.SendAsync(socket, ScriptedServer.Ok);

        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_waits_for_a_word_is_sent_when_the_back_end_says_it()
    {
        using var server = new BackEndServer();
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://127.0.0.1:{server.Port}/");
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);

        await client.SendAsync($"POST / HTTP/1.1\r\nHost: {gateway.Authority}\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
        Socket socket = await server.AcceptAsync();
        string head = await ReadUntilAsync(socket, "\r\n\r\n");
        await ScriptedServer.SendAsync(socket, "HTTP/1.1 100 Continue\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 100 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        await client.SendAsync("body");
        Assert.Equal("body", await ReadUntilAsync(socket, "body"));
        await ScriptedServer.SendAsync(socket, ScriptedServer.Ok);

        Assert.Contains("\r\nExpect: 100-continue\r\n", head, StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_not_wanted_is_never_asked_for()
    {
        using var refusing = new BackEndServer();
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://127.0.0.1:{refusing.Port}/");
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);

        await client.SendAsync($"POST / HTTP/1.1\r\nHost: {gateway.Authority}\r\nContent-Length: 4000\r\nExpect: 100-continue\r\n\r\n");
        Socket socket = await refusing.AcceptAsync();
        await ReadUntilAsync(socket, "\r\n\r\n");
        await ScriptedServer.SendAsync(socket, "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 417 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_comes_before_the_upload_is_over_reaches_the_client_where_the_back_end_hangs_up()
    {
        using var server = new BackEndServer();
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", $"http://127.0.0.1:{server.Port}/");
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync($"POST / HTTP/1.1\r\nHost: {gateway.Authority}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
        Socket socket = await server.AcceptAsync();
        await ReadUntilAsync(socket, "first\r\n");

        await ScriptedServer.SendAsync(socket, "HTTP/1.1 413 Too large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        socket.Shutdown(SocketShutdown.Send);
        socket.Close();
        for (int i = 0; i < 64; i++)
        {
            await client.SendAsync($"{65536:x}\r\n{new string('x', 65536)}\r\n");
        }

        await client.SendAsync("0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 413 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GET", "HTTP/1.1 204 No\r\n\r\n", 204, "")]
    [InlineData("GET", "HTTP/1.1 304 No\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n", 304, "")]
    [InlineData("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 200, "")]
    [InlineData("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 200, "3\r\nabc\r\n0\r\n\r\n")]
    [InlineData("GET", "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc")]
    public async Task Answers_of_every_form_end_where_they_end(string method, string answer, int status, string body)
    {
        await using var server = new ScriptedServer(answer);
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);

        for (int i = 0; i < 2; i++)
        {
            await client.SendAsync($"{method} / HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
            string head = await client.ReadHeadAsync();
            Assert.StartsWith($"HTTP/1.1 {status} ", head, StringComparison.Ordinal);
            Assert.Equal(body, Encoding.Latin1.GetString(await client.ReadAsync(body.Length)));
            Assert.Equal(answer.Contains("Length: 5", StringComparison.Ordinal), head.Contains("\r\nContent-Length: 5", StringComparison.Ordinal));
        }

        // Both went by one connection.
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task An_answer_that_ends_with_its_connection_ends()
    {
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            await ScriptedServer.SendAsync(socket, "HTTP/1.0 200 OK\r\n\r\nuntil the end");
            socket.Close();
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);
        using HttpClient client = ClientFor("1.1");

        Assert.Equal("until the end", await client.GetStringAsync(new Uri($"http://{gateway.Authority}/")));
    }

    [Fact]
    public async Task Fields_at_the_end_of_an_answer_reach_clients_of_http_2()
    {
        await using var server = new ScriptedServer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 7\r\nContent-Length: 9\r\n\r\n");
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);
        using HttpClient client = ClientFor("2.0");
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{gateway.Authority}/") { Version = new Version(2, 0), VersionPolicy = HttpVersionPolicy.RequestVersionExact };

        using HttpResponseMessage answer = await client.SendAsync(request);

        Assert.Equal("abc", await answer.Content.ReadAsStringAsync());
        Assert.Equal("x-sum: 7", Assert.Single(answer.TrailingHeaders.Select(field => $"{field.Key}: {string.Join(',', field.Value)}")), ignoreCase: true);
    }

    [Theory]
    [InlineData("", 1)]
    [InlineData("<http.keepalive>disabled</http.keepalive>", 4)]
    public async Task Connections_are_used_again_unless_that_is_not_wanted(string options, int connections)
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin, connectOptions: options);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);

        for (int i = 0; i < 4; i++)
        {
            await client.SendAsync($"GET /{i} HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
            await client.ReadHeadAsync();
            await client.ReadAsync(2);
        }

        Assert.Equal(4, server.Requests.Length);
        Assert.Equal(connections, server.Connections);
        Assert.Equal(connections > 1, server.Requests[0].Contains("\r\nConnection: close\r\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_more_connections_are_kept_than_are_to_be()
    {
        // Each loop keeps one, and there are two loops.
        var all = new TaskCompletionSource();
        int waiting = 0;
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            if (Interlocked.Increment(ref waiting) == 8)
            {
                all.SetResult();
            }

            await all.Task.WaitAsync(s_patience);
            await ScriptedServer.SendAsync(socket, ScriptedServer.Ok);
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin, connectOptions: "<http.keepalive.connections>1</http.keepalive.connections>");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\n\r\n")));
        Assert.Equal(8, server.Connections);
        for (int i = 0; i < 8; i++)
        {
            await gateway.AskAsync("GET / HTTP/1.1\r\nHost: {h}\r\n\r\n");
        }

        Assert.InRange(server.Connections, 8, 10);
    }

    [Fact]
    public async Task A_connection_that_the_back_end_has_closed_meanwhile_is_not_a_failure()
    {
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            await ScriptedServer.SendAsync(socket, ScriptedServer.Ok);
            socket.Close();
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);

        for (int i = 0; i < 200; i++)
        {
            await client.SendAsync($"GET / HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");
            string head = await client.ReadHeadAsync();
            Assert.True(head.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal), $"{i}: {head}\n{string.Join('\n', gateway.Log.Lines)}");
            await client.ReadAsync(2);
        }

        Assert.Empty(gateway.Log.At(LogLevel.Warning));
    }

    [Fact]
    public async Task Who_does_not_read_holds_the_back_end_back()
    {
        long sent = 0;
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            await ScriptedServer.SendAsync(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n");
            byte[] piece = new byte[64 * 1024];
            while (true)
            {
                Interlocked.Add(ref sent, await socket.SendAsync(piece));
            }
        });
        await using ServedText gateway = await HttpProxyTests.StartAsync("/", server.Origin);
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint, receiveBuffer: 8 * 1024);
        await client.SendAsync($"GET / HTTP/1.1\r\nHost: {gateway.Authority}\r\n\r\n");

        // Until nothing moves any more: what is on the way are the buffers of two sockets, and the gateway's.
        long before = -1;
        while (Volatile.Read(ref sent) != before || before == 0)
        {
            before = Volatile.Read(ref sent);
            await Task.Delay(500);
        }

        Assert.InRange(before, 1, 32 * 1024 * 1024);
    }

    private static HttpClient ClientFor(string version) =>
        new(new SocketsHttpHandler { UseProxy = false }) { DefaultRequestVersion = new Version(version), DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact, Timeout = s_patience };

    private static async Task<string> ReadUntilAsync(Socket socket, string end)
    {
        var received = new StringBuilder();
        byte[] buffer = new byte[64 * 1024];
        using var timeout = new CancellationTokenSource(s_patience);
        while (!received.ToString().EndsWith(end, StringComparison.Ordinal))
        {
            int count = await socket.ReceiveAsync(buffer, timeout.Token);
            Assert.True(count > 0, $"The gateway ended after: {received}");
            received.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return received.ToString();
    }

    private static string OriginOf(WebApplication server) => $"{server.Urls.Single()}/";

    /// <summary>A real server of HTTP.</summary>
    private static async Task<WebApplication> StartServerAsync(RequestDelegate handle)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        WebApplication server = builder.Build();
        server.Run(handle);
        await server.StartAsync();
        return server;
    }
}
