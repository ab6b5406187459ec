using Microsoft.AspNetCore.Connections.Features;

namespace Tidegate.Gateway.Http;

// Kestrel has one keep-alive time for all connections: the longest of the services'. A service that wants less gets it here. So does a
// gateway that drains, which wants none.
internal sealed partial class HttpConnection
{
    private long _lastReceived;
    private long _idleSince;
    private long _keepaliveTicks;
    private int _requests;
    private bool _watching;
    private IConnectionLifetimeNotificationFeature? _lifetime;

    /// <summary>Whether a request has not been answered in full. A WebSocket over HTTP/2 is one.</summary>
    internal bool IsAnswering => Volatile.Read(ref _requests) > 0;

    public void BeginRequest()
    {
        if (Interlocked.Increment(ref _requests) == 1 && _lifetime is null)
        {
            Volatile.Write(ref _lifetime, Features.Get<IConnectionLifetimeNotificationFeature>());
        }
    }

    /// <summary>
    /// Ends the connection as soon as no request is under way, and says so to a client of HTTP/2 at once. One that has asked for nothing yet
    /// stays: its first request is on its way.
    /// </summary>
    internal void Retire()
    {
        if (Volatile.Read(ref _lifetime) is { } lifetime)
        {
            // Kestrel's part does not belong on the loop.
            ThreadPool.UnsafeQueueUserWorkItem(static lifetime => lifetime.RequestClose(), lifetime, preferLocal: false);
        }
    }

    public void EndRequest(TimeSpan keepalive, bool watch)
    {
        if (_continuation is not null)
        {
            // It is no HTTP connection any more.
            return;
        }

        Volatile.Write(ref _idleSince, Environment.TickCount64);
        Volatile.Write(ref _keepaliveTicks, (long)keepalive.TotalMilliseconds);
        if (Interlocked.Decrement(ref _requests) == 0 && watch && !Interlocked.Exchange(ref _watching, true))
        {
            _connection.Loop.Post(static connection => ((HttpConnection)connection!).Watch(), this);
        }
    }

    /// <summary>Looks whether it has been idle for too long, and looks again when that may be.</summary>
    private void Watch()
    {
        if (_inputCompleted || _connection.IsEnded)
        {
            return;
        }

        long since = Volatile.Read(ref _idleSince);
        long limit = Volatile.Read(ref _keepaliveTicks);
        // What has arrived since belongs to a request that Kestrel is reading, and times.
        bool idle = Volatile.Read(ref _requests) == 0 && _lastReceived <= since && _connection.PendingBytes == 0;
        long left = idle ? since + limit - Environment.TickCount64 : limit;
        if (left <= 0)
        {
            // As if the client had ended: what is under way in Kestrel after all is still answered.
            CompleteInput(null);
            return;
        }

        _connection.Loop.Schedule(TimeSpan.FromMilliseconds(left), static connection => ((HttpConnection)connection!).Watch(), this);
    }
}
