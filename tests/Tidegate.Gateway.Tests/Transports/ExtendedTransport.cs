using System.Net.WebSockets;
using System.Text;
using Tidegate.Gateway.Tests.Clients;

namespace Tidegate.Gateway.Tests.Transports;

/// <summary>A WebSocket in which another handshake follows, as the libraries of the old gateway open one (docs/spec/clients.md, chapter 1).</summary>
internal sealed class ExtendedTransport : NativeTransport
{
    private static readonly byte[] s_stay = [0xef, 0x83, 0xbf, (byte)'N'];

    internal static async Task<TransportClient> OpenAsync(RunningGateway gateway, string path)
    {
        var client = new ExtendedTransport();
        client.Socket.Options.AddSubProtocol("x-kaazing-handshake");
        await client.ConnectAsync(gateway, $"{path}?.kl=Y");
        Assert.Equal(s_stay, (await client.ReceiveAsync())!.Value.Data);
        await client.SendAsync(WebSocketMessageType.Text, Encoding.ASCII.GetBytes(ClientWire.Request(path, extensions: "")));
        var answer = new StringBuilder();
        while (await client.ReceiveAsync() is { Data: { Length: > 0 } part })
        {
            answer.Append(Encoding.ASCII.GetString(part));
        }

        Assert.StartsWith("HTTP/1.1 101 ", answer.ToString(), StringComparison.Ordinal);
        Assert.Equal(s_stay, (await client.ReceiveAsync())!.Value.Data);
        return client;
    }
}
