using Tidegate.Engine.Net;

namespace Tidegate.Gateway.Services.HttpProxy;

/// <summary>
/// A connection to a back-end that may answer and hang up before it has taken all of a request, as it does with an upload that it refuses. HttpClient
/// would report the broken write and never look at the answer, so what can not be written any more is dropped here, and reading tells how it ends.
/// A connection that was kept and turns out to be reset before anything was answered shows its end, which HttpClient takes for what it is: a server that
/// has hung up meanwhile, and asks again by a new one where it can.
/// </summary>
internal sealed class EarlyAnswerStream(ConnectionStream inner) : Stream
{
    private volatile bool _takesNothing;
    private volatile bool _hasAnswered;

    /// <summary>Another request begins.</summary>
    internal void Begin() => _hasAnswered = false;

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
        try
        {
            int count = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            _hasAnswered |= count > 0;
            return count;
        }
        catch (IOException) when (!_hasAnswered)
        {
            // Of an answer that has begun, this would make a whole one where its end is that of the connection.
            return 0;
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_takesNothing)
        {
            return;
        }

        try
        {
            await inner.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException)
        {
            _takesNothing = true;
        }
    }

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
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
