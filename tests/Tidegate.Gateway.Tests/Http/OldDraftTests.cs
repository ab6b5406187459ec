using System.Text;

namespace Tidegate.Gateway.Tests.Http;

/// <summary>Clients of the drafts before RFC 6455 (docs/spec/compat.md, chapter 3.5).</summary>
public sealed class OldDraftTests
{
    [Theory]
    [InlineData("GET /echo HTTP/1.1|Upgrade: WebSocket|Connection: Upgrade|Host: {h}|Origin: http://{h}||")]
    // What follows the head is the third key, and no request.
    [InlineData("GET /echo HTTP/1.1|Upgrade: WebSocket|Connection: Upgrade|Host: {h}|Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5|Sec-WebSocket-Key2: 12998 5 Y3 1  .P00||^n:ds[4U")]
    public async Task A_client_of_a_Hixie_draft_is_told_what_it_is_and_what_is_spoken(string request)
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(request.Replace("|", "\r\n", StringComparison.Ordinal).Replace("{h}", $"127.0.0.1:{gateway.Port}", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 400 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Assert.Contains(
            "This is the handshake of an old draft of WebSocket (Hixie 75 or 76). Spoken here is version 13, RFC 6455: use a newer client.",
            Encoding.ASCII.GetString(await client.ReadToEndAsync()),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_version_8_talks_and_closes_as_one_of_version_13_does()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await RawClient.ConnectAsync(gateway.EndPoint);
        await client.SendAsync(RawClient.Handshake(gateway.Port).Replace("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8", StringComparison.Ordinal));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);

        // Both masked with zeros.
        await client.SendAsync((byte[])[0x81, 0x82, 0, 0, 0, 0, (byte)'h', (byte)'i', 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
        Assert.Equal([0x81, 2, (byte)'h', (byte)'i', 0x88, 2, 0x03, 0xe8], await client.ReadToEndAsync());
    }
}
