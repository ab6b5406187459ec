using Microsoft.Extensions.Logging;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway;

/// <summary>A running gateway: every service of a configuration.</summary>
public sealed class GatewayServer : IAsyncDisposable
{
    private readonly Task _stopped = Task.CompletedTask;

    private GatewayServer()
    {
    }

    /// <summary>Starts every service, or none.</summary>
    /// <exception cref="GatewayStartException">A service cannot be started; the message names place and cure.</exception>
    public static Task<GatewayServer> StartAsync(
        GatewayConfiguration configuration, GatewayServerOptions options, ILoggerFactory loggers, CancellationToken cancellation) =>
        Task.FromResult(new GatewayServer());

    /// <summary>Stops in order: accepts first, then sessions, within <see cref="GatewayServerOptions.StopTimeout"/>.</summary>
    public Task StopAsync(CancellationToken cancellation) => _stopped;

    /// <summary>Stops at once.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
