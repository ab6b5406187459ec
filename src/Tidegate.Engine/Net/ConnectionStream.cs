using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Net;

/// <summary>
/// A connection as a stream, for what is written against streams. Reading and writing may be done from any thread, one of each at a
/// time; neither goes further ahead than <see cref="MaximumUnread"/>. See <see cref="TcpConnection.ToStream"/>.
/// </summary>
public sealed class ConnectionStream : Stream, IConnectionHandler
{
    /// <summary>Bytes that may have arrived without being read, before the peer is held back. The last read may go beyond it.</summary>
    internal const int MaximumUnread = 64 * 1024;

    // What was written last may take so long to be sent.
    private static readonly TimeSpan s_lingerTime = TimeSpan.FromSeconds(2);

    private static readonly PipeOptions s_options = new(
        // The loop fills the pipe and must not run what waits for it.
        readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: MaximumUnread, resumeWriterThreshold: MaximumUnread / 2, minimumSegmentSize: 16 * 1024, useSynchronizationContext: false);

    private readonly TcpConnection _connection;
    private readonly Pipe _received = new(s_options);
    private readonly List<TaskCompletionSource> _congested = [];
    private SocketError? _error;
    private bool _isPaused;
    private bool _isClosed;
    private bool _isDisposed;
    private volatile bool _isDetached;

    /// <param name="connection">Who carries it. To be called on its loop; the stream is its handler from then on.</param>
    internal ConnectionStream(TcpConnection connection)
    {
        _connection = connection;
        connection.Handler = this;
    }

    /// <summary>The connection that carries it.</summary>
    public TcpConnection Connection => _connection;

    /// <summary>Whether the connection ends with the stream; otherwise it is its maker's.</summary>
    internal bool EndsConnection { get; init; }

    /// <summary>True while what is spoken over the stream is still agreeing with the peer.</summary>
    internal bool IsHandshaking { get; set; } = true;

    /// <summary>True once the end of what the peer sends was read.</summary>
    internal bool IsEndRead { get; private set; }

    /// <inheritdoc/>
    public override bool CanRead => true;

    /// <inheritdoc/>
    public override bool CanWrite => true;

    /// <inheritdoc/>
    public override bool CanSeek => false;

    /// <inheritdoc/>
    public override long Length => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>
    /// Has whoever reads the stream come to its end: from now on a read yields nothing, and disposing of the stream leaves the connection as it
    /// is. What has arrived and was not read waits for <see cref="GiveBack"/>. No read may be under way. Callable on any thread.
    /// </summary>
    public void Detach() => _isDetached = true;

    /// <summary>
    /// Lets the connection go after <see cref="Detach"/>: it has no handler then, and hands its next one first what is given back here, then what had
    /// arrived and was not read. To be called on the loop.
    /// </summary>
    /// <param name="read">What was read from the stream and belongs to the next owner.</param>
    public void GiveBack(ReadOnlySpan<byte> read)
    {
        _connection.PauseReading();
        _connection.Handler = null;
        try
        {
            if (_received.Reader.TryRead(out ReadResult rest))
            {
                _connection.Unread(rest.Buffer.ToArray());
                _received.Reader.AdvanceTo(rest.Buffer.End);
            }
        }
        catch (IOException)
        {
            // The connection has broken, of which the next handler is told, too.
        }

        _connection.Unread(read);
        _connection.ResumeReading();
    }

    /// <inheritdoc/>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_isDetached)
        {
            return 0;
        }

        ReadResult result = await _received.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        int length = (int)Math.Min(buffer.Length, result.Buffer.Length);
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, length);
        taken.CopyTo(buffer.Span);
        // Nothing of the sequence may be looked at after this.
        _received.Reader.AdvanceTo(taken.End);
        IsEndRead |= length == 0 && result.IsCompleted && !buffer.IsEmpty;
        return length;
    }

    /// <inheritdoc/>
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connection.Loop.Post(() => Write(buffer, done));
        await done.Task.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <inheritdoc/>
    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public override void Flush()
    {
    }

    /// <inheritdoc/>
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing && EndsConnection && !_isDisposed && !_isDetached)
        {
            _isDisposed = true;
            _received.Reader.CancelPendingRead();
            _connection.Loop.Post(static connection => ((TcpConnection)connection!).Close(s_lingerTime), _connection);
        }

        base.Dispose(disposing);
    }

    void IConnectionHandler.OnReceived(TcpConnection connection, Payload data)
    {
        _received.Writer.Write(data.Span);
        ValueTask<FlushResult> flush = _received.Writer.FlushAsync();
        if (flush.IsCompletedSuccessfully)
        {
            _ = flush.Result;
        }
        else if (!_isPaused)
        {
            _isPaused = true;
            connection.PauseReading();
            _ = ResumeWhenReadAsync(flush);
        }
    }

    void IConnectionHandler.OnReceiveEnded(TcpConnection connection) => _received.Writer.Complete();

    void IConnectionHandler.OnCongested(TcpConnection connection)
    {
    }

    void IConnectionHandler.OnDrained(TcpConnection connection)
    {
        _congested.ForEach(write => write.SetResult());
        _congested.Clear();
    }

    void IConnectionHandler.OnClosed(TcpConnection connection, SocketError? error)
    {
        _isClosed = true;
        _error = error;
        _received.Writer.Complete(error is null ? null : Broken());
        _congested.ForEach(write => write.SetException(Broken()));
        _congested.Clear();
    }

    private void Write(ReadOnlyMemory<byte> buffer, TaskCompletionSource done)
    {
        if (_isClosed || _connection.IsEnded)
        {
            done.SetException(Broken());
            return;
        }

        _connection.Write(buffer.Span);
        if (_connection.IsCongested)
        {
            _congested.Add(done);
        }
        else
        {
            done.SetResult();
        }
    }

    private async Task ResumeWhenReadAsync(ValueTask<FlushResult> flush)
    {
        await flush.ConfigureAwait(false);
        _connection.Loop.Post(() =>
        {
            _isPaused = false;
            if (!_isDetached)
            {
                _connection.ResumeReading();
            }
        });
    }

    private IOException Broken() => new("The connection is over.", new SocketException((int)(_error ?? SocketError.ConnectionAborted)));
}
