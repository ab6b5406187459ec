using Tidegate.Gateway.Services.Echo;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>An echo that sends each message back many times, to clients that read slowly and send much at once.</summary>
public sealed class RepeatedEchoTests
{
    private const int Times = 1000;

    [Fact]
    public async Task Many_messages_at_once_are_all_repeated_in_order_although_the_client_is_slow()
    {
        const int Messages = 100, Length = 100;
        await using RunningGateway gateway = await RunningGateway.StartAsync(echo: new EchoOptions { Repeat = Times });
        // More than the kernel's buffers on the way take, so that the echo has to wait.
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint, receiveBuffer: 16 * 1024);
        await client.SendAsync(RawClient.Handshake(gateway.Port));
        await client.ReadHeadAsync();
        await client.SendAsync((byte[])[.. Enumerable.Range(0, Messages).SelectMany(i => RawClient.Frame(2, Message(i)))]);

        for (int i = 0; i < Messages; i++)
        {
            byte[] expected = [.. Enumerable.Repeat((byte[])[0x82, Length, .. Message(i)], Times).SelectMany(frame => frame)];
            Assert.True((await client.ReadAsync(expected.Length)).AsSpan().SequenceEqual(expected), $"Message {i} came back otherwise.");
        }

        await client.SendAsync(RawClient.Frame(8, [0x03, 0xE9]));
        Assert.Equal([0x88, 2, 0x03, 0xE9], await client.ReadToEndAsync());

        static byte[] Message(int i) => [.. Enumerable.Repeat((byte)i, Length)];
    }
}
