using System.Collections.Immutable;
using Tidegate.Engine.Fanout;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>The <c>broadcast</c> service type.</summary>
internal sealed class BroadcastDescription : ServiceTypeDescription
{
    private static readonly BroadcastOptions s_defaults = new();

    private static readonly Setting<bool> s_onClientMessage = new(
        "on.client.message", new ChoiceFormat<bool>(("noop", false), ("broadcast", true)), s_defaults.SharesClientMessages,
        "What becomes of the messages of clients: nothing, or they too go to all clients, the sender included. They never go to the feed.");

    private static readonly Setting<TimeSpan> s_reconnectDelay = new(
        "reconnect.delay", new MillisecondsFormat(), s_defaults.ReconnectDelay,
        "The longest pause between attempts to reach a feed that is lost, in milliseconds. The first is a tenth of it, and each is twice the one before.");

    private static readonly Setting<bool> s_disconnectClients = new(
        "disconnect.clients.on.reconnect", new ChoiceFormat<bool>(("false", false), ("true", true)), s_defaults.DisconnectsClients,
        "Whether all clients are closed when a feed is lost, so that they notice, and begin anew.");

    private static readonly Setting<StreamFraming> s_framing = new(
        "framing",
        new ChoiceFormat<StreamFraming>(("none", StreamFraming.None), ("line", StreamFraming.Line), ("length", StreamFraming.Length)),
        s_defaults.Framing,
        "What is a message where bytes come over tcp, ssl or a pipe: what arrives together, each line (text where it is UTF-8), or what four bytes in front tell the length of "
        + "(the highest first). Clients that are such streams themselves get messages in the same way.");

    private static readonly Setting<int> s_maximumPendingBytes = new(
        "maximum.pending.bytes", new DataSizeFormat(), s_defaults.MaximumPendingBytes,
        "How many bytes of messages may wait for one client. Those that wait are held once, however many clients wait for them.");

    private static readonly Setting<SlowSubscriber> s_slowClient = new(
        "slow.client", new ChoiceFormat<SlowSubscriber>(("close", SlowSubscriber.Close), ("drop-oldest", SlowSubscriber.DropOldest)), s_defaults.SlowClient,
        "What becomes of a client for which more than maximum.pending.bytes wait: it is closed (1008), or misses the oldest messages.");

    private static readonly Setting<GatewayUri> s_accept = new(
        "accept", new GatewayUriFormat(UriUse.Accept, UriScheme.Tcp, UriScheme.Ssl, UriScheme.Ws, UriScheme.Wss, UriScheme.Pipe),
        "Where a feed may connect to, instead of being connected to. Whoever can connect there speaks to all clients.");

    internal override string Name => "broadcast";

    internal override string Documentation => "Sends every message of a back-end, the feed, to all clients.";

    internal override UriScheme[] AcceptSchemes => [UriScheme.Ws, UriScheme.Wss, UriScheme.Sse, UriScheme.SecureSse, UriScheme.Tcp, UriScheme.Ssl, UriScheme.Pipe];

    internal override UriScheme[] ConnectSchemes => [UriScheme.Tcp, UriScheme.Ssl, UriScheme.Ws, UriScheme.Wss, UriScheme.Pipe];

    internal override int MinimumAccepts => 0;

    internal override int MaximumConnects => 64;

    internal override SettingGroup Properties { get; } = new(
        "the properties of a broadcast service",
        [s_onClientMessage, s_reconnectDelay, s_disconnectClients, s_framing, s_maximumPendingBytes, s_slowClient, s_accept],
        NotServedYet.Nothing);

    internal override ImmutableArray<ServiceAddress> AcceptsIn(SettingValues properties) => FeedAcceptIn(properties) is { } accept ? [accept] : [];

    // Without one there is nothing to send; where the feed connects by itself, nothing needs to be connected to.
    internal override int MinimumConnectsWith(SettingValues properties) => properties.Has(s_accept) ? 0 : 1;

    internal override Service Create(ServiceConfiguration configuration, ServiceContext context) => new BroadcastService(configuration, context);

    internal override ServiceOptions ReadOptions(ServiceProperties properties) => new BroadcastOptions
    {
        SharesClientMessages = properties.Values.Get(s_onClientMessage),
        ReconnectDelay = properties.Values.Get(s_reconnectDelay),
        DisconnectsClients = properties.Values.Get(s_disconnectClients),
        Framing = properties.Values.Get(s_framing),
        MaximumPendingBytes = properties.Values.Get(s_maximumPendingBytes),
        SlowClient = properties.Values.Get(s_slowClient),
        FeedAccept = FeedAcceptIn(properties.Values),
    };

    internal override SettingValues TakeOptions(ServiceOptions options)
    {
        var broadcast = (BroadcastOptions)options;
        return new SettingValues()
            .With(s_onClientMessage, (bool?)broadcast.SharesClientMessages)
            .With(s_reconnectDelay, (TimeSpan?)broadcast.ReconnectDelay)
            .With(s_disconnectClients, (bool?)broadcast.DisconnectsClients)
            .With(s_framing, (StreamFraming?)broadcast.Framing)
            .With(s_maximumPendingBytes, (int?)broadcast.MaximumPendingBytes)
            .With(s_slowClient, (SlowSubscriber?)broadcast.SlowClient)
            .With(s_accept, broadcast.FeedAccept?.Uri);
    }

    private static ServiceAddress? FeedAcceptIn(SettingValues properties) => properties.All(s_accept)
        .Select(accept => new ServiceAddress(accept.Value, accept.Position) { IsForFeeds = true })
        .FirstOrDefault();
}
