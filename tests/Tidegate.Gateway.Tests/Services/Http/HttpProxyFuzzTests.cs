using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging;
using Xunit.Abstractions;

namespace Tidegate.Gateway.Tests.Services.Http;

/// <summary>
/// Clients and servers of an <c>http.proxy</c> that send anything: 3 s for each side from a printed seed, or a million inputs where TIDEGATE_LONG=1.
/// TIDEGATE_FUZZ_SEED repeats a run.
/// </summary>
public sealed class HttpProxyFuzzTests(ITestOutputHelper output)
{
    private const int LongRun = 1_000_000;
    private const int Clients = 4;

    private static readonly string[] s_requests =
    [
        "GET /app/ HTTP/1.1\r\n", "POST /app/x HTTP/1.1\r\n", "HEAD /app/?a=b HTTP/1.1\r\n", "GET /app HTTP/1.0\r\n", "Host: {h}\r\n", "Host: {h}\r\n", "Host: {h}\r\n", "Host: x\r\n",
        "Content-Length: 3\r\n", "Content-Length: 0\r\n", "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "Connection: close\r\n", "Connection: Upgrade\r\n",
        "Upgrade: websocket\r\n", "Sec-WebSocket-Version: 13\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Via: 1.1 x\r\n", "Forwarded: for=x\r\n", "Cookie: a=b\r\n",
        "\r\n", "\r\n", "3\r\nabc\r\n0\r\n\r\n", "abc", "\r", "\n", " ", "\0", "\u00ff", ":", "/..%2f/", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];

    private static readonly string[] s_answers =
    [
        "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 101 Go\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 304 No\r\n", "HTTP/1.0 302 Found\r\n", "HTTP/2 200\r\n", "Content-Length: 3\r\n",
        "Content-Length: 0\r\n", "Content-Length: -3\r\n", "Transfer-Encoding: chunked\r\n", "Location: /x\r\n", "Location: //x\r\n", "Set-Cookie: a=b; Path=/\r\n", "Connection: close\r\n", "Trailer: X\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "\r\n", "\r\n", "\r\n", "3\r\nabc\r\n", "0\r\n\r\n", "0\r\nX: y\r\n\r\n", "abc",
        "\r", "\n", " folded\r\n", "\0", "\u00ff", "X: \u00e4\r\n", ":\r\n", "ffffffffffffffff\r\n",
    ];

    [Fact]
    public async Task Whatever_clients_send_the_gateway_serves_the_next_one()
    {
        await using var server = new ScriptedServer(ScriptedServer.Ok);
        await using ServedText gateway = await StartAsync(server.Origin);

        await RunAsync(async random =>
        {
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            await client.SendAsync(Next(random, s_requests).Replace("{h}", gateway.Authority, StringComparison.Ordinal));
            client.Socket.Shutdown(SocketShutdown.Send);
            await client.ReadToEndAsync();
        });

        Assert.StartsWith("HTTP/1.1 200 ", await gateway.AskAsync("GET /app/ HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Empty(gateway.Log.At(LogLevel.Error));
        Assert.All(server.Requests, request => Assert.Contains($"\r\nHost: 127.0.0.1:{server.Port}\r\n", request, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whatever_servers_send_each_client_gets_an_answer_or_an_end_and_the_next_one_is_served()
    {
        string next = ScriptedServer.Ok;
        bool goesOn = true;
        await using var server = new ScriptedServer(async (_, socket) =>
        {
            await ScriptedServer.SendAsync(socket, Volatile.Read(ref next));
            if (!Volatile.Read(ref goesOn))
            {
                socket.Shutdown(SocketShutdown.Send);
            }
        });
        await using ServedText gateway = await StartAsync(server.Origin);

        await RunAsync(async random =>
        {
            Volatile.Write(ref next, Next(random, s_answers));
            Volatile.Write(ref goesOn, false);
            using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
            await client.SendAsync(random.Next(3) > 0
                ? $"GET /app/ HTTP/1.1\r\nHost: {gateway.Authority}\r\nConnection: close\r\n\r\n"
                : RawClient.Handshake(gateway.Port, "/app/", "Origin: http://" + gateway.Authority + "\r\n"));
            client.Socket.Shutdown(SocketShutdown.Send);
            await client.ReadToEndAsync();
        });

        Volatile.Write(ref next, ScriptedServer.Ok);
        Volatile.Write(ref goesOn, true);
        Assert.StartsWith("HTTP/1.1 200 ", await gateway.AskAsync("GET /app/ HTTP/1.1\r\nHost: {h}\r\n\r\n"), StringComparison.Ordinal);
        Assert.Empty(gateway.Log.At(LogLevel.Error));
    }

    private static Task<ServedText> StartAsync(string connect) =>
        HttpProxyTests.StartAsync("/app/", connect, "<use-forwarded>inject</use-forwarded><idle-timeout>10 s</idle-timeout>");

    /// <summary>Several at a time, until the time is over.</summary>
    private async Task RunAsync(Func<Random, Task> attempt)
    {
        bool isLong = Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1";
        string? given = Environment.GetEnvironmentVariable("TIDEGATE_FUZZ_SEED");
        int seed = given is null ? Random.Shared.Next() : int.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"seed {seed}");
        long start = Stopwatch.GetTimestamp();
        int inputs = 0;
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(async i =>
        {
            var random = new Random(seed + i);
            while (isLong ? Volatile.Read(ref inputs) < LongRun : Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(3))
            {
                await attempt(random);
                Interlocked.Increment(ref inputs);
            }
        }));
        output.WriteLine($"{inputs} inputs");
        Assert.True(inputs > 0);
    }

    private static string Next(Random random, string[] pieces)
    {
        var text = new StringBuilder(random.Next(4) > 0 ? pieces[random.Next(3)] : "");
        for (int count = random.Next(10); count > 0; count--)
        {
            text.Append(pieces[random.Next(pieces.Length)]);
        }

        text.Append(random.Next(4) > 0 ? "\r\n\r\n" : "");
        if (random.Next(4) == 0 && text.Length > 0)
        {
            text[random.Next(text.Length)] = (char)random.Next(256);
        }

        return text.ToString();
    }
}
