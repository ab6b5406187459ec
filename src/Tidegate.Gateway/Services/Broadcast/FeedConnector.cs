using System.Collections.Immutable;
using System.Diagnostics;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Services.Broadcast;

/// <summary>
/// Keeps a session to the feed open: to the first connect that can be reached, and again when it is lost. The pauses between attempts are a tenth of
/// <c>reconnect.delay</c>, then twice the one before, up to <c>reconnect.delay</c>.
/// </summary>
internal sealed class FeedConnector
{
    // So that a delay of nothing does not keep a core busy.
    private static readonly TimeSpan s_shortest = TimeSpan.FromMilliseconds(10);

    private readonly BroadcastService _service;
    private readonly ImmutableArray<BackEnd> _backEnds;
    private readonly ImmutableArray<ConnectFailureLog> _failures;
    private readonly EventLoop _loop;
    private readonly TimeSpan _longest;
    private readonly TimeSpan _first;
    private TimeSpan _pause;
    private Session? _session;

    internal FeedConnector(BroadcastService service, ImmutableArray<BackEnd> backEnds, ServiceContext context)
    {
        _service = service;
        _backEnds = backEnds;
        _failures = [.. backEnds.Select(backEnd => new ConnectFailureLog(backEnd.Uri.ToString(), service.Configuration.Name, context.Time, context.Logger))];
        _loop = context.Loops.All[0];
        _longest = Max(service.Options.ReconnectDelay, s_shortest);
        _pause = _first = Max(_longest / 10, s_shortest);
    }

    internal void Start() => _loop.Post(() => Connect(0));

    /// <summary>Closes the session; the service says by now that it is stopping, and no other follows.</summary>
    internal void Stop() => _loop.Post(() => _session?.Close(CloseStatus.GoingAway, "the gateway stops"));

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    private void Connect(int index)
    {
        if (_service.IsStopping)
        {
            return;
        }

        _backEnds[index].Connect(_loop, null, (session, error) =>
        {
            if (session is null)
            {
                _failures[index].OnFailed(error);
                if (index + 1 < _backEnds.Length)
                {
                    Connect(index + 1);
                }
                else
                {
                    ConnectLater();
                }

                return;
            }

            _failures[index].OnSucceeded();
            Receive(session, _backEnds[index].Uri.ToString());
        });
    }

    private void Receive(Session session, string uri)
    {
        if (_service.IsStopping)
        {
            session.Abort();
            return;
        }

        long began = Stopwatch.GetTimestamp();
        _session = session;
        Feed? feed = null;
        feed = new Feed(uri, _service.Configuration.ConnectOptions.MaximumMessageSize, _service, () =>
        {
            _session = null;

            // One that only opens and closes is no better than one that can not be reached.
            if (feed!.HasSpoken || Stopwatch.GetElapsedTime(began) > _longest)
            {
                _pause = _first;
            }

            if (_service.Options.DisconnectsClients && !_service.IsStopping)
            {
                _service.Hub.CloseAll(CloseStatus.GoingAway, "the feed is lost");
            }

            ConnectLater();
        });
        session.Handler = feed;
        session.Start();
    }

    private void ConnectLater()
    {
        _loop.Schedule(_pause, static connector => ((FeedConnector)connector!).Connect(0), this);
        _pause = _pause * 2 < _longest ? _pause * 2 : _longest;
    }
}
