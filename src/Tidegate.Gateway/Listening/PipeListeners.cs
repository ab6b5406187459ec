using Microsoft.Extensions.Logging;
using Tidegate.Engine.Sessions;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Http;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Listening;

/// <summary>The accepts that are at pipes. Those of http and ws share one as they share a port, told apart by authority and path.</summary>
internal sealed class PipeListeners(PipeBoard pipes, HttpServer server, ILogger logger)
{
    // As long as a session over a socket may take.
    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, (RouteTable? Routes, ServiceAddress First, ServiceConfiguration Service)> _byName = [];

    /// <exception cref="GatewayStartException">The pipe is taken, or another service claims the same there.</exception>
    internal ServedAddress Bind(Service service, ServiceAddress accept, PipeName pipe)
    {
        bool http = accept.Uri.Scheme.TakesPath;
        if (!_byName.TryGetValue(pipe.Name, out var existing))
        {
            existing = (http ? new RouteTable(logger) : null, accept, service.Configuration);
            _byName.Add(pipe.Name, existing);
            if (existing.Routes is { } routes)
            {
                pipes.Listen(pipe.Name, connection => FirstBytes.Await(connection, server, routes), () => true);
            }
            else
            {
                pipes.Listen(pipe.Name, connection => service.OnSession(new TcpSession(connection, s_closeTimeout)), () => service.IsAccepting);
            }
        }
        else if (existing.Routes is null || !http)
        {
            throw new GatewayStartException(
                $"{accept.Position}: service \"{service.Configuration.Name}\": pipe://{pipe} is taken already by {existing.First.Uri} of service " +
                $"\"{existing.Service.Name}\" ({existing.First.Position}). Give one of the two another name.");
        }

        int port = accept.Uri.Port == 0 ? accept.Uri.Scheme.DefaultPort ?? 0 : accept.Uri.Port;
        existing.Routes?.Claim(service, accept, port, $"pipe://{pipe}");
        return new ServedAddress(accept.Uri, port, []) { Pipe = accept.Uri.Scheme == UriScheme.Pipe ? null : pipe };
    }
}
