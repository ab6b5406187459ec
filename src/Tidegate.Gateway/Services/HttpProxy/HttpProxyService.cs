using System.Collections.Immutable;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.Tls;
using Tidegate.Engine.WebSocket;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>Passes HTTP requests, and WebSockets, on to HTTP servers behind the gateway.</summary>
internal sealed partial class HttpProxyService : Service
{
    // Lines about requests that go round in circles, or are of HTTP/1.0: clients make as many of them as they like.
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(10);

    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly ImmutableArray<HttpBackEnd> _backEnds;
    private readonly BackEndChoice _choice;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _gate = new();
    private long? _loopSaid;
    private bool _oldVersionSaid;
    private volatile bool _isAccepting = true;

    internal HttpProxyService(ServiceConfiguration configuration, ServiceContext context)
        : base(configuration)
    {
        _logger = context.Logger;
        _time = context.Time;
        Options = (HttpProxyOptions)configuration.Options;
        Connect = configuration.ConnectOptions;
        Rewriting = new AnswerRewriting(Options);
        _backEnds = [.. configuration.Connects.Select(connect => new HttpBackEnd(connect, configuration, context, OnReachableChanged))];
        _choice = new BackEndChoice(_backEnds, Options.Policy);
    }

    internal HttpProxyOptions Options { get; }

    /// <summary>How back-ends are connected to.</summary>
    internal ConnectOptions Connect { get; }

    internal AnswerRewriting Rewriting { get; }

    /// <summary>What this service calls itself in <c>Via</c>; no other one does.</summary>
    internal string Name { get; } = $"tidegate-{Guid.NewGuid():D}";

    internal override bool TakesUpgrades => true;

    internal override bool IsAccepting => _isAccepting;

    internal override Task StartAsync(CancellationToken cancellation)
    {
        foreach (HttpBackEnd backEnd in _backEnds)
        {
            backEnd.Start();
        }

        return Task.CompletedTask;
    }

    internal override Task OnRequestAsync(HttpContext http, Route route)
    {
        HttpRequest request = http.Request;
        bool asksWebSocket = WebSocketUpgrade.IsAsked(http);
        if ((HttpMethods.IsConnect(request.Method) && !WebSocketUpgrade.IsExtendedConnect(http)) || HttpMethods.IsTrace(request.Method))
        {
            // A tunnel to anywhere; and an echo of headers that are not for the client to see.
            return AnswerAsync(http, StatusCodes.Status405MethodNotAllowed, $"{request.Method} is not passed on.");
        }

        if (RequestPath.Below(http, route.Uri.Path) is not { } below)
        {
            return RequestRules.RefuseAsync(http.Response, RequestPath.Refusal);
        }

        string query = RequestPath.QueryOf(http);
        if (below.Length == 0)
        {
            return SendToDirectoryAsync(http, route, query);
        }

        if (asksWebSocket && FaultOfHandshake(http) is { } fault)
        {
            return AnswerAsync(http, StatusCodes.Status400BadRequest, fault);
        }

        WarnOfOldVersion(request);
        if (request.Headers.Via.Count > 0 && request.Headers.Via.ToString().Contains(Name, StringComparison.OrdinalIgnoreCase))
        {
            WarnOfLoop();
            return AnswerAsync(http, StatusCodes.Status508LoopDetected, "Loop detected");
        }

        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            // It is never kept, so it may be of any size: the back-end knows what it takes.
            size.MaxRequestBodySize = null;
        }

        string authority = request.Host.HasValue ? request.Host.Value : route.Uri.HostHeader;
        return ForwardAsync(new ForwardedRequest(http, $"{request.Scheme}://{authority}{route.Uri.Path}", below, query, asksWebSocket));
    }

    /// <summary>Counts a WebSocket that is passed through, and starts it. On the session's loop.</summary>
    internal void BeginPassage(Session session, Action start) => Begin(session, _ => start());

    public override ValueTask DisposeAsync()
    {
        // Not disposed of: a request may still ask it.
        _stopping.Cancel();
        foreach (HttpBackEnd backEnd in _backEnds)
        {
            backEnd.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private async Task ForwardAsync(ForwardedRequest request)
    {
        HttpContext http = request.Http;
        string fault = "";
        foreach (HttpBackEnd backEnd in _choice.OrderFor(http.Connection.RemoteIpAddress))
        {
            BackEndClient client = backEnd.Rent(http.Features.GetRequiredFeature<IDetachableConnection>().Loop);
            using var timer = new ExchangeTimer(Options.IdleTimeout, http.RequestAborted, _stopping.Token);
            var exchange = new Exchange(request, backEnd, client, this, timer);
            backEnd.BeginUse();
            try
            {
                await exchange.RunAsync().ConfigureAwait(false);
                return;
            }
            catch (BackEndUnreachableException exception)
            {
                fault = exception.Message;
                backEnd.OnUnreachable(fault);
            }
            catch (Exception exception) when (IsExpected(exception))
            {
                await EndAsync(http, backEnd, timer, exception).ConfigureAwait(false);
                return;
            }
            finally
            {
                backEnd.EndUse();
                if (exchange.IsClean)
                {
                    backEnd.Return(client);
                }
                else
                {
                    client.Dispose();
                }
            }
        }

        await (fault == TlsConnector.NoDescriptors
            ? AnswerAsync(http, StatusCodes.Status503ServiceUnavailable, "The gateway has no room for another connection.")
            : AnswerAsync(http, StatusCodes.Status504GatewayTimeout, "The server behind the gateway can not be reached.")).ConfigureAwait(false);
    }

    private static bool IsExpected(Exception exception) =>
        exception is HttpRequestException or IOException or OperationCanceledException or BadHttpRequestException or ObjectDisposedException
            // A header that can not be written.
            or InvalidOperationException or FormatException;

    /// <summary>Ends a request that went wrong: what has begun is cut off, so that nobody takes it for whole.</summary>
    private async Task EndAsync(HttpContext http, HttpBackEnd backEnd, ExchangeTimer timer, Exception exception)
    {
        BadHttpRequestException? bad = exception as BadHttpRequestException ?? exception.InnerException as BadHttpRequestException;
        bool hasRunOut = timer.HasRunOut;
        bool isClients = http.RequestAborted.IsCancellationRequested || bad is not null;
        if (!isClients && !_stopping.IsCancellationRequested)
        {
            backEnd.Failures.OnFailed(hasRunOut ? $"nothing happened for {Options.IdleTimeout.TotalSeconds} seconds" : WordsFor(exception));
        }

        if (http.Response.HasStarted || http.RequestAborted.IsCancellationRequested)
        {
            http.Abort();
            return;
        }

        http.Response.Clear();
        await (bad is not null ? AnswerAsync(http, bad.StatusCode, "The body of the request can not be read.")
            : hasRunOut ? AnswerAsync(http, StatusCodes.Status504GatewayTimeout, "The server behind the gateway does not answer.")
            : _stopping.IsCancellationRequested ? AnswerAsync(http, StatusCodes.Status503ServiceUnavailable, "The gateway stops.")
            : AnswerAsync(http, StatusCodes.Status502BadGateway, "The server behind the gateway gives no answer that is HTTP.")).ConfigureAwait(false);
    }

    // HttpClient's own words tell what it found in the answer, and never more of it than a line.
    private static string WordsFor(Exception exception) => exception switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } or HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } => "it broke off its answer",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => "the head of its answer is too long",
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse } => "its answer is not HTTP",
        HttpRequestException { HttpRequestError: HttpRequestError.Unknown, InnerException: null } own => own.Message,
        HttpRequestException or IOException => "the connection broke",
        _ => "its answer can not be passed on",
    };

    private static Task AnswerAsync(HttpContext http, int status, string words)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        http.Response.Headers.CacheControl = "no-store";
        if (status == StatusCodes.Status503ServiceUnavailable)
        {
            http.Response.Headers.RetryAfter = "1";
        }
        else if (status == StatusCodes.Status405MethodNotAllowed)
        {
            http.Response.Headers.Allow = "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH";
        }

        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.WriteAsync(words + "\n");
    }

    /// <summary>The accept's path without its slash: relative links of what is there would lead beside it.</summary>
    private static Task SendToDirectoryAsync(HttpContext http, Route route, string query)
    {
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
        {
            return AnswerAsync(http, StatusCodes.Status404NotFound, "There is nothing at this path.");
        }

        http.Response.StatusCode = StatusCodes.Status302Found;
        http.Response.Headers.Location = route.Uri.Path + query;
        http.Response.ContentLength = 0;
        return Task.CompletedTask;
    }

    /// <summary>What is wrong with a request for a WebSocket, before any back-end is asked; it decides about the rest.</summary>
    private static string? FaultOfHandshake(HttpContext http)
    {
        HttpRequest request = http.Request;
        return HttpProtocol.IsHttp2(request.Protocol) ? null
            : !HttpMethods.IsGet(request.Method) ? "A WebSocket is opened with GET."
            : request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0 ? "A WebSocket handshake has no body."
            : http.Features.Get<IHttpUpgradeFeature>() is not { IsUpgradableRequest: true } ? "The Connection header does not name Upgrade, or the request is not HTTP/1.1."
            : request.Headers.SecWebSocketKey is not [{ } key] || !WebSocketHandshake.IsValidKey(key) ? "Sec-WebSocket-Key is not 16 bytes in base64."
            : null;
    }

    private void OnReachableChanged()
    {
        lock (_gate)
        {
            bool reachable = _backEnds.Any(backEnd => backEnd.IsReachable);
            if (reachable == _isAccepting)
            {
                return;
            }

            _isAccepting = reachable;
            string uris = string.Join(", ", _backEnds.Select(backEnd => backEnd.Uri.ToString()));
            if (reachable)
            {
                LogStarting(uris);
            }
            else
            {
                LogQuiescing(uris);
            }
        }

        RaiseAcceptingChanged();
    }

    private void WarnOfOldVersion(HttpRequest request)
    {
        if (HttpProtocol.IsHttp10(request.Protocol) && !Interlocked.Exchange(ref _oldVersionSaid, true))
        {
            LogOldVersion(Configuration.Name);
        }
    }

    private void WarnOfLoop()
    {
        lock (_gate)
        {
            if (_loopSaid is { } said && _time.GetElapsedTime(said) < s_quiet)
            {
                return;
            }

            _loopSaid = _time.GetTimestamp();
        }

        LogLoop(string.Join(", ", _backEnds.Select(backEnd => backEnd.Uri.ToString())), Configuration.Name);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Quiescing service with connect uri '{Uri}'.")]
    private partial void LogQuiescing(string uri);

    [LoggerMessage(Level = LogLevel.Information, Message = "Starting service with connect uri '{Uri}'.")]
    private partial void LogStarting(string uri);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Connection to {Uri} failed due to loop detection: it leads back to service {Service}")]
    private partial void LogLoop(string uri, string service);

    [LoggerMessage(Level = LogLevel.Warning, Message = "http.proxy service {Service} received an HTTP 1.0 request. HTTP 1.0 is not explicitly supported.")]
    private partial void LogOldVersion(string service);
}
