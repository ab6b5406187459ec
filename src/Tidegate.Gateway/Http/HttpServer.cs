using System.Collections.Immutable;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

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
}

/// <summary>Kestrel, on the engine's connections instead of sockets of its own.</summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private HttpServer(WebApplication application, EngineTransport transport, HttpLimits limits)
    {
        _application = application;
        Transport = transport;
        Limits = limits;
    }

    /// <summary>
    /// What clients that speak TLS may choose from by ALPN, the preferred first. The one place that says whether HTTP/2 is offered:
    /// <c>h2</c> belongs in front when it is to be.
    /// </summary>
    internal static ImmutableArray<string> ApplicationProtocols { get; } = ["http/1.1"];

    internal EngineTransport Transport { get; }

    internal HttpLimits Limits { get; }

    internal static async Task<HttpServer> StartAsync(
        HttpLimits limits, ILoggerFactory loggers, Action<WebApplication> prepare, CancellationToken cancellation)
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
            kestrel.Limits.RequestHeadersTimeout = limits.HeadTimeout;
            kestrel.Limits.KeepAliveTimeout = limits.KeepaliveTimeout;
            kestrel.Limits.MaxRequestLineSize = limits.RequestLine;
            kestrel.Limits.MaxRequestHeadersTotalSize = limits.Headers;
            kestrel.Limits.MaxRequestHeaderCount = limits.HeaderCount;
            kestrel.Listen(new HttpListenEndPoint("http/1.1"), listen => listen.Protocols = HttpProtocols.Http1);
        });
        WebApplication application = builder.Build();
        prepare(application);
        application.Run(HttpPipeline.HandleAsync);
        await application.StartAsync(cancellation).ConfigureAwait(false);
        return new HttpServer(application, application.Services.GetRequiredService<EngineTransport>(), limits);
    }

    internal Task StopAsync(CancellationToken cancellation) => _application.StopAsync(cancellation);

    public ValueTask DisposeAsync() => _application.DisposeAsync();
}
