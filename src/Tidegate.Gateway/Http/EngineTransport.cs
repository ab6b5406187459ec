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
    private readonly Channel<ConnectionContext> _http1 = NewChannel();
    private readonly Channel<ConnectionContext> _http2 = NewChannel();
    private readonly MemoryPool<byte> _memory;

    public EngineTransport(IMemoryPoolFactory<byte> memory, ILoggerFactory loggers)
    {
        _memory = memory.Create();
        Leftovers = new LeftoverCollection(TimeProvider.System, loggers.CreateLogger("tidegate.http"));
    }

    internal LeftoverCollection Leftovers { get; }

    public bool CanBind(EndPoint endpoint) => endpoint is HttpListenEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(new Listener(endpoint, ReferenceEquals(endpoint, HttpListenEndPoint.Http2) ? _http2 : _http1));

    /// <summary>Hands a connection over, with what it has said so far. To be called on the connection's loop.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="routes">What is served where it was accepted.</param>
    /// <param name="http2">Whether it speaks HTTP/2, or else HTTP/1.</param>
    /// <param name="before">What it has said before <paramref name="first"/>.</param>
    /// <param name="first">What is being received.</param>
    internal void Offer(TcpConnection connection, RouteTable routes, bool http2, ReadOnlySpan<byte> before, Payload first)
    {
        var http = new HttpConnection(connection, routes, http2 ? HttpListenEndPoint.Http2 : HttpListenEndPoint.Http1, _memory, Leftovers);
        http.Begin(before, first);
        if (!(http2 ? _http2 : _http1).Writer.TryWrite(http))
        {
            // Kestrel has been stopped.
            connection.Abort();
        }
    }

    public void Dispose() => Leftovers.Dispose();

    private static Channel<ConnectionContext> NewChannel() =>
        Channel.CreateUnbounded<ConnectionContext>(new UnboundedChannelOptions { SingleReader = true });

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
