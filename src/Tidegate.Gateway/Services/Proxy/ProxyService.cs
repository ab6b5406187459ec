using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tidegate.Engine;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Proxy;

/// <summary>Connects each client to a back-end and relays between the two, on one event loop.</summary>
internal sealed partial class ProxyService : Service
{
    private readonly ServiceContext _context;
    private readonly ILogger _logger;
    private readonly ProxyOptions _options;
    private readonly ImmutableArray<BackEnd> _backEnds;
    private readonly ImmutableArray<ConnectFailureLog> _failures;
    private readonly BackEndWatch? _watch;
    private PreparedSessions? _prepared;

    internal ProxyService(ServiceConfiguration configuration, ServiceContext context)
        : base(configuration)
    {
        _context = context;
        _logger = context.Logger;
        _options = (ProxyOptions)configuration.Options;
        _backEnds = [.. configuration.Connects.Select(connect => new BackEnd(connect, configuration, context.Tls, context.Pipes))];
        _failures = [.. _backEnds.Select(backEnd => new ConnectFailureLog(backEnd.Uri.ToString(), configuration.Name, context.Time, context.Logger))];
        if (_options.MaximumRecoveryInterval > TimeSpan.Zero)
        {
            _watch = new BackEndWatch(context.Loops.All[0], _options.MaximumRecoveryInterval, Probe, OnReachableChanged);
        }
    }

    internal override bool IsAccepting => _watch?.IsReachable ?? true;

    internal override Task StartAsync(CancellationToken cancellation)
    {
        if (_options.ConnectStrategy == ConnectStrategy.Prepared)
        {
            EventLoops loops = _context.Loops;
            int count = _options.PreparedConnectionCount;
            if (count > 0 && count < loops.All.Length)
            {
                LogPreparedCountIncreased(count, Configuration.Name, loops.All.Length);
            }

            _prepared = new PreparedSessions(loops, count, (loop, completed) => Connect(loop, null, 0, (session, _) => completed(session)), _watch is null ? null : _watch.OnDisconnected);
        }

        _watch?.Start();
        return Task.CompletedTask;
    }

    internal override void OnSession(Session session)
    {
        var pending = new PendingClient(this, session);
        if (_options.ConnectStrategy == ConnectStrategy.Deferred && !session.OnlyReceives)
        {
            pending.ConnectOnFirstMessage();
        }
        else
        {
            pending.Connect();
        }
    }

    public override ValueTask DisposeAsync()
    {
        _prepared?.Stop();
        _watch?.Stop();
        return ValueTask.CompletedTask;
    }

    /// <summary>Tries the back-ends in order, beginning with one, until a session is open or none is left.</summary>
    private void Connect(EventLoop loop, string? subprotocol, int index, Action<Session?, string> completed)
    {
        _backEnds[index].Connect(loop, subprotocol, (session, error) =>
        {
            if (session is not null)
            {
                _failures[index].OnSucceeded();
                _watch?.OnConnected();
                completed(session, string.Empty);
                return;
            }

            _failures[index].OnFailed(error);
            if (index + 1 < _backEnds.Length)
            {
                Connect(loop, subprotocol, index + 1, completed);
            }
            else
            {
                _watch?.OnConnectFailed();
                completed(null, error);
            }
        });
    }

    /// <summary>Connects and closes again, to see whether anything is there.</summary>
    private void Probe(EventLoop loop, Action<bool> completed) => Connect(loop, null, 0, (session, _) =>
    {
        if (session is not null)
        {
            // Not counted as a connection: it ends at once.
            session.Start();
            session.Close(Engine.WebSocket.CloseStatus.NormalClosure);
            _watch?.OnDisconnected();
        }

        completed(session is not null);
    });

    private void OnReachableChanged(bool reachable)
    {
        string uris = string.Join(", ", _backEnds.Select(backEnd => backEnd.Uri.ToString()));
        if (reachable)
        {
            LogStarting(uris);
        }
        else
        {
            LogQuiescing(uris);
        }

        RaiseAcceptingChanged();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Quiescing service with connect uri '{Uri}'.")]
    private partial void LogQuiescing(string uri);

    [LoggerMessage(Level = LogLevel.Information, Message = "Starting service with connect uri '{Uri}'.")]
    private partial void LogStarting(string uri);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Configured prepared.connection.count {Count} for {Service} service has been increased to number of event loops {Loops}, so that each has one")]
    private partial void LogPreparedCountIncreased(int count, string service, int loops);
}
