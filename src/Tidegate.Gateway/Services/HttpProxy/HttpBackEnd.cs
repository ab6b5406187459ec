using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Tidegate.Engine.Loops;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>One <c>connect</c> of an <c>http.proxy</c>: its idle connections, and whether it can be reached.</summary>
internal sealed class HttpBackEnd : IDisposable
{
    // After the first failure a back-end is left alone for a second, then for twice that, and so on.
    private static readonly TimeSpan s_firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_longestPause = TimeSpan.FromSeconds(10);

    private readonly BackEndPlace _place;
    private readonly ConnectOptions _options;
    private readonly TimeProvider _time;
    private readonly BackEndWatch? _watch;
    private readonly Lock _gate = new();
    private readonly ImmutableDictionary<EventLoop, Stack<BackEndClient>> _idle;
    private TimeSpan _pause = s_firstPause;
    private long? _pausedAt;
    private int _underWay;
    private bool _isDisposed;

    /// <exception cref="GatewayStartException">It is to come from an address that this machine does not have, or its transport is not served.</exception>
    internal HttpBackEnd(ServiceAddress connect, ServiceConfiguration service, ServiceContext context, Action reachableChanged)
    {
        Uri = connect.Uri;
        _options = service.ConnectOptions;
        _time = context.Time;
        _place = new BackEndPlace(connect, service, context.Tls, context.Pipes, new WebSocketOptions());
        _idle = context.Loops.All.ToImmutableDictionary(loop => loop, _ => new Stack<BackEndClient>());
        Failures = new ConnectFailureLog(Uri.ToString(), service.Name, context.Time, context.Logger);
        TimeSpan interval = ((HttpProxyOptions)service.Options).MaximumRecoveryInterval;
        if (interval > TimeSpan.Zero)
        {
            _watch = new BackEndWatch(context.Loops.All[0], interval, Probe, _ => reachableChanged());
        }
    }

    internal GatewayUri Uri { get; }

    /// <summary>What the log says of it.</summary>
    internal ConnectFailureLog Failures { get; }

    /// <summary>How many requests and WebSockets are with it.</summary>
    internal int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>False where it is known that nobody is there; always true where nobody looks.</summary>
    internal bool IsReachable => _watch?.IsReachable ?? true;

    internal void Start() => _watch?.Start();

    /// <summary>
    /// Whether a request may try it that has a choice. While a back-end can not be reached, one request at a time finds out whether it is back, and
    /// others do not wait for that.
    /// </summary>
    internal bool MayTry()
    {
        lock (_gate)
        {
            if (_pausedAt is not { } since)
            {
                return IsReachable;
            }

            if (_time.GetElapsedTime(since) < _pause)
            {
                return false;
            }

            _pausedAt = _time.GetTimestamp();
            return true;
        }
    }

    internal void BeginUse() => Interlocked.Increment(ref _underWay);

    internal void EndUse() => Interlocked.Decrement(ref _underWay);

    /// <summary>A connection on this loop, or what will open one.</summary>
    internal BackEndClient Rent(EventLoop loop)
    {
        lock (_gate)
        {
            if (_idle[loop].TryPop(out BackEndClient? kept))
            {
                return kept;
            }
        }

        return new BackEndClient(_place, loop, _options);
    }

    /// <summary>Takes back a connection whose request is over in order.</summary>
    internal void Return(BackEndClient client)
    {
        lock (_gate)
        {
            Stack<BackEndClient> idle = _idle[client.Loop];
            if (!_isDisposed && _options.Keepalive && idle.Count < _options.KeepaliveConnections)
            {
                idle.Push(client);
                return;
            }
        }

        client.Dispose();
    }

    /// <summary>It could be connected to, and has answered.</summary>
    internal void OnAnswered()
    {
        lock (_gate)
        {
            _pausedAt = null;
            _pause = s_firstPause;
        }

        Failures.OnSucceeded();
        if (_watch is { IsReachable: false } watch)
        {
            watch.OnConnected();
            watch.OnDisconnected();
        }
    }

    /// <summary>It could not be connected to.</summary>
    internal void OnUnreachable(string fault)
    {
        lock (_gate)
        {
            _pause = _pausedAt is null ? s_firstPause : _pause * 2 < s_longestPause ? _pause * 2 : s_longestPause;
            _pausedAt = _time.GetTimestamp();
        }

        Failures.OnFailed(fault);
        _watch?.OnConnectFailed();
    }

    public void Dispose()
    {
        _watch?.Stop();
        BackEndClient[] idle;
        lock (_gate)
        {
            _isDisposed = true;
            idle = [.. _idle.Values.SelectMany(clients => clients)];
            foreach (Stack<BackEndClient> clients in _idle.Values)
            {
                clients.Clear();
            }
        }

        Array.ForEach(idle, client => client.Dispose());
    }

    /// <summary>Connects and closes again, to see whether anything is there.</summary>
    private void Probe(EventLoop loop, Action<bool> completed) => _place.Connect(loop, (connection, fault) =>
    {
        if (connection is null)
        {
            Failures.OnFailed(fault);
            _watch!.OnConnectFailed();
        }
        else
        {
            connection.Close(BackEnd.CloseTimeout);
            Failures.OnSucceeded();
            lock (_gate)
            {
                _pausedAt = null;
                _pause = s_firstPause;
            }

            _watch!.OnConnected();
            _watch.OnDisconnected();
        }

        completed(connection is not null);
    });
}
