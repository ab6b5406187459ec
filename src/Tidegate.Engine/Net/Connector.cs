using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Tls;

namespace Tidegate.Engine.Net;

/// <summary>How connecting to a name or address is done.</summary>
public sealed record ConnectOptions
{
    /// <summary>Bound on the whole attempt: resolving the name and trying its addresses. More than zero. Default 10 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time after which the next address is tried beside the one that has not answered (RFC 8305, section 5). Default 250 ms.</summary>
    public TimeSpan AttemptDelay { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Resolves a host name; the system's resolver where null.</summary>
    public Func<string, CancellationToken, Task<IPAddress[]>>? Resolve { get; init; }

    /// <summary>
    /// Where connections come from: the first of the same family as the address that is tried, which is not tried if there is none.
    /// Port 0 is any free one. Empty for what the system chooses.
    /// </summary>
    public ImmutableArray<IPEndPoint> Local { get; init; } = [];

    /// <summary>
    /// Opens a connection by other means than TCP, whatever the host and port; null for TCP. It is called on the loop, and answers
    /// once, on the loop, after it has returned.
    /// </summary>
    public Action<EventLoop, Action<TcpConnection?, SocketError>>? Dial { get; init; }

    /// <summary>
    /// Opens a connection through something else, such as a <see cref="WebSocket.WebSocketTunnel"/>, whatever the host and port; null to
    /// connect to these. It is called on the loop, and answers once, on the loop, after it has returned: with a connection, or with null
    /// and what went wrong in words. <see cref="TlsConnector"/> heeds it.
    /// </summary>
    public Action<EventLoop, Action<TcpConnection?, string>>? Through { get; init; }

    /// <summary>Gives the context to speak TLS with, for each connection anew; null for no TLS. <see cref="TlsConnector"/> heeds it.</summary>
    public Func<TlsContext>? Tls { get; init; }

    /// <summary>The name or address that the server's certificate must be for; null for the host that is connected to.</summary>
    public string? TlsPeerName { get; init; }
}

/// <summary>Connects to a host by name or address, on a given loop: Happy Eyeballs, RFC 8305.</summary>
public static class Connector
{
    /// <summary>
    /// Begins to connect. <paramref name="completed"/> is called once, on the loop, after this has returned: with a
    /// connection that has no handler yet, or with the error of the last address that was tried.
    /// </summary>
    public static void Connect(EventLoop loop, string host, int port, ConnectOptions options, Action<TcpConnection?, SocketError> completed)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.Timeout, TimeSpan.Zero);
        if (options.Dial is { } dial)
        {
            dial(loop, completed);
            return;
        }

        var attempt = new Attempt(loop, port, options, completed);
        if (IPAddress.TryParse(host, out IPAddress? literal))
        {
            attempt.Begin([literal]);
        }
        else
        {
            attempt.Resolve(host);
        }
    }

    /// <summary>The order in which to try addresses: the families in turn, IPv6 first (RFC 8305, section 4).</summary>
    internal static ImmutableArray<IPAddress> Interleave(IEnumerable<IPAddress> addresses)
    {
        var v6 = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily == AddressFamily.InterNetworkV6));
        var v4 = new Queue<IPAddress>(addresses.Where(address => address.AddressFamily == AddressFamily.InterNetwork));
        var order = ImmutableArray.CreateBuilder<IPAddress>();
        while (v6.Count + v4.Count > 0)
        {
            if (v6.TryDequeue(out IPAddress? next))
            {
                order.Add(next);
            }

            if (v4.TryDequeue(out next))
            {
                order.Add(next);
            }
        }

        return order.ToImmutable();
    }

    private sealed class Attempt : IConnectObserver
    {
        private readonly EventLoop _loop;
        private readonly int _port;
        private readonly ConnectOptions _options;
        private readonly Action<TcpConnection?, SocketError> _completed;
        private readonly List<TcpConnection> _running = [];
        private readonly LoopTimer _timeout;
        private ImmutableArray<IPAddress> _addresses = [];
        private LoopTimer? _nextAddress;
        private CancellationTokenSource? _resolving;
        private SocketError _lastError = SocketError.TimedOut;
        private int _tried;
        private bool _done;

        internal Attempt(EventLoop loop, int port, ConnectOptions options, Action<TcpConnection?, SocketError> completed)
        {
            _loop = loop;
            _port = port;
            _options = options;
            _completed = completed;
            _timeout = loop.Schedule(options.Timeout, static attempt => ((Attempt)attempt!).Complete(null, SocketError.TimedOut), this);
        }

        internal void Resolve(string host)
        {
            _resolving = new CancellationTokenSource();
            _ = ResolveAsync(host, _resolving.Token);
        }

        internal void Begin(ImmutableArray<IPAddress> addresses)
        {
            if (_done)
            {
                return;
            }

            _addresses = addresses;
            if (addresses.IsEmpty)
            {
                Complete(null, SocketError.HostNotFound);
                return;
            }

            TryNext();
        }

        public void OnConnected(TcpConnection connection)
        {
            _running.Remove(connection);
            if (_done)
            {
                connection.Abort();
                return;
            }

            Complete(connection, SocketError.Success);
        }

        public void OnConnectFailed(TcpConnection connection, SocketError error)
        {
            _running.Remove(connection);
            FailAttempt(error);
        }

        private void FailAttempt(SocketError error)
        {
            if (_done)
            {
                return;
            }

            _lastError = error;
            if (_tried < _addresses.Length)
            {
                TryNext();
            }
            else if (_running.Count == 0)
            {
                Complete(null, error);
            }
        }

        private async Task ResolveAsync(string host, CancellationToken cancellation)
        {
            try
            {
                // Off the loop: the system's resolver may block.
                IPAddress[] addresses = await Task.Run(
                    () => _options.Resolve?.Invoke(host, cancellation) ?? Dns.GetHostAddressesAsync(host, cancellation), cancellation).ConfigureAwait(false);
                _loop.Post(() => Begin(Interleave(addresses)));
            }
            catch (Exception exception)
            {
                SocketError error = (exception as SocketException)?.SocketErrorCode ?? SocketError.HostNotFound;
                _loop.Post(() => Complete(null, error));
            }
        }

        private void TryNext()
        {
            _nextAddress?.Cancel();
            _nextAddress = null;
            IPAddress address = _addresses[_tried++];
            try
            {
                IPEndPoint? local = _options.Local.FirstOrDefault(local => local.AddressFamily == address.AddressFamily);
                if (local is null && !_options.Local.IsEmpty)
                {
                    throw new SocketException((int)SocketError.AddressFamilyNotSupported);
                }

                _running.Add(_loop.BeginConnect(new IPEndPoint(address, _port), local, this));
            }
            catch (SocketException exception)
            {
                // It could not even begin; the answer must not come before this call has returned.
                _loop.Post(() => FailAttempt(exception.SocketErrorCode));
            }

            if (_tried < _addresses.Length)
            {
                _nextAddress = _loop.Schedule(_options.AttemptDelay, static attempt => ((Attempt)attempt!).TryNext(), this);
            }
        }

        private void Complete(TcpConnection? connection, SocketError error)
        {
            if (_done)
            {
                return;
            }

            _done = true;
            _timeout.Cancel();
            _nextAddress?.Cancel();
            _resolving?.Cancel();
            _resolving?.Dispose();
            foreach (TcpConnection other in _running)
            {
                other.Abort();
            }

            _running.Clear();
            _completed(connection, connection is null && error == SocketError.Success ? _lastError : error);
        }
    }
}
