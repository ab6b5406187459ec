using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Control;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Services;
using Tidegate.Gateway.Services.Balancer;

namespace Tidegate.Gateway;

// The two ways in which a gateway ends in order: at once, and by a drain.
public sealed partial class GatewayServer
{
    private readonly Lock _endingGate = new();
    private readonly CancellationTokenSource _hurry = new();
    private readonly TaskCompletionSource<DrainReport?> _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when this gateway has ended in order, whoever asked for it.</summary>
    public Task Ended => _ended.Task;

    /// <summary>
    /// Stops in order: the cluster is told, then accepts are closed, then sessions, these within <see cref="GatewayServerOptions.StopTimeout"/>.
    /// A drain that is under way gives nobody any more time.
    /// </summary>
    public Task StopAsync(CancellationToken cancellation)
    {
        _hurry.Cancel();
        return EndOnce(() => StopNowAsync(cancellation));
    }

    /// <summary>
    /// Leaves politely. What is offered to balancers is withdrawn, and when the other members have heard it, new clients are taken to them,
    /// and those that are here are closed with 1012 evenly over <see cref="GatewayServerOptions.Grace"/>, or sooner where no session is left. Then the accepts
    /// are closed, and this gateway leaves the cluster. Without a cluster there is nobody else for the clients, and this is <see cref="StopAsync"/>.
    /// </summary>
    /// <param name="cancellation">Ends the waiting.</param>
    public Task DrainAsync(CancellationToken cancellation) =>
        EndOnce(() => _member is null ? StopNowAsync(cancellation) : DrainAndEndAsync(cancellation));

    private Task EndOnce(Func<Task> end)
    {
        lock (_endingGate)
        {
            if (_ending is null && _stopped)
            {
                // It was disposed of before.
                return Task.CompletedTask;
            }

            _stopped = true;
            return _ending ??= EndAsync(end);
        }
    }

    private async Task EndAsync(Func<Task> end)
    {
        try
        {
            await end().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_loops.HasStopped)
        {
            // It was disposed of meanwhile, which ends everything at once.
        }
        finally
        {
            // Whoever waits for the drain hears of its end while the control socket says its last words.
            _drained.TrySetResult(null);
            if (_control is not null)
            {
                await _control.DisposeAsync().ConfigureAwait(false);
            }

            _ended.TrySetResult();
        }
    }

    /// <summary>Drains because somebody on this machine asks for it; returns when all is done but for the last words.</summary>
    /// <exception cref="ControlException">It is in no cluster, or is being stopped in another way.</exception>
    private async Task<DrainReport> RequestDrainAsync(CancellationToken cancellation)
    {
        if (_member is null)
        {
            throw new ControlException(
                "This gateway is in no cluster, so nobody else would serve its clients. Stop it with SIGTERM: it then closes all sessions at once.");
        }

        _ = DrainAsync(CancellationToken.None);
        return await _drained.Task.WaitAsync(cancellation).ConfigureAwait(false)
            ?? throw new ControlException("The gateway has stopped without draining: somebody had stopped it before.");
    }

    private async Task StopNowAsync(CancellationToken cancellation)
    {
        long began = Stopwatch.GetTimestamp();
        LogStopping();
        _targets?.Dispose();

        // Balancers that have not heard it yet still find the listeners open.
        await LeaveAsync(cancellation).ConfigureAwait(false);
        await CloseAsync(CloseStatus.GoingAway, "the gateway is stopping", cancellation).ConfigureAwait(false);
        LogStopped(Stopwatch.GetElapsedTime(began).TotalSeconds, Clock());
    }

    private async Task DrainAndEndAsync(CancellationToken cancellation)
    {
        const string Reason = "the gateway restarts";
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellation, _hurry.Token);
        long began = Stopwatch.GetTimestamp();
        LogDraining(await _loops.CountClientsAsync().ConfigureAwait(false), _options.Grace.TotalSeconds);
        var returning = new ReturningClients(_options.TimeProvider);
        _services.ForEach(service => service.Returning = returning);
        TakeNewcomersElsewhere(_member!.Name);
        _targets?.Dispose();
        if (!await _member.AnnounceDrainingAsync(_options.WithdrawalTimeout, waiting.Token).ConfigureAwait(false))
        {
            LogUnheard(_member.Id);
        }

        _http!.Drain();
        if (!_loops.HasApart)
        {
            // Otherwise later: whoever has a session without a connection is about to use one that idles, and would lose the session by a request that fails.
            await RetireIdleAsync().ConfigureAwait(false);
        }

        Task away = _http.Relay?.SendAwayAsync(_options.Grace, waiting.Token) ?? Task.CompletedTask;
        int closed = await _loops.DrainAsync(
            _options.Grace, CloseStatus.ServiceRestart, Reason,
            connection => connection.Handler is HttpConnection { IsAnswering: true }, waiting.Token,
            session =>
            {
                if (session is WebSocketSession { ClientEndPoint: { } client })
                {
                    returning.Expect(client.Address);
                }
            }).ConfigureAwait(false);

        // The client of an emulated WebSocket may be between two requests, and hears of its end by the next one: for that the ports stay open.
        _services.ForEach(service => service.Bounds.Quota.TakeNoMore());
        await Task.WhenAll(away, _loops.AwaitApartAsync(CloseStatus.ServiceRestart, Reason, waiting.Token)).ConfigureAwait(false);
        await RetireIdleAsync().ConfigureAwait(false);
        var report = new DrainReport(closed, Stopwatch.GetElapsedTime(began).TotalSeconds);
        LogDrained(report);
        began = Stopwatch.GetTimestamp();
        LogStopping();
        await CloseAsync(CloseStatus.ServiceRestart, Reason, cancellation).ConfigureAwait(false);
        await LeaveAsync(cancellation).ConfigureAwait(false);
        LogStopped(Stopwatch.GetElapsedTime(began).TotalSeconds, Clock());
        _drained.TrySetResult(report);
    }

    /// <summary>Ends the connections that wait between two requests.</summary>
    private Task RetireIdleAsync() => _loops.VisitOthersAsync(static connection => (connection.Handler as HttpConnection)?.Retire());

    private async Task LeaveAsync(CancellationToken cancellation)
    {
        _keyWatch?.Dispose();
        _status?.Dispose();
        if (_member is not null)
        {
            await _member.LeaveAsync(cancellation).ConfigureAwait(false);
            await _member.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Closes the accepts, and then what is open.</summary>
    private async Task CloseAsync(CloseStatus status, string reason, CancellationToken cancellation)
    {
        _listeners?.Dispose();
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        bound.CancelAfter(_options.StopTimeout);
        foreach (Service service in _services)
        {
            await service.DisposeAsync().ConfigureAwait(false);
        }

        // Sessions are told first: those over HTTP/2 need the server for that. It then ends with the requests under way; what idles
        // between requests ends at once.
        Task<int> sessions = _loops.CloseSessionsAsync(status, reason, FirstBytes.EndIfSilent, bound.Token);
        await (_http?.Relay?.SendAwayAsync() ?? Task.CompletedTask).ConfigureAwait(false);
        await (_http?.StopAsync(bound.Token) ?? Task.CompletedTask).ConfigureAwait(false);

        // Connections to members that are kept for a next request.
        _http?.Relay?.Dispose();
        int left = await sessions.ConfigureAwait(false);
        if (left > 0)
        {
            LogCutOff(left);
        }
    }

    /// <summary>From now on the services that others offer as well take new clients there.</summary>
    private void TakeNewcomersElsewhere(string self)
    {
        foreach (Service service in _services.Where(service => !service.Configuration.Balances.IsEmpty && service is not BalancerService))
        {
            try
            {
                service.Detour = new Detour(service, _contexts[service], self);
            }
            catch (GatewayStartException exception)
            {
                // It has to do with certificates, and those who come are served here.
                LogNoDetour(service.Configuration.Name, exception.Message);
            }
        }
    }

    private void LogDraining(int sessions, double seconds)
    {
        if (sessions == 1)
        {
            LogDrainingOne(seconds);
        }
        else
        {
            LogDrainingAll(sessions, seconds);
        }
    }

    private void LogDrained(DrainReport report)
    {
        if (report.Sessions == 1)
        {
            LogDrainedOne(report.Seconds);
        }
        else
        {
            LogDrainedAll(report.Sessions, report.Seconds);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Draining: new clients go to other members, and {Sessions} sessions are closed over {Seconds} s")]
    private partial void LogDrainingAll(int sessions, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Draining: new clients go to other members, and 1 session is closed over {Seconds} s")]
    private partial void LogDrainingOne(double seconds);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Cluster member {Member} drains without knowing whether all others have heard it; some may still send clients here")]
    private partial void LogUnheard(string member);

    [LoggerMessage(Level = LogLevel.Warning, Message = "New clients of service \"{Service}\" are served here until the end, because other members can not be reached for them: {Fault}")]
    private partial void LogNoDetour(string service, string fault);

    [LoggerMessage(Level = LogLevel.Information, Message = "Drained: {Sessions} sessions were closed in {Seconds:F3} s")]
    private partial void LogDrainedAll(int sessions, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Drained: 1 session was closed in {Seconds:F3} s")]
    private partial void LogDrainedOne(double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopping server")]
    private partial void LogStopping();

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} connections did not end in time and were cut off")]
    private partial void LogCutOff(int count);

    [LoggerMessage(Level = LogLevel.Information, Message = "Stopped server successfully in {Seconds:F3} secs at {Clock}")]
    private partial void LogStopped(double seconds, string clock);
}
