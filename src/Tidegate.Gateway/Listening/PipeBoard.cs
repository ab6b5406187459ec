using System.Collections.Concurrent;
using System.Net.Sockets;
using Tidegate.Engine;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;

namespace Tidegate.Gateway.Listening;

/// <summary>The pipes inside one gateway: who listens under which name, and connecting to them.</summary>
internal sealed class PipeBoard(EventLoops loops)
{
    /// <summary>
    /// Pairs that may be open at once. There are no rings (<see cref="PipeRings"/>), so it takes as many clients, whom the limit of open
    /// files bounds, or a web of services through other places.
    /// </summary>
    internal const int MaximumPairs = 65_536;

    private readonly ConcurrentDictionary<string, (Action<TcpConnection> Accepted, Func<bool> IsAccepting)> _listeners = new(StringComparer.Ordinal);
    private int _pairs;

    /// <summary>Listens under a name that nobody has yet.</summary>
    /// <param name="name">The name, in lower case.</param>
    /// <param name="accepted">Gives a connection a handler, on the connection's loop.</param>
    /// <param name="isAccepting">False while connections are to be refused.</param>
    internal void Listen(string name, Action<TcpConnection> accepted, Func<bool> isAccepting)
    {
        if (!_listeners.TryAdd(name, (accepted, isAccepting)))
        {
            throw new InvalidOperationException($"pipe://{name} is listened at already.");
        }
    }

    /// <summary>Refuses connections from now on.</summary>
    internal void StopListening() => _listeners.Clear();

    /// <summary>
    /// Connects, on <paramref name="loop"/>; the listener's side goes to the loop whose turn it is. <paramref name="completed"/> is
    /// called once, on the loop, after this has returned.
    /// </summary>
    internal void Connect(EventLoop loop, string name, Action<TcpConnection?, SocketError> completed)
    {
        if (!_listeners.TryGetValue(name, out var listener) || !listener.IsAccepting())
        {
            loop.Post(() => completed(null, SocketError.ConnectionRefused));
            return;
        }

        if (Interlocked.Increment(ref _pairs) > MaximumPairs)
        {
            Interlocked.Decrement(ref _pairs);
            loop.Post(() => completed(null, SocketError.NoBufferSpaceAvailable));
            return;
        }

        _ = CountAsync(LocalPair.OpenAsync(loop, connection => completed(connection, SocketError.Success), loops.Next(), listener.Accepted));
    }

    private async Task CountAsync(Task over)
    {
        await over.ConfigureAwait(false);
        Interlocked.Decrement(ref _pairs);
    }
}
