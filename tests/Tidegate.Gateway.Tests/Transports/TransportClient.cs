using System.Net.WebSockets;

namespace Tidegate.Gateway.Tests.Transports;

/// <summary>A client of a gateway, whatever it speaks: what a service does for it must not depend on that.</summary>
internal abstract class TransportClient : IAsyncDisposable
{
    /// <summary>Longer than anything takes on a machine that is busy with something else.</summary>
    protected static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    /// <summary>Whether the client may send.</summary>
    internal virtual bool Sends => true;

    /// <summary>Whether it can tell text from bytes.</summary>
    internal virtual bool TellsText => true;

    /// <summary>Whether it keeps the boundaries and the bytes of what it is sent; otherwise it gets text.</summary>
    internal virtual bool KeepsBytes => true;

    /// <summary>Whether it is told how a session ends.</summary>
    internal virtual bool HearsStatus => true;

    /// <summary>The transports that send and receive, by name.</summary>
    internal static IEnumerable<string> BothWays { get; } =
    [
        "native", "native over HTTP/2", "extended handshake",
        .. from encoding in (string[])["cb", "cbm", "ct", "ctm", "cte", "ctem"]
           from way in (string[])["streaming", "long-polling"]
           select $"{encoding} {way}",
    ];

    /// <summary>The same, and those that only receive.</summary>
    internal static IEnumerable<string> All { get; } = [.. BothWays, "events"];

    /// <summary>Opens a session of the service at <c>/echo</c>, or of the proxy at <c>/relay</c>.</summary>
    internal static async Task<TransportClient> OpenAsync(RunningGateway gateway, string transport, string path) => transport switch
    {
        "native" => await NativeTransport.OpenAsync(gateway, path, http2: false),
        "native over HTTP/2" => await NativeTransport.OpenAsync(gateway, path, http2: true),
        "extended handshake" => await ExtendedTransport.OpenAsync(gateway, path),
        "events" => await EventTransport.OpenAsync(gateway),
        _ => await EmulatedTransport.OpenAsync(gateway, path, transport.Split(' ')[0], transport.EndsWith("polling", StringComparison.Ordinal)),
    };

    /// <summary>Sends messages, in this order.</summary>
    internal abstract Task SendAsync(WebSocketMessageType kind, params byte[][] messages);

    /// <summary>The next message; null where the session has ended.</summary>
    internal abstract Task<(WebSocketMessageType Kind, byte[] Data)?> ReceiveAsync();

    /// <summary>Closes with a status of the application's.</summary>
    internal abstract Task CloseAsync(int status);

    /// <summary>How the session ended, once <see cref="ReceiveAsync"/> has said that it did; null where it broke off, or nobody says.</summary>
    internal abstract int? EndStatus { get; }

    public abstract ValueTask DisposeAsync();

    /// <summary>Receives until so many bytes have come, whatever the messages are.</summary>
    internal async Task<byte[]> ReceiveBytesAsync(int count)
    {
        var all = new List<byte>();
        while (all.Count < count)
        {
            (WebSocketMessageType Kind, byte[] Data)? message = await ReceiveAsync();
            Assert.True(message is not null, $"The session ended after {all.Count} of {count} bytes.");
            all.AddRange(message.Value.Data);
        }

        return [.. all];
    }
}
