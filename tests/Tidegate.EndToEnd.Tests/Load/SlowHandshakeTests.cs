using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Load;

/// <summary>Requests that are too slow or too long.</summary>
public sealed class SlowHandshakeTests
{
    private const string Accept = "ws://127.0.0.1:0/echo";

    // How long a request's head may take.
    private static readonly TimeSpan s_headTimeout = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_handshake_that_comes_a_byte_a_second_is_ended_by_the_limit()
    {
        await using GatewayProcess gateway = await StartAsync(Service("echo", Accept));
        IPEndPoint port = gateway.ServedAt(Accept);

        TimeSpan[] lasted = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => DripAsync(port)));

        // Not at once: a slow network is no crime.
        Assert.All(lasted, time => Assert.InRange(time, s_headTimeout - TimeSpan.FromSeconds(1), s_headTimeout + TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_head_over_the_limit_is_answered_with_431()
    {
        await using GatewayProcess gateway = await StartAsync(Service("echo", Accept));

        Assert.StartsWith("HTTP/1.1 431 ", await AskAsync(gateway, "/echo", $"X-Long: {new string('x', 40_000)}\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 431 ", await AskAsync(gateway, "/echo", string.Concat(Enumerable.Range(0, 200).Select(i => $"X-{i}: x\r\n"))), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 101 ", await AskAsync(gateway, "/echo", $"X-Long: {new string('x', 20_000)}\r\n"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_line_over_the_limit_is_answered_with_414()
    {
        await using GatewayProcess gateway = await StartAsync(Service("echo", Accept));

        Assert.StartsWith("HTTP/1.1 414 ", await AskAsync(gateway, "/echo?" + new string('x', 10_000), ""), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 101 ", await AskAsync(gateway, "/echo?" + new string('x', 5_000), ""), StringComparison.Ordinal);
    }

    /// <summary>Sends a request a byte a second, and returns how long the gateway bore it.</summary>
    private static async Task<TimeSpan> DripAsync(IPEndPoint port)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(port, Patience.Token);

        // Asked for once: a client whose connection has ended gives none.
        NetworkStream stream = client.GetStream();
        long began = Stopwatch.GetTimestamp();
        using var ended = new CancellationTokenSource();
        Task dripping = Task.Run(async () =>
        {
            try
            {
                foreach (byte b in Encoding.ASCII.GetBytes(Head(port, "/echo", "")))
                {
                    await stream.WriteAsync(new[] { b }, ended.Token);
                    await Task.Delay(TimeSpan.FromSeconds(1), ended.Token);
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // That is what is waited for.
            }
        });
        string answer = await ReadToEndAsync(stream);
        TimeSpan lasted = Stopwatch.GetElapsedTime(began);
        await ended.CancelAsync();
        await dripping;
        Assert.True(answer.Length == 0 || answer.StartsWith("HTTP/1.1 408 ", StringComparison.Ordinal), answer);
        return lasted;
    }

    /// <summary>The first bytes of the answer to a handshake.</summary>
    private static async Task<string> AskAsync(GatewayProcess gateway, string target, string headers)
    {
        IPEndPoint port = gateway.ServedAt(Accept);
        using var client = new TcpClient();
        await client.ConnectAsync(port, Patience.Token);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(Head(port, target, headers)), Patience.Token);
        var start = new byte[13];
        await client.GetStream().ReadExactlyAsync(start, Patience.Token);
        return Encoding.ASCII.GetString(start);
    }

    private static async Task<string> ReadToEndAsync(NetworkStream stream)
    {
        try
        {
            using var reader = new StreamReader(stream, Encoding.ASCII);
            return await reader.ReadToEndAsync(Patience.Token);
        }
        catch (IOException e) when (e.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            return "";
        }
    }

    private static string Head(IPEndPoint port, string target, string headers) =>
        $"GET {target} HTTP/1.1\r\nHost: {port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        + $"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{headers}\r\n";
}
