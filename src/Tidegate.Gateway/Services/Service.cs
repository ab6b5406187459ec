using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Tidegate.Engine;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Listening;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Services;

/// <summary>What a service gets from the gateway that it runs in.</summary>
/// <param name="Loops">The event loops.</param>
/// <param name="Logger">Its own logger, <c>tidegate.service.TYPE</c>.</param>
/// <param name="WebDirectory">The directory that relative directories of files are under.</param>
/// <param name="Tls">How to speak TLS.</param>
/// <param name="Pipes">The pipes inside the gateway.</param>
/// <param name="Time">Tells how late it is.</param>
internal sealed record ServiceContext(EventLoops Loops, ILogger Logger, string WebDirectory, GatewayTls Tls, PipeBoard Pipes, TimeProvider Time);

/// <summary>A running service: what happens to the sessions and requests that its accepts bring.</summary>
internal abstract class Service(ServiceConfiguration configuration) : IAsyncDisposable
{
    internal ServiceConfiguration Configuration { get; } = configuration;

    /// <summary>False while clients are to be turned away, because what is behind the service is lost.</summary>
    internal virtual bool IsAccepting => true;

    /// <summary>Raised when <see cref="IsAccepting"/> has changed.</summary>
    internal event Action<Service>? AcceptingChanged;

    /// <summary>Prepares the service; what it throws as <see cref="GatewayStartException"/> keeps the gateway from starting.</summary>
    internal virtual Task StartAsync(CancellationToken cancellation) => Task.CompletedTask;

    /// <summary>A client's session, not started yet. Called on the session's loop.</summary>
    internal virtual void OnSession(Session session) => session.Abort();

    /// <summary>An HTTP request under one of the service's accepts; <paramref name="basePath"/> is that accept's path.</summary>
    internal virtual Task OnRequestAsync(HttpContext http, string basePath)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    public virtual ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private protected void RaiseAcceptingChanged() => AcceptingChanged?.Invoke(this);
}
