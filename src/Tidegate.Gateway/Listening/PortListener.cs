using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Tidegate.Engine;
using Tidegate.Engine.Net;
using Tidegate.Gateway.Services;

namespace Tidegate.Gateway.Listening;

/// <summary>The one physical listener of an address and port, however many accepts share it.</summary>
internal sealed partial class PortListener : IDisposable
{
    private readonly EventLoops _loops;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private Listener? _listener;
    private bool _disposed;

    /// <param name="loops">Who accepts.</param>
    /// <param name="endPoint">Where; port 0 is any free one.</param>
    /// <param name="reception">What receives the connections.</param>
    /// <param name="followed">The one service that all of them are for, or null: where it can not serve, nothing listens.</param>
    /// <param name="logger">Takes what goes wrong later.</param>
    /// <exception cref="SocketException">It can not be bound.</exception>
    internal PortListener(EventLoops loops, IPEndPoint endPoint, Reception reception, Service? followed, ILogger logger)
    {
        _loops = loops;
        _logger = logger;
        Reception = reception;
        _listener = Listen(endPoint);
        EndPoint = _listener.LocalEndPoint;
        reception.Place = EndPoint.ToString();
        if (followed is not null)
        {
            // A service that can not serve refuses clients where they can tell: at the port.
            followed.AcceptingChanged += FollowService;

            // It may have found out before.
            FollowService(followed);
        }
    }

    /// <summary>Where it listens, the port filled in.</summary>
    internal IPEndPoint EndPoint { get; }

    /// <summary>What receives the connections.</summary>
    internal Reception Reception { get; }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _listener?.Dispose();
            _listener = null;
        }
    }

    private Listener Listen(IPEndPoint endPoint)
    {
        Listener listener = _loops.Listen(endPoint, Reception.Accept);
        listener.Starved += (_, error) => LogStarved(EndPoint.ToString(), error.ToString());
        return listener;
    }

    private void FollowService(Service service) => ThreadPool.QueueUserWorkItem(_ =>
    {
        lock (_lock)
        {
            if (_disposed || service.IsAccepting == _listener is not null)
            {
                return;
            }

            if (!service.IsAccepting)
            {
                _listener!.Dispose();
                _listener = null;
                return;
            }

            try
            {
                _listener = Listen(EndPoint);
            }
            catch (SocketException exception)
            {
                LogNotRebound(EndPoint.ToString(), service.Configuration.Name, exception.Message);
            }
        }
    });

    [LoggerMessage(Level = LogLevel.Error, Message = "No connection can be accepted at {EndPoint} for the moment: {Error}. Raise the limit of open files (ulimit -n) if this goes on")]
    private partial void LogStarved(string endPoint, string error);

    [LoggerMessage(Level = LogLevel.Error, Message = "{EndPoint} can not be bound again for service \"{Service}\": {Error}")]
    private partial void LogNotRebound(string endPoint, string service, string error);
}
