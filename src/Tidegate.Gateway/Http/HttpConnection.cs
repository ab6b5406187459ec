using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;

namespace Tidegate.Gateway.Http;

/// <summary>Lets a request take its connection away from the HTTP server.</summary>
internal interface IDetachableConnection
{
    /// <summary>What is served at the address and port where the connection was accepted.</summary>
    RouteTable Routes { get; }

    /// <summary>True where something in front of the gateway does TLS: what comes in plainly is https nevertheless.</summary>
    bool IsOffloaded { get; }

    /// <summary>The loop that owns the connection.</summary>
    EventLoop Loop { get; }

    /// <summary>
    /// Has the connection given to <paramref name="continuation"/>, on its loop, once the request has returned and all that
    /// was answered has been written. What the client has sent and the server has not consumed will be received again. Where the client is
    /// gone by then, <paramref name="abandoned"/> is called instead.
    /// </summary>
    void Detach(Action<TcpConnection> continuation, Action abandoned);

    /// <summary>
    /// Has <paramref name="action"/> called, on this connection's loop, when the client has ended its side: who answers for long takes it to be gone.
    /// An action that was given before is forgotten.
    /// </summary>
    void WhenInputEnds(Action action);

    /// <summary>A request has begun: the connection is not idle.</summary>
    void BeginRequest();

    /// <summary>A request has ended.</summary>
    /// <param name="keepalive">Where no other is under way, and none comes for so long, the connection ends.</param>
    /// <param name="watch">Whether that is less than what the HTTP server itself sees to.</param>
    void EndRequest(TimeSpan keepalive, bool watch);
}

/// <summary>
/// A connection of the engine as Kestrel sees it: two pipes, filled and emptied on the connection's loop. After an upgrade
/// it lets the connection go, unharmed, and becomes garbage.
/// </summary>
internal sealed partial class HttpConnection : ConnectionContext, IConnectionHandler, IDuplexPipe, IDetachableConnection,
    IConnectionIdFeature, IConnectionTransportFeature, IConnectionItemsFeature, IConnectionLifetimeFeature, IConnectionEndPointFeature,
    IMemoryPoolFeature
{
    // Bytes that may wait in each direction before the sender of them has to.
    private const int MaximumPendingBytes = 64 * 1024;

    private static long _lastId;

    private readonly TcpConnection _connection;
    private readonly LeftoverCollection _leftovers;
    private readonly Pipe _input;
    private readonly Pipe _output;
    private readonly RetainingPipeReader _inputReader;
    private readonly CancellationTokenSource _closed = new();
    private IDuplexPipe? _transport;
    private Task _sending = Task.CompletedTask;
    private Action? _inputEnded;
    private bool _hasInputEnded;
    private TaskCompletionSource? _drained;
    private Action<TcpConnection>? _continuation;
    private Action? _abandoned;
    private string? _id;
    private bool _inputCompleted;
    private bool _waitingForReader;
    private bool _handedOn;
    private bool _withdrawsWebSockets;

    internal HttpConnection(TcpConnection connection, RouteTable routes, HttpListenEndPoint spoken, MemoryPool<byte> memory, LeftoverCollection leftovers)
    {
        _leftovers = leftovers;
        _withdrawsWebSockets = spoken == HttpListenEndPoint.Http2 && !routes.OffersWebSocketStreams;
        _connection = connection;
        Routes = routes;
        MemoryPool = memory;
        var scheduler = new LoopScheduler(connection.Loop);
        // The server's code runs on the thread pool; reading from the server's output runs on the loop.
        _input = new Pipe(new PipeOptions(memory, PipeScheduler.ThreadPool, scheduler, MaximumPendingBytes, MaximumPendingBytes / 2, useSynchronizationContext: false));
        _output = new Pipe(new PipeOptions(memory, scheduler, PipeScheduler.ThreadPool, MaximumPendingBytes, MaximumPendingBytes / 2, useSynchronizationContext: false));
        _inputReader = new RetainingPipeReader(_input.Reader);
        LocalEndPoint = connection.LocalEndPoint;
        RemoteEndPoint = connection.RemoteEndPoint;
        ConnectionClosed = _closed.Token;
        Features = new FeatureCollection(8);
        Features.Set<IConnectionIdFeature>(this);
        Features.Set<IConnectionTransportFeature>(this);
        Features.Set<IConnectionItemsFeature>(this);
        Features.Set<IConnectionLifetimeFeature>(this);
        Features.Set<IConnectionEndPointFeature>(this);
        Features.Set<IMemoryPoolFeature>(this);
        Features.Set<IDetachableConnection>(this);
        if (connection.IsEncrypted || routes.IsSecure)
        {
            var tls = new TlsFeatures(connection.DescribeTls(), spoken.ToString());
            Features.Set<ITlsConnectionFeature>(tls);
            Features.Set<ITlsHandshakeFeature>(tls);
            Features.Set<ITlsApplicationProtocolFeature>(tls);
        }
    }

    public override string ConnectionId
    {
        get => _id ??= Interlocked.Increment(ref _lastId).ToString("X", System.Globalization.CultureInfo.InvariantCulture);
        set => _id = value;
    }

    public override IFeatureCollection Features { get; }

    public RouteTable Routes { get; }

    public bool IsOffloaded => Routes.IsSecure && !_connection.IsEncrypted;

    public EventLoop Loop => _connection.Loop;

    public MemoryPool<byte> MemoryPool { get; }

    public override IDictionary<object, object?> Items { get; set; } = new ConnectionItems();

    public override IDuplexPipe Transport
    {
        get => _transport ?? this;
        set => _transport = value;
    }

    public override EndPoint? LocalEndPoint { get; set; }

    public override EndPoint? RemoteEndPoint { get; set; }

    public override CancellationToken ConnectionClosed { get; set; }

    PipeReader IDuplexPipe.Input => _inputReader;

    PipeWriter IDuplexPipe.Output => _output.Writer;

    public void Detach(Action<TcpConnection> continuation, Action abandoned) => (_continuation, _abandoned) = (continuation, abandoned);

    /// <summary>Begins to feed the server. To be called on the loop, with the bytes that are being received and those before them.</summary>
    internal void Begin(ReadOnlySpan<byte> before, Payload first)
    {
        _input.Writer.Write(before);
        _connection.SetWaterMarks(MaximumPendingBytes, MaximumPendingBytes / 2);
        _connection.Handler = this;
        OnReceived(_connection, first);
        _sending = SendAsync();
    }

    public void OnReceived(TcpConnection connection, Payload data)
    {
        if (_inputCompleted)
        {
            // It came too late: the server was told that nothing more would, or is done.
            return;
        }

        _lastReceived = Environment.TickCount64;
        _input.Writer.Write(data.Span);
        ValueTask<FlushResult> flush = _input.Writer.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            _ = flush.Result;
        }
        else if (!_waitingForReader)
        {
            _waitingForReader = true;
            connection.PauseReading();
            _ = ResumeWhenReadAsync(flush);
        }
    }

    public void OnReceiveEnded(TcpConnection connection)
    {
        _hasInputEnded = true;
        _inputEnded?.Invoke();
        CompleteInput(null);
    }

    public void WhenInputEnds(Action action) => Loop.Post(() =>
    {
        _inputEnded = action;
        if (_hasInputEnded)
        {
            action();
        }
    });

    public void OnCongested(TcpConnection connection) => _drained ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void OnDrained(TcpConnection connection)
    {
        _drained?.TrySetResult();
        _drained = null;
    }

    public void OnClosed(TcpConnection connection, SocketError? error)
    {
        CompleteInput(error is null ? null : new ConnectionResetException($"The connection ended: {error}."));
        OnDrained(connection);
        // Whoever waits for this token must not run on the loop.
        ThreadPool.UnsafeQueueUserWorkItem(static connection => connection._closed.Cancel(), this, preferLocal: false);
    }

    /// <summary>Moves what the server writes to the socket. Runs on the loop.</summary>
    private async Task SendAsync()
    {
        PipeReader reader = _output.Reader;
        while (true)
        {
            ReadResult result = await reader.ReadAsync().ConfigureAwait(false);
            Write(result.Buffer);
            reader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted || _connection.IsEnded)
            {
                break;
            }

            if (_drained is { } drained)
            {
                await drained.Task.ConfigureAwait(false);
                // That continued on the thread pool: back to the loop.
                await new LoopAwaiter(_connection.Loop);
            }
        }

        await reader.CompleteAsync().ConfigureAwait(false);
    }

    /// <summary>Writes pieces together: the server's are small, and each would be a call of the system or a TLS record.</summary>
    private void Write(ReadOnlySequence<byte> data)
    {
        if (data.IsSingleSegment && !_withdrawsWebSockets)
        {
            _connection.Write(data.FirstSpan);
            return;
        }

        byte[] gathered = ArrayPool<byte>.Shared.Rent((int)Math.Min(data.Length, MaximumPendingBytes));
        while (!data.IsEmpty)
        {
            ReadOnlySequence<byte> part = data.Slice(0, Math.Min(data.Length, gathered.Length));
            part.CopyTo(gathered);
            if (_withdrawsWebSockets)
            {
                _withdrawsWebSockets = false;
                Http2Settings.WithdrawWebSockets(gathered.AsSpan(0, (int)part.Length));
            }

            _connection.Write(gathered.AsSpan(0, (int)part.Length));
            data = data.Slice(part.End);
        }

        ArrayPool<byte>.Shared.Return(gathered);
    }

    private async Task ResumeWhenReadAsync(ValueTask<FlushResult> flush)
    {
        // The pipe's writer continues on the loop.
        await flush.ConfigureAwait(false);
        _waitingForReader = false;
        if (!_handedOn)
        {
            _connection.ResumeReading();
        }
    }

    private void CompleteInput(Exception? exception)
    {
        if (!_inputCompleted)
        {
            _inputCompleted = true;
            _input.Writer.Complete(exception);
        }
    }
}
