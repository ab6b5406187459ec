using System.Buffers;
using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging;
using Tidegate.Engine.Net;

namespace Tidegate.Gateway.Http;

/// <summary>Kestrel's transport: gives it connections that the engine has accepted and that turned out to speak HTTP.</summary>
internal sealed class EngineTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly Channel<ConnectionContext> _connections =
        Channel.CreateUnbounded<ConnectionContext>(new UnboundedChannelOptions { SingleReader = true });

    private readonly MemoryPool<byte> _memory;

    public EngineTransport(IMemoryPoolFactory<byte> memory, ILoggerFactory loggers)
    {
        _memory = memory.Create();
        Leftovers = new LeftoverCollection(TimeProvider.System, loggers.CreateLogger("tidegate.http"));
    }

    internal LeftoverCollection Leftovers { get; }

    public bool CanBind(EndPoint endpoint) => endpoint is HttpListenEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(endpoint, _connections));

    /// <summary>Hands a connection over, with what it has said so far. To be called on the connection's loop.</summary>
    internal void Offer(TcpConnection connection, RouteTable routes, Payload first)
    {
        var http = new HttpConnection(connection, routes, _memory, Leftovers);
        http.Begin(first);
        if (!_connections.Writer.TryWrite(http))
        {
            // Kestrel has been stopped.
            connection.Abort();
        }
    }

    public void Dispose() => Leftovers.Dispose();

    private sealed class Listener(EndPoint endPoint, Channel<ConnectionContext> connections) : IConnectionListener
    {
        public EndPoint EndPoint { get; } = endPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
            await connections.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false) && connections.Reader.TryRead(out ConnectionContext? next) ? next : null;

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            connections.Writer.TryComplete();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
