using System.Net;
using System.Net.Sockets;
using System.Text;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Security;
using static Tidegate.Gateway.Tests.Clients.ClientWire;

namespace Tidegate.Gateway.Tests.Clients;

/// <summary>
/// What clients do when they are connected, byte by byte: points of docs/spec/clients.md that the tests of the handshake (chapters 1 and 2), the emulation (3) and
/// the bridge (4) leave.
/// </summary>
public sealed class RecordedClientTests
{
    private static readonly byte[] s_escape = [1, 1, 1, 2];

    [Fact]
    public async Task Point_1_8_text_that_begins_like_a_ping_is_announced_both_ways_and_pings_are_answered()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using RawClient client = await ConnectAsync(gateway);

        // The echo is announced as what came was.
        await client.SendAsync((byte[])[.. Frame(0x81, s_escape), .. Frame(0x81, [.. s_escape, 0x09, 0x00])]);
        await client.ExpectAsync([0x81, 4, .. s_escape, 0x81, 6, .. s_escape, 0x09, 0x00]);

        // Not announced it is a ping.
        await client.SendAsync(Frame(0x81, [.. s_escape, 0x09, 0x00]));
        await client.ExpectAsync([0x81, 6, .. s_escape, 0x0a, 0x00]);
    }

    [Fact]
    public async Task Point_1_8_a_silent_client_is_pinged_by_text_and_stays_while_it_answers()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new AcceptOptions { InactivityTimeout = TimeSpan.FromSeconds(2) });
        using RawClient client = await ConnectAsync(gateway);
        for (int i = 0; i < 2; i++)
        {
            await client.ExpectAsync([0x81, 6, .. s_escape, 0x09, 0x00]);
            await client.SendAsync(Frame(0x81, [.. s_escape, 0x0a, 0x00]));
        }

        await client.SendAsync(Frame("x"));
        byte[] message;
        while ((message = (await client.ReadFrameAsync()).Payload).Length == 6)
        {
            // Another ping, where this test is slow.
            await client.SendAsync(Frame(0x81, [.. s_escape, 0x0a, 0x00]));
        }

        Assert.Equal("x"u8, message);
    }

    [Fact]
    public async Task Point_1_9_a_message_that_a_browser_sends_in_frames_of_128_KiB_comes_back_whole()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync(accept: new AcceptOptions { MaximumMessageSize = 1024 * 1024 });
        using RawClient client = await ConnectAsync(gateway);
        byte[] message = new byte[350_000];
        new Random(1).NextBytes(message);
        const int Part = 128 * 1024;
        for (int at = 0; at < message.Length; at += Part)
        {
            byte[] part = message[at..Math.Min(at + Part, message.Length)];
            byte first = (byte)((at == 0 ? 0x02 : 0x00) | (at + Part >= message.Length ? 0x80 : 0x00));
            byte[] head = [first, 0x80 | 127, 0, 0, 0, 0, (byte)(part.Length >> 24), (byte)(part.Length >> 16), (byte)(part.Length >> 8), (byte)part.Length, 0, 0, 0, 0];
            await client.SendAsync((byte[])[.. head, .. part]);
        }

        var received = new List<byte>();
        bool last;
        do
        {
            byte[] head = await client.ReadAsync(2);
            int length = head[1] switch
            {
                126 => (await client.ReadAsync(2)) is var two ? (two[0] << 8) | two[1] : 0,
                127 => (await client.ReadAsync(8)) is var eight ? (int)System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(eight) : 0,
                _ => head[1],
            };
            Assert.Equal(received.Count == 0 ? 2 : 0, head[0] & 0x0f);
            received.AddRange(await client.ReadAsync(length));
            last = head[0] >= 0x80;
        }
        while (!last);
        Assert.Equal(message, received);
    }

    [Fact]
    public async Task Point_1_10_a_client_in_java_asks_for_its_cookies_and_then_opens_a_websocket()
    {
        await using RunningGateway gateway = await RunningGateway.StartAsync();
        using (RawClient cookies = await RawClient.ConnectAsync(gateway.EndPoint))
        {
            await cookies.SendAsync($"GET /echo/;e/cookies?.krn=98765&.kl=Y HTTP/1.1\r\nHost: 127.0.0.1:{gateway.Port}\r\n\r\n");
            Assert.StartsWith("HTTP/1.1 200 ", await cookies.ReadHeadAsync(), StringComparison.Ordinal);
        }

        // What it appends is there twice behind a redirect (chapter 2), and its request is a binary message without pings (point 8).
        using RawClient client = await OpenAsync(gateway, "/echo?.kl=Y&.kl=Y", $"{Offer}Origin: privileged://127.0.0.1:{gateway.Port}\r\n");
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request(extensions: "x-kaazing-idle-timeout"), first: 0x82));
        string response = await client.ReadResponseAsync();
        Assert.StartsWith("HTTP/1.1 101 ", response, StringComparison.Ordinal);
        Assert.DoesNotContain("ping-pong", response, StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame("hi"));
        await client.ExpectAsync(0x81, 2, (byte)'h', (byte)'i');
    }

    [Fact]
    public async Task Chapter_3b_a_client_in_java_that_has_to_log_in_is_asked_by_a_plain_401()
    {
        using var users = new UsersFile();
        await using RunningGateway gateway = await RunningGateway.StartAsync(realm: users.Realm("Application Basic"));
        using EmulatedClient client = EmulatedClient.Stranger();
        string[] headers = ["X-WebSocket-Version: wseb-1.0", "X-Sequence-No: 0", "X-WebSocket-Extensions: ", "X-Accept-Commands: ping"];
        using (HttpResponseMessage asked = await client.SendAsync(HttpMethod.Get, gateway.Origin + "/echo/;e/cbm", null, headers))
        {
            Assert.Equal(HttpStatusCode.Unauthorized, asked.StatusCode);
            Assert.StartsWith("Application Basic realm=", Assert.Single(asked.Headers.NonValidated["WWW-Authenticate"]), StringComparison.Ordinal);
        }

        await client.OpenAsync(gateway.Origin + "/echo/;e/cbm", [.. headers[1..], $"Authorization: {UsersFile.Basic("joe", "welcome")}"]);

        // The id is enough from here on.
        Assert.Equal(200, await client.PostAsync([0x81, 1, (byte)'x', .. EmulatedClient.Reconnect], "X-Sequence-No: 1"));
    }

    [Fact]
    public async Task Chapter_6_frames_of_AMQP_and_messages_of_the_websocket_have_boundaries_of_their_own()
    {
        using var backEnd = new BackEndServer();
        await using RunningGateway gateway = await RunningGateway.StartAsync(backEnd.Port);
        using RawClient client = await ConnectAsync(gateway, path: "/relay");
        using Socket broker = await backEnd.AcceptAsync();
        byte[] header = [.. "AMQP"u8, 0, 0, 9, 1];
        byte[] startOk = [1, 0, 0, 0, 0, 0, 6, 0, 10, 0, 11, 1, 2, 0xce];

        // The header, and a frame in two messages.
        await client.SendAsync((byte[])[.. Frame(0x82, header), .. Frame(0x82, startOk.AsSpan(0, 5).ToArray()), .. Frame(0x82, startOk.AsSpan(5).ToArray())]);
        Assert.Equal((byte[])[.. header, .. startOk], await BackEndServer.ReadAsync(broker, header.Length + startOk.Length));
        await broker.SendAsync(startOk);
        await broker.SendAsync(startOk);
        var received = new List<byte>();
        while (received.Count < 2 * startOk.Length)
        {
            (byte first, byte[] part) frame = await client.ReadFrameAsync();
            Assert.Equal(0x82, frame.first);
            received.AddRange(frame.part);
        }

        Assert.Equal((byte[])[.. startOk, .. startOk], received);
    }

    /// <summary>A client of the library in JavaScript, connected.</summary>
    private static async Task<RawClient> ConnectAsync(RunningGateway gateway, string extensions = "x-kaazing-idle-timeout,x-kaazing-ping-pong", string path = "/echo")
    {
        RawClient client = await OpenAsync(gateway, path + "?.kl=Y");
        await client.ExpectAsync(Stay);
        await client.SendAsync(Frame(Request(path, extensions: extensions)));
        Assert.StartsWith("HTTP/1.1 101 ", await client.ReadResponseAsync(), StringComparison.Ordinal);
        await client.ExpectAsync(Empty);
        await client.ExpectAsync(Stay);
        return client;
    }
}
