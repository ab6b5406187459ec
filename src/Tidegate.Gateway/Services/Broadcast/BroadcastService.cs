using System.Collections.Immutable;
using Tidegate.Engine.Fanout;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>Sends every message of a feed to all clients.</summary>
internal sealed class BroadcastService : Service
{
    private readonly FeedConnector? _connector;
    private volatile bool _isStopping;

    internal BroadcastService(ServiceConfiguration configuration, ServiceContext context)
        : base(configuration)
    {
        Options = (BroadcastOptions)configuration.Options;
        Log = new BroadcastLog(configuration.Name, Options.MaximumPendingBytes, context.Time, context.Logger);
        Hub = new FanoutHub(context.Loops, new FanoutOptions
        {
            MaximumPendingBytes = Options.MaximumPendingBytes,
            SlowSubscriber = Options.SlowClient,
            Closing = Log.Closing,
            Dropped = Log.Dropped,
            CaughtUp = Publishers.Resume,
        });
        ImmutableArray<BackEnd> backEnds = [.. configuration.Connects.Select(connect => new BackEnd(connect, configuration, context.Tls, context.Pipes))];
        _connector = backEnds.IsEmpty ? null : new FeedConnector(this, backEnds, context);
    }

    internal BroadcastOptions Options { get; }

    internal FanoutHub Hub { get; }

    internal Publishers Publishers { get; } = new();

    internal BroadcastLog Log { get; }

    /// <summary>True once the gateway stops: feeds that end are not lost then.</summary>
    internal bool IsStopping => _isStopping;

    internal override Task StartAsync(CancellationToken cancellation)
    {
        _connector?.Start();
        return Task.CompletedTask;
    }

    internal override Service EntranceFor(ServiceAddress accept) =>
        accept.IsForFeeds ? new FeedEntrance(Configuration, ReceiveFeed) { Protection = Protection } : this;

    internal override void OnSession(Session session) => Hub.Subscribe(session, Options.SharesClientMessages ? new ClientMessages(this) : null);

    public override ValueTask DisposeAsync()
    {
        _isStopping = true;
        _connector?.Stop();
        return ValueTask.CompletedTask;
    }

    private void ReceiveFeed(Session session)
    {
        // One that comes through a pipe has no address.
        string name = session.RemoteEndPoint?.ToString() ?? Options.FeedAccept!.Uri.ToString();
        Log.FeedJoined(name);
        session.Handler = new Feed(
            name, Configuration.AcceptOptions.MaximumMessageSize, this, () =>
            {
                if (Options.DisconnectsClients && !_isStopping)
                {
                    Hub.CloseAll(Engine.WebSocket.CloseStatus.GoingAway, "the feed is lost");
                }
            });
        session.Start();
    }
}
