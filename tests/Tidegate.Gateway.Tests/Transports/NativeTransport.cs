using System.Net;
using System.Net.WebSockets;

namespace Tidegate.Gateway.Tests.Transports;

/// <summary>.NET's own WebSocket, over either version of HTTP.</summary>
internal class NativeTransport : TransportClient
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler { UseProxy = false });
    private readonly byte[] _buffer = new byte[16 * 1024];

    protected NativeTransport()
    {
    }

    protected ClientWebSocket Socket { get; } = new();

    internal override int? EndStatus => (int?)Socket.CloseStatus;

    internal static async Task<TransportClient> OpenAsync(RunningGateway gateway, string path, bool http2)
    {
        var client = new NativeTransport();
        if (http2)
        {
            client.Socket.Options.HttpVersion = HttpVersion.Version20;
            client.Socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        }

        await client.ConnectAsync(gateway, path);
        return client;
    }

    internal override async Task SendAsync(WebSocketMessageType kind, params byte[][] messages)
    {
        using var patience = new CancellationTokenSource(Patience);
        foreach (byte[] message in messages)
        {
            await Socket.SendAsync(message, kind, endOfMessage: true, patience.Token);
        }
    }

    internal override async Task<(WebSocketMessageType Kind, byte[] Data)?> ReceiveAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        var message = new List<byte>();
        while (true)
        {
            ValueWebSocketReceiveResult part;
            try
            {
                part = await Socket.ReceiveAsync(_buffer.AsMemory(), patience.Token);
            }
            catch (WebSocketException)
            {
                return null;
            }

            if (part.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            message.AddRange(_buffer.AsSpan(0, part.Count));
            if (part.EndOfMessage)
            {
                return (part.MessageType, [.. message]);
            }
        }
    }

    internal override async Task CloseAsync(int status)
    {
        using var patience = new CancellationTokenSource(Patience);
        await Socket.CloseAsync((WebSocketCloseStatus)status, "the client's words", patience.Token);
    }

    public override ValueTask DisposeAsync()
    {
        Socket.Dispose();
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    protected async Task ConnectAsync(RunningGateway gateway, string path)
    {
        using var patience = new CancellationTokenSource(Patience);
        await Socket.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Port}{path}"), _http, patience.Token);
    }
}
