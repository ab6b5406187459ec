using System.Globalization;
using System.Net.WebSockets;
using static Tidegate.EndToEnd.Tests.Processes.GatewayProcess;

namespace Tidegate.EndToEnd.Tests.Redis;

/// <summary>A real Redis server behind a proxy: its protocol over WebSocket.</summary>
public sealed class RedisTests
{
    private const string Accept = "ws://127.0.0.1:0/redis";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Values_of_up_to_10_megabytes_are_set_and_got(bool compressed)
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using GatewayProcess gateway = await StartGatewayAsync(redis.Port, compressed ? "<ws.compression>enabled</ws.compression>" : "");
        using RespClient client = await RespClient.ConnectAsync(gateway.Served(Accept), compressed);
        byte[][] values = [.. ((int[])[0, 1, 1000, 64 * 1024, 1024 * 1024, 10 * 1024 * 1024]).Select(size =>
        {
            var value = new byte[size];
            new Random(size).NextBytes(value);
            return value;
        })];

        for (int i = 0; i < values.Length; i++)
        {
            await client.SendAsync(RespClient.Command("SET"u8.ToArray(), [(byte)i], values[i]), Patience.Token);
            Assert.Equal("+OK", await client.ReadTextAsync(Patience.Token));
        }

        for (int i = 0; i < values.Length; i++)
        {
            await client.SendAsync(RespClient.Command("GET"u8.ToArray(), [(byte)i]), Patience.Token);
            byte[] got = await client.ReadReplyAsync(Patience.Token);
            int same = got.AsSpan().CommonPrefixLength(values[i]);
            Assert.True(same == values[i].Length && got.Length == same, $"A value of {values[i].Length} bytes came back as {got.Length} bytes, different from byte {same} on.");
        }
    }

    [Fact]
    public async Task A_burst_of_100_000_commands_is_answered_in_order()
    {
        const int Count = 100_000;
        await using RedisServer redis = await RedisServer.StartAsync();
        await using GatewayProcess gateway = await StartGatewayAsync(redis.Port);
        using RespClient client = await RespClient.ConnectAsync(gateway.Served(Accept));
        using var deadline = new CancellationTokenSource(Patience.Long);

        Task sending = Task.Run(async () =>
        {
            // Message borders fall anywhere, in the middle of commands too.
            using var burst = new MemoryStream();
            for (int i = 0; i < Count; i += 2)
            {
                burst.Write(RespClient.Command("SET", $"key:{i % 1000}", $"value {i}"));
                burst.Write(RespClient.Command("GET", $"key:{i % 1000}"));
            }

            byte[] bytes = burst.ToArray();
            for (int start = 0; start < bytes.Length; start += 50_001)
            {
                await client.SendAsync(bytes.AsMemory(start, Math.Min(50_001, bytes.Length - start)), deadline.Token);
            }
        });

        for (int i = 0; i < Count; i += 2)
        {
            Assert.Equal("+OK", await client.ReadTextAsync(deadline.Token));
            Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"value {i}"), await client.ReadTextAsync(deadline.Token));
        }

        await sending;
    }

    [Fact]
    public async Task A_server_that_is_killed_with_a_command_before_it_is_a_close_1014_with_the_reason()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using GatewayProcess gateway = await StartGatewayAsync(redis.Port);
        using RespClient client = await RespClient.ConnectAsync(gateway.Served(Accept));
        await client.SendAsync(RespClient.Command("PING"), Patience.Token);
        Assert.Equal("+PONG", await client.ReadTextAsync(Patience.Token));

        // Stopped, it does not read the command: its kernel has it, and resets the connection when the process ends.
        redis.Process.Signal("STOP");
        await client.SendAsync(RespClient.Command("PING"), Patience.Token);
        await redis.WaitForUnreadAsync();
        await redis.KillAsync();

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReadReplyAsync(Patience.Token));
        Assert.Equal(1014, (int)client.CloseStatus!);
        Assert.Equal("the connection to the back-end broke", client.CloseReason);
    }

    [Fact]
    public async Task A_server_that_is_killed_in_the_middle_of_its_answers_ends_in_a_clean_close_and_no_byte_is_wrong()
    {
        await using RedisServer redis = await RedisServer.StartAsync();
        await using GatewayProcess gateway = await StartGatewayAsync(redis.Port);
        using RespClient idle = await RespClient.ConnectAsync(gateway.Served(Accept));
        await idle.SendAsync(RespClient.Command("PING"), Patience.Token);
        Assert.Equal("+PONG", await idle.ReadTextAsync(Patience.Token));
        using RespClient busy = await RespClient.ConnectAsync(gateway.Served(Accept));
        byte[] value = new byte[1024 * 1024];
        new Random(9).NextBytes(value);
        await busy.SendAsync(RespClient.Command("SET"u8.ToArray(), "k"u8.ToArray(), value), Patience.Token);
        Assert.Equal("+OK", await busy.ReadTextAsync(Patience.Token));
        // So much that most of it can not have been sent yet when the server ends.
        byte[] get = RespClient.Command("GET", "k");
        await busy.SendAsync(Enumerable.Repeat(get, 200).SelectMany(command => command).ToArray(), Patience.Token);
        await busy.ReadReplyAsync(Patience.Token);

        await redis.KillAsync();

        int answers = 1;
        await Assert.ThrowsAsync<EndOfStreamException>(async () =>
        {
            for (; answers < 200; answers++)
            {
                Assert.True((await busy.ReadReplyAsync(Patience.Token)).AsSpan().SequenceEqual(value), $"Answer {answers} has other bytes.");
            }
        });
        // What is left of an answer that was cut is its beginning.
        Assert.Equal(RespClient.Reply(value).AsSpan(0, busy.LastReply.Length), busy.LastReply);
        await Assert.ThrowsAsync<EndOfStreamException>(() => idle.ReadReplyAsync(Patience.Token));

        // The kernel ends the connections of a killed process. Where all commands had been read it sends what the process had given to it
        // and then FIN, as at any end of a stream, so that this is what the client is told. A command that was not read makes it a reset.
        Assert.Equal(WebSocketCloseStatus.NormalClosure, idle.CloseStatus);
        Assert.Contains(
            ((int)busy.CloseStatus!, busy.CloseReason),
            ((int, string?)[])[(1000, ""), (1014, "the connection to the back-end broke")]);

        using RespClient late = await RespClient.ConnectAsync(gateway.Served(Accept));
        await Assert.ThrowsAsync<EndOfStreamException>(() => late.ReadReplyAsync(Patience.Token));
        Assert.Equal(1014, (int)late.CloseStatus!);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_a_close_with_the_reason()
    {
        using var nobody = new DeadPort();
        await using GatewayProcess gateway = await StartGatewayAsync(nobody.Number);

        using RespClient client = await RespClient.ConnectAsync(gateway.Served(Accept));

        await Assert.ThrowsAsync<EndOfStreamException>(() => client.ReadReplyAsync(Patience.Token));
        Assert.Equal(1014, (int)client.CloseStatus!);
        Assert.Equal("no connection to the back-end: connection refused", client.CloseReason);
        await gateway.Process.WaitForLineAsync(
            line => line.StartsWith($"WARN  Connection to tcp://127.0.0.1:{nobody.Number} failed: connection refused", StringComparison.Ordinal));
    }

    private static Task<GatewayProcess> StartGatewayAsync(int redisPort, string options = "") => StartAsync(Service(
        "proxy", Accept,
        $"<connect>tcp://127.0.0.1:{redisPort}</connect><accept-options><ws.maximum.message.size>11M</ws.maximum.message.size>{options}</accept-options>"));
}
