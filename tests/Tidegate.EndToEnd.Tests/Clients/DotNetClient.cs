using System.Globalization;
using System.Net.WebSockets;
using System.Text;

namespace Tidegate.EndToEnd.Tests.Clients;

/// <summary>The scenarios of the scripts, with .NET's own client.</summary>
internal static class DotNetClient
{
    // Around the borders of the three length forms of a frame, and what a message may be at most.
    private static readonly int[] s_sizes = [0, 1, 125, 126, 127, 65535, 65536, 1024 * 1024];

    internal static Task RunAsync(string scenario, Uri url, string[] rest) => scenario switch
    {
        "echo" => EchoAsync(url),
        "fragments" => FragmentsAsync(url),
        "ping" => PingAsync(url),
        "close-here" => CloseHereAsync(url, int.Parse(rest[0], CultureInfo.InvariantCulture), rest[1]),
        "close-there" => CloseThereAsync(url, int.Parse(rest[0], CultureInfo.InvariantCulture), rest[1]),
        "too-big" => TooBigAsync(url),
        "subprotocol" => SubprotocolAsync(url),
        "deflate" => DeflateAsync(url, rest[0]),
        "many" => ManyAsync(url),
        _ => throw new ArgumentOutOfRangeException(nameof(scenario), scenario, null),
    };

    private static async Task EchoAsync(Uri url)
    {
        using ClientWebSocket client = await ConnectAsync(url);
        await EchoesAsync(client);
        await CloseAsync(client);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
    }

    private static async Task FragmentsAsync(Uri url)
    {
        using ClientWebSocket client = await ConnectAsync(url);
        foreach (int size in (int[])[8, 1000, 20000])
        {
            foreach ((byte[] message, WebSocketMessageType type) in Messages(size))
            {
                for (int start = 0; start < message.Length; start += 7)
                {
                    int end = Math.Min(start + 7, message.Length);
                    await client.SendAsync(message.AsMemory(start..end), type, end == message.Length, Patience.Token);
                }

                await ExpectAsync(client, message, type);
            }
        }

        await CloseAsync(client);
    }

    /// <summary>The client pings by itself, and ends the connection where no pong comes in time.</summary>
    private static async Task PingAsync(Uri url)
    {
        using ClientWebSocket client = await ConnectAsync(url, options =>
        {
            options.KeepAliveInterval = TimeSpan.FromMilliseconds(100);
            options.KeepAliveTimeout = TimeSpan.FromSeconds(4);
        });
        Task<(byte[], WebSocketMessageType)> message = ReceiveAsync(client);
        // Longer than the client would wait for the answer to its first ping.
        Assert.NotSame(message, await Task.WhenAny(message, Task.Delay(TimeSpan.FromSeconds(6))));
        await client.SendAsync("still here"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token);
        Assert.Equal("still here"u8.ToArray(), (await message).Item1);
        await CloseAsync(client);
    }

    private static async Task CloseHereAsync(Uri url, int code, string reason)
    {
        using ClientWebSocket client = await ConnectAsync(url);
        await client.SendAsync("before"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token);
        await ExpectAsync(client, "before"u8.ToArray(), WebSocketMessageType.Text);
        await client.CloseAsync((WebSocketCloseStatus)code, reason, Patience.Token);
        Assert.Equal(code, (int?)client.CloseStatus);
    }

    private static async Task CloseThereAsync(Uri url, int code, string reason)
    {
        using ClientWebSocket client = await ConnectAsync(url);
        await client.SendAsync(Encoding.UTF8.GetBytes($"close {code} {reason}"), WebSocketMessageType.Text, endOfMessage: true, Patience.Token);
        WebSocketReceiveResult end = await client.ReceiveAsync(new byte[100], Patience.Token);
        Assert.Equal(code, (int?)end.CloseStatus);
        Assert.Equal(reason, end.CloseStatusDescription);
        await client.CloseOutputAsync((WebSocketCloseStatus)code, null, Patience.Token);
    }

    private static async Task TooBigAsync(Uri url)
    {
        using ClientWebSocket client = await ConnectAsync(url);
        Task sending = client.SendAsync(new byte[1024 * 1024 + 1], WebSocketMessageType.Binary, endOfMessage: true, Patience.Token);
        WebSocketReceiveResult end = await client.ReceiveAsync(new byte[100], Patience.Token);
        Assert.Equal(WebSocketCloseStatus.MessageTooBig, end.CloseStatus);
        await sending;
    }

    private static async Task SubprotocolAsync(Uri url)
    {
        using ClientWebSocket client = await ConnectAsync(url, options =>
        {
            options.AddSubProtocol("v9.chat");
            options.AddSubProtocol("v1.chat");
            options.AddSubProtocol("v2.chat");
        });
        Assert.Equal("v2.chat", client.SubProtocol);
        using ClientWebSocket other = await ConnectAsync(url, options => options.AddSubProtocol("v1.chat"));
        Assert.Equal("v1.chat", other.SubProtocol);
    }

    private static async Task DeflateAsync(Uri url, string outcome)
    {
        using ClientWebSocket client = await ConnectAsync(url, options =>
        {
            options.CollectHttpResponseDetails = true;
            options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        });
        Assert.Equal(outcome == "agreed", client.HttpResponseHeaders!.ContainsKey("Sec-WebSocket-Extensions"));
        await EchoesAsync(client);
        await CloseAsync(client);
    }

    private static Task ManyAsync(Uri url) => Task.WhenAll(Enumerable.Range(0, 100).Select(async number =>
    {
        using ClientWebSocket client = await ConnectAsync(url);
        for (int i = 0; i < 20; i++)
        {
            byte[] message = Encoding.UTF8.GetBytes($"{number}/{i}");
            await client.SendAsync(message, WebSocketMessageType.Text, endOfMessage: true, Patience.Token);
            await ExpectAsync(client, message, WebSocketMessageType.Text);
        }

        await CloseAsync(client);
    }));

    private static async Task<ClientWebSocket> ConnectAsync(Uri url, Action<ClientWebSocketOptions>? configure = null)
    {
        var client = new ClientWebSocket();
        configure?.Invoke(client.Options);
        await client.ConnectAsync(url, Patience.Token);
        return client;
    }

    private static async Task EchoesAsync(ClientWebSocket client)
    {
        foreach (int size in s_sizes)
        {
            foreach ((byte[] message, WebSocketMessageType type) in Messages(size))
            {
                // An echo sends while it receives: who sends first and reads afterwards may wait for ever.
                Task sending = client.SendAsync(message, type, endOfMessage: true, Patience.Token);
                await ExpectAsync(client, message, type);
                await sending;
            }
        }
    }

    private static (byte[] Message, WebSocketMessageType Type)[] Messages(int size)
    {
        string text = string.Concat(Enumerable.Repeat("aé漢😀", size / 10)) + new string('x', size % 10);
        var binary = new byte[size];
        for (int i = 0; i < size; i++)
        {
            binary[i] = (byte)(i * 31 + (i >> 8));
        }

        return [(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text), (binary, WebSocketMessageType.Binary)];
    }

    private static async Task ExpectAsync(ClientWebSocket client, byte[] message, WebSocketMessageType type)
    {
        (byte[] back, WebSocketMessageType backType) = await ReceiveAsync(client);
        Assert.Equal(type, backType);
        Assert.True(back.AsSpan().SequenceEqual(message), $"{type} of {message.Length} bytes came back as other {back.Length} bytes.");
    }

    private static async Task<(byte[], WebSocketMessageType)> ReceiveAsync(ClientWebSocket client)
    {
        using var message = new MemoryStream();
        var part = new byte[64 * 1024];
        CancellationToken cancellation = Patience.Token;
        while (true)
        {
            WebSocketReceiveResult result = await client.ReceiveAsync(part, cancellation);
            Assert.NotEqual(WebSocketMessageType.Close, result.MessageType);
            message.Write(part, 0, result.Count);
            if (result.EndOfMessage)
            {
                return (message.ToArray(), result.MessageType);
            }
        }
    }

    private static Task CloseAsync(ClientWebSocket client) => client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Patience.Token);
}
