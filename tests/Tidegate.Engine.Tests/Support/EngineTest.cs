using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Tests.Support;

/// <summary>
/// A test of the engine over one of the event sources: each class of tests has a sealed subclass for each source. Ends with
/// no exception reported by a loop that the test did not take.
/// </summary>
public abstract class EngineTest : IDisposable
{
    private static int _instances;
    private readonly EventSource _source;
    private readonly Stack<IDisposable> _owned = new();
    private readonly BlockingCollection<Exception> _faults = [];
    private EventLoops? _loops;

    protected EngineTest(EventSource source) => _source = OperatingSystem.IsLinux() ? source : EventSource.Portable;

    /// <summary>
    /// A loopback address that no other test uses at the same time, where there are so many: its ports are nobody else's,
    /// neither while a listener has them nor afterwards.
    /// </summary>
    protected IPAddress Address { get; } = OperatingSystem.IsLinux() && Interlocked.Increment(ref _instances) is var number
        ? new IPAddress([127, (byte)(100 + (number >> 16)), (byte)(number >> 8), (byte)Math.Max(1, number & 0xFF)])
        : IPAddress.Loopback;

    protected bool IsEpoll => _source == EventSource.Epoll;

    /// <summary>One loop with the usual options, where the test has not started others.</summary>
    protected EventLoops Loops => _loops ??= StartLoops();

    protected EventLoop Loop => Loops.All[0];

    protected EventLoops StartLoops(Func<EngineOptions, EngineOptions>? change = null)
    {
        var options = new EngineOptions { Loops = 1, EventSource = _source };
        EventLoops loops = Own(EventLoops.Start(change?.Invoke(options) ?? options));
        foreach (EventLoop loop in loops.All)
        {
            loop.UnhandledException += (_, exception) => _faults.Add(exception);
        }

        return _loops ??= loops;
    }

    protected T Own<T>(T disposable)
        where T : IDisposable
    {
        _owned.Push(disposable);
        return disposable;
    }

    /// <summary>Takes an exception that a loop reported, or waits for it.</summary>
    protected Exception TakeFault()
    {
        Assert.True(_faults.TryTake(out Exception? fault, Bounded.Limit), "no exception was reported");
        return fault;
    }

    protected T OnLoop<T>(Func<T> function, EventLoop? loop = null)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        (loop ?? Loop).Post(() =>
        {
            try
            {
                done.SetResult(function());
            }
            catch (Exception exception)
            {
                done.SetException(exception);
            }
        });
        return Bounded.Result(done.Task);
    }

    protected void OnLoop(Action action, EventLoop? loop = null) => OnLoop(() =>
    {
        action();
        return true;
    }, loop);

    /// <summary>Lets the loop run a few turns: what was due to happen now has happened then.</summary>
    protected void Turns(int count = 3)
    {
        for (int i = 0; i < count; i++)
        {
            OnLoop(static () => { });
        }
    }

    protected Listener Listen(Action<TcpConnection> accepted, IPAddress? address = null) =>
        Own(Loops.Listen(new IPEndPoint(address ?? Address, 0), accepted));

    /// <summary>A connection of the engine and its peer. What <paramref name="accepted"/> does comes before anything is read.</summary>
    private protected (RawPeer Peer, TcpConnection Connection) Pair(Action<TcpConnection> accepted, int? receiveBuffer = null)
    {
        var connected = new TaskCompletionSource<TcpConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        Listener listener = Listen(connection =>
        {
            accepted(connection);
            connected.SetResult(connection);
        });
        RawPeer peer = Own(RawPeer.Connect(listener.LocalEndPoint, receiveBuffer));
        return (peer, Bounded.Result(connected.Task));
    }

    private protected (RawPeer Peer, TcpConnection Connection) Pair(IConnectionHandler? handler, int? receiveBuffer = null) =>
        Pair(connection => connection.Handler = handler, receiveBuffer);

    private protected (TcpConnection? Connection, SocketError Error) Connect(string host, int port, ConnectOptions? options = null)
    {
        var done = new TaskCompletionSource<(TcpConnection?, SocketError)>(TaskCreationOptions.RunContinuationsAsynchronously);
        Loop.Post(() => Connector.Connect(Loop, host, port, options ?? new ConnectOptions(), (connection, error) => done.SetResult((connection, error))));
        return Bounded.Result(done.Task);
    }

    public void Dispose()
    {
        while (_owned.TryPop(out IDisposable? owned))
        {
            owned.Dispose();
        }

        GC.SuppressFinalize(this);
        Assert.Empty(_faults);
    }
}
