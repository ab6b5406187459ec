using System.Net;
using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Net;

/// <summary>A listening socket, owned by an event loop.</summary>
public abstract class Listener : IDisposable
{
    private static readonly TimeSpan DisposeBound = TimeSpan.FromSeconds(5);
    private readonly EventLoop _loop;

    private protected Listener(EventLoop loop) => _loop = loop;

    /// <summary>The address and port that it listens on, the port filled in where 0 was asked for.</summary>
    public abstract IPEndPoint LocalEndPoint { get; }

    /// <summary>Raised at most once a second, on the loop, when the process or the system is out of descriptors or memory.</summary>
    public event Action<Listener, System.Net.Sockets.SocketError>? Starved;

    /// <summary>Stops listening. What was accepted before stays. Callable from any thread; the port is free when it returns.</summary>
    /// <remarks>Waits for the loop, 5 s at most.</remarks>
    public void Dispose()
    {
        if (_loop.RunsOnThisThread)
        {
            Release();
            return;
        }

        var released = new TaskCompletionSource();
        _loop.Post(() =>
        {
            Release();
            released.SetResult();
        });
        long start = Environment.TickCount64;
        while (!_loop.HasStopped && !released.Task.Wait(TimeSpan.FromMilliseconds(50)))
        {
            if (Environment.TickCount64 - start > DisposeBound.TotalMilliseconds)
            {
                return;
            }
        }

        if (_loop.HasStopped)
        {
            // The loop runs nothing any more, and what began to listen too late for it is still there.
            Release();
        }
    }

    /// <summary>Closes the socket if it is open. Called on the loop, or when the loop has stopped.</summary>
    internal abstract void Release();

    private protected void ReportStarved(System.Net.Sockets.SocketError error) => Starved?.Invoke(this, error);
}
