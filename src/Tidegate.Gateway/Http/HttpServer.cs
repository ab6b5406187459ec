using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Tidegate.Gateway.Clients;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Gateway.Http;

/// <summary>Limits on what an HTTP client may send, and how slowly.</summary>
internal sealed record HttpLimits
{
    /// <summary>Time for a request's head to arrive in full.</summary>
    internal TimeSpan HeadTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may idle before its first and between its requests.</summary>
    internal TimeSpan KeepaliveTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of a request line; longer ones get 414.</summary>
    internal int RequestLine { get; init; } = 8 * 1024;

    /// <summary>Bytes of all headers together; more get 431.</summary>
    internal int Headers { get; init; } = 32 * 1024;

    /// <summary>Number of headers; more get 431.</summary>
    internal int HeaderCount { get; init; } = 100;

    /// <summary>Bytes of a request's body; more get 413. The messages of a WebSocket over HTTP/2 are no body.</summary>
    internal long Body { get; init; } = 30 * 1024 * 1024;

    /// <summary>Requests and WebSockets that may be open at once on one connection of HTTP/2; others are refused, to be tried again.</summary>
    internal int Streams { get; init; } = 100;

    /// <summary>Bytes that may be under way to the gateway on one stream of HTTP/2 before its reader has taken them.</summary>
    internal int StreamWindow { get; init; } = 128 * 1024;

    /// <summary>The same for all streams of a connection together.</summary>
    internal int ConnectionWindow { get; init; } = 1024 * 1024;

    /// <summary>A connection of HTTP/2 of which nothing was heard for so long is sent a ping.</summary>
    internal TimeSpan PingDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time for the answer to such a ping before the connection is given up.</summary>
    internal TimeSpan PingTimeout { get; init; } = TimeSpan.FromSeconds(20);
}

/// <summary>Kestrel, on the engine's connections instead of sockets of its own.</summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly HttpPipeline _pipeline;

    // A line ends with CR and LF; what ends one with LF alone is read differently by others (RFC 9112, section 2.2). Kestrel has no
    // option for it but this one of the process.
    static HttpServer() => AppContext.SetSwitch("Microsoft.AspNetCore.Server.Kestrel.DisableHttp1LineFeedTerminators", isEnabled: true);

    private HttpServer(WebApplication application, HttpPipeline pipeline, EngineTransport transport, EmulatedSessions emulated, HttpLimits limits)
    {
        _application = application;
        _pipeline = pipeline;
        Transport = transport;
        Emulated = emulated;
        Limits = limits;
    }

    /// <summary>What clients that speak TLS may choose from by ALPN (RFC 7301), the preferred first.</summary>
    /// <param name="http2">Whether HTTP/2 is one of it.</param>
    internal static ImmutableArray<string> ApplicationProtocols(bool http2) => http2 ? ["h2", "http/1.1"] : ["http/1.1"];

    internal EngineTransport Transport { get; }

    /// <summary>The WebSockets that are emulated by requests.</summary>
    internal EmulatedSessions Emulated { get; }

    /// <summary>What takes requests of sessions to the members that have them; null outside of a cluster.</summary>
    internal SessionRelay? Relay
    {
        get => _pipeline.Relay;
        set => _pipeline.Relay = value;
    }

    internal HttpLimits Limits { get; }

    internal static async Task<HttpServer> StartAsync(HttpLimits limits, ClientProof clients, SessionOwners owners, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellation)
    {
        // Empty: no configuration files, no environment variables, no services but those named here.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "tidegate" });
        builder.Services.AddSingleton<ILoggerFactory>(new HttpServerLoggers(loggers));
        builder.Services.AddSingleton(typeof(ILogger<>), typeof(Logger<>));
        builder.WebHost.UseKestrelCore();
        builder.Services.AddSingleton<EngineTransport>();
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => services.GetRequiredService<EngineTransport>());
        builder.Services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;
            // What the scheme of a request is, RequestRules decides.
            kestrel.AllowAlternateSchemes = true;
            // What a back-end says in a header is passed on byte by byte; the gateway's own headers are ASCII.
            kestrel.ResponseHeaderEncodingSelector = static _ => System.Text.Encoding.Latin1;
            kestrel.RequestHeaderEncodingSelector = static name => name == HeaderNames.ContentLength ? DigitsOnly.Instance : null;
            kestrel.Limits.RequestHeadersTimeout = limits.HeadTimeout;
            kestrel.Limits.KeepAliveTimeout = limits.KeepaliveTimeout;
            kestrel.Limits.MaxRequestLineSize = limits.RequestLine;
            kestrel.Limits.MaxRequestHeadersTotalSize = limits.Headers;
            kestrel.Limits.MaxRequestHeaderCount = limits.HeaderCount;
            kestrel.Limits.MaxRequestBodySize = limits.Body;
            Http2Limits http2 = kestrel.Limits.Http2;
            http2.MaxStreamsPerConnection = limits.Streams;
            http2.InitialStreamWindowSize = limits.StreamWindow;
            http2.InitialConnectionWindowSize = limits.ConnectionWindow;
            http2.MaxRequestHeaderFieldSize = limits.Headers;
            http2.KeepAlivePingDelay = limits.PingDelay;
            http2.KeepAlivePingTimeout = limits.PingTimeout;
            kestrel.Listen(HttpListenEndPoint.Http1, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Listen(HttpListenEndPoint.Http2, listen => listen.Protocols = HttpProtocols.Http2);
        });
        WebApplication application = builder.Build();
        ILogger logger = loggers.CreateLogger("tidegate.http");
        var emulated = new EmulatedSessions();
        var pipeline = new HttpPipeline(limits, new RelayedClient(clients, time, logger), emulated, new EventStreamSessions(), owners, logger);
        application.Run(pipeline.HandleAsync);
        await application.StartAsync(cancellation).ConfigureAwait(false);
        return new HttpServer(application, pipeline, application.Services.GetRequiredService<EngineTransport>(), emulated, limits);
    }

    /// <summary>From now on a connection ends with its next answer. Those that wait between requests: <see cref="HttpConnection.Retire"/>.</summary>
    internal void Drain() => _pipeline.Drain();

    internal Task StopAsync(CancellationToken cancellation) => _application.StopAsync(cancellation);

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}
