using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Loops.Epoll;
using Tidegate.Engine.Loops.Portable;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine;

/// <summary>The event loops of a process, and what listens on them. Disposing ends every connection they own.</summary>
public sealed partial class EventLoops : IDisposable
{
    // Every tenth of a second.
    private const int TurnsBetweenTelling = 10;
    private readonly EngineOptions _options;
    private readonly CancellationTokenSource _stopped = new();
    private int _next = -1;

    private EventLoops(EngineOptions options, ImmutableArray<EventLoop> loops)
    {
        _options = options;
        All = loops;
    }

    /// <summary>The loops, in a fixed order.</summary>
    public ImmutableArray<EventLoop> All { get; }

    /// <summary>Starts the loops.</summary>
    /// <exception cref="PlatformNotSupportedException">Epoll was asked for where there is none.</exception>
    public static EventLoops Start(EngineOptions? options = null)
    {
        options ??= new EngineOptions();
        options.Validate();
        bool epoll = options.EventSource == EventSource.Epoll ||
            (options.EventSource == EventSource.Automatic && OperatingSystem.IsLinux());
        if (epoll && !OperatingSystem.IsLinux())
        {
            throw new PlatformNotSupportedException("Epoll exists on Linux only; choose EventSource.Portable.");
        }

        var loops = ImmutableArray.CreateBuilder<EventLoop>(options.Loops);
        for (int i = 0; i < options.Loops; i++)
        {
            loops.Add(epoll ? new EpollLoop(options, i) : new PortableLoop(options, i));
        }

        return new EventLoops(options, loops.MoveToImmutable());
    }

    /// <summary>True once the loops were stopped.</summary>
    public bool HasStopped => _stopped.IsCancellationRequested;

    /// <summary>The loop whose turn it is to get a new connection.</summary>
    public EventLoop Next() => All[(int)((uint)Interlocked.Increment(ref _next) % (uint)All.Length)];

    /// <summary>
    /// Listens on one address and port (0 takes a free one: see <see cref="Listener.LocalEndPoint"/>). Accepted
    /// connections are spread over all loops; <paramref name="accepted"/> is called on the loop of the connection, which
    /// reads nothing until it has a handler.
    /// </summary>
    /// <exception cref="SocketException">The address is in use, not this machine's, or not allowed to this user.</exception>
    public Listener Listen(IPEndPoint endPoint, Action<TcpConnection> accepted)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        ArgumentNullException.ThrowIfNull(accepted);
        return All[0].Listen(endPoint, _options.Backlog, this, accepted);
    }

    /// <summary>
    /// Asks every session to close, calls <paramref name="other"/> for each connection that carries none, and waits until
    /// all connections are gone; <paramref name="cancellation"/> ends the waiting. Returns how many are left. Sessions without a connection are
    /// told as well, and not waited for: see <see cref="AwaitApartAsync"/>.
    /// </summary>
    public async Task<int> CloseSessionsAsync(CloseStatus status, string reason, Action<TcpConnection>? other, CancellationToken cancellation)
    {
        int left = 0;
        for (int turn = 0; turn == 0 || (left > 0 && !cancellation.IsCancellationRequested); turn++)
        {
            // Again and again: a session may begin after the others were told, when its handshake was under way.
            if (turn % TurnsBetweenTelling == 0)
            {
                Array.ForEach([.. All], loop => loop.Post(() => CloseSessions(loop, status, reason, other)));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), _options.TimeProvider, CancellationToken.None).ConfigureAwait(false);
            left = All.Sum(loop => loop.ConnectionCount);
        }

        return left;
    }

    private static void CloseSessions(EventLoop loop, CloseStatus status, string reason, Action<TcpConnection>? other)
    {
        foreach (TcpConnection connection in loop.SnapshotConnections())
        {
            if (connection.Handler is not Session session)
            {
                other?.Invoke(connection);
            }
            else if (!session.IsClosing)
            {
                session.Close(status, reason);
            }
        }

        CloseApart(loop, status, reason);
    }

    private static void CloseApart(EventLoop loop, CloseStatus status, string reason)
    {
        foreach (Session session in loop.SnapshotApart().Where(session => !session.IsClosing))
        {
            session.Close(status, reason);
        }
    }

    /// <summary>Stops the loops. Every connection that is left is closed abruptly.</summary>
    public void Dispose()
    {
        foreach (EventLoop loop in All)
        {
            loop.Dispose();
        }

        // Not disposed of: somebody may still ask it.
        _stopped.Cancel();
    }
}
