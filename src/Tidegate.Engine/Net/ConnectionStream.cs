using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Net;

/// <summary>
/// A connection as a stream, for what is written against streams. Reading and writing may be done from any thread, one of each at a
/// time; neither goes further ahead than <see cref="MaximumUnread"/>.
/// </summary>
internal sealed class ConnectionStream : Stream, IConnectionHandler
{
    /// <summary>Bytes that may have arrived without being read, before the peer is held back. The last read may go beyond it.</summary>
    internal const int MaximumUnread = 64 * 1024;

    // What was written last may take so long to be sent.
    private static readonly TimeSpan s_lingerTime = TimeSpan.FromSeconds(2);

    private static readonly PipeOptions s_options = new(
        // The loop fills the pipe and must not run what waits for it.
        readerScheduler: PipeScheduler.ThreadPool, writerScheduler: PipeScheduler.Inline,
        pauseWriterThreshold: MaximumUnread, resumeWriterThreshold: MaximumUnread / 2, useSynchronizationContext: false);

    private readonly TcpConnection _connection;
    private readonly Pipe _received = new(s_options);
    private readonly List<TaskCompletionSource> _congested = [];
    private SocketError? _error;
    private bool _isPaused;
    private bool _isClosed;
    private bool _isDisposed;

    /// <param name="connection">Who carries it. To be called on its loop; the stream is its handler from then on.</param>
    internal ConnectionStream(TcpConnection connection)
    {
        _connection = connection;
        connection.Handler = this;
    }

    /// <summary>Whether the connection ends with the stream; otherwise it is its maker's.</summary>
    internal bool EndsConnection { get; init; }

    /// <summary>True while what is spoken over the stream is still agreeing with the peer.</summary>
    internal bool IsHandshaking { get; set; } = true;

    /// <summary>True once the end of what the peer sends was read.</summary>
    internal bool IsEndRead { get; private set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ReadResult result = await _received.Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        int length = (int)Math.Min(buffer.Length, result.Buffer.Length);
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, length);
        taken.CopyTo(buffer.Span);
        // Nothing of the sequence may be looked at after this.
        _received.Reader.AdvanceTo(taken.End);
        IsEndRead |= length == 0 && result.IsCompleted && !buffer.IsEmpty;
        return length;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _connection.Loop.Post(() => Write(buffer, done));
        await done.Task.ConfigureAwait(false);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && EndsConnection && !_isDisposed)
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
            _connection.ResumeReading();
        });
    }

    private IOException Broken() => new("The connection is over.", new SocketException((int)(_error ?? SocketError.ConnectionAborted)));
}
