using Tidegate.Engine.Fanout;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>The properties of a <c>broadcast</c> service.</summary>
public sealed record BroadcastOptions : ServiceOptions
{
    /// <summary><c>on.client.message</c>: true where what a client sends goes to all clients, itself included; false where it is ignored.</summary>
    public bool SharesClientMessages { get; init; }

    /// <summary><c>reconnect.delay</c>: the longest pause between attempts to reach the feed; the first is a tenth of it.</summary>
    public TimeSpan ReconnectDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary><c>disconnect.clients.on.reconnect</c>: whether clients are closed when the feed has been lost.</summary>
    public bool DisconnectsClients { get; init; }

    /// <summary><c>framing</c>: how the messages of a feed that is a stream of bytes are told apart, and how clients of such a kind are to do so.</summary>
    public StreamFraming Framing { get; init; }

    /// <summary><c>maximum.pending.bytes</c>: how many bytes of messages may wait for one client, from 1.</summary>
    public int MaximumPendingBytes { get; init; } = 1024 * 1024;

    /// <summary><c>slow.client</c>: what becomes of a client for which more wait.</summary>
    public SlowSubscriber SlowClient { get; init; }

    /// <summary><c>accept</c>: where a feed may connect to; null where there is no such place.</summary>
    public ServiceAddress? FeedAccept { get; init; }
}
