using System.Net;

namespace Tidegate.Engine.Net;

/// <summary>A listening socket, owned by an event loop.</summary>
public abstract class Listener : IDisposable
{
    /// <summary>The address and port that it listens on, the port filled in where 0 was asked for.</summary>
    public abstract IPEndPoint LocalEndPoint { get; }

    /// <summary>Raised at most once a second, on the loop, when the process or the system is out of descriptors or memory.</summary>
    public event Action<Listener, System.Net.Sockets.SocketError>? Starved;

    /// <summary>Stops listening. What was accepted before stays. Callable from any thread; the port is free when it returns.</summary>
    public abstract void Dispose();

    private protected void ReportStarved(System.Net.Sockets.SocketError error) => Starved?.Invoke(this, error);
}
