using System.Net.Sockets;
using Tidegate.Engine.Emulation;
using static Tidegate.Gateway.Tests.Clients.EmulatedClient;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>Emulated WebSockets whose clients send more than there is room for.</summary>
public sealed class EmulationLimitTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("", "HTTP/1.1 413 ", "")]
    [InlineData("X-Origin: {origin}\r\n", "HTTP/1.1 200 ", "HTTP/1.1 413 ")]
    public async Task A_body_that_is_too_long_gets_413_and_ends_the_session(string header, string status, string inner)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using EmulatedClient client = await CreateAsync(gateway);
        using RawClient raw = await RawClient.ConnectAsync(gateway.EndPoint);
        await raw.SendAsync(
            $"POST {new Uri(client.Upstream).PathAndQuery} HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\n{header.Replace("{origin}", gateway.Origin, StringComparison.Ordinal)}"
            + $"Content-Length: {(30 * 1024 * 1024) + 1}\r\n\r\n");
        Assert.StartsWith(status, await raw.ReadHeadAsync(), StringComparison.Ordinal);
        if (inner.Length > 0)
        {
            Assert.StartsWith(inner, await raw.ReadHeadAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(404, await client.PostFramesAsync(0x81, 0));
    }

    [Fact]
    public async Task A_back_end_that_does_not_read_holds_the_client_back()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using EmulatedClient client = await CreateAsync(gateway, "/relay/;e/cbm");
        using Socket socket = await backEnd.AcceptAsync();
        byte[] frame = [0x80, 0x83, 0xff, 0x7f, .. new byte[65535]];
        byte[] body = [.. Enumerable.Repeat(frame, 400).SelectMany(one => one)];
        Task<int> posted = client.PostFramesAsync(body);

        // 26 MB do not fit between the two, so sooner or later the session takes no more.
        EmulatedSession session = Assert.Single(gateway.Server.Emulated);
        using (var patience = new CancellationTokenSource(s_patience))
        {
            while (!session.HoldsBack)
            {
                await Task.Delay(10, patience.Token);
            }
        }

        Assert.False(posted.IsCompleted, "the request was answered before the back-end had taken it");
        Task<byte[]> read = BackEndServer.ReadAsync(socket, 400 * 65535);
        Assert.Equal(200, await posted);
        Assert.Equal(400 * 65535, (await read).Length);
    }
}
