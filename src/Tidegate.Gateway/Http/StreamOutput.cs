using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Tidegate.Gateway.Http;

/// <summary>
/// What is written to a stream of HTTP/2 that has become a connection. The server allows that through its stream only, and each
/// write to it is a frame: so what is written between two flushes goes in one.
/// </summary>
/// <param name="http">The request.</param>
/// <param name="stream">The server's stream.</param>
internal sealed class StreamOutput(HttpContext http, Stream stream) : PipeWriter
{
    private byte[] _buffer = [];
    private int _length;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        int wanted = _length + Math.Max(sizeHint, 1);
        if (wanted > _buffer.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(wanted);
            _buffer.AsSpan(0, _length).CopyTo(larger);
            Release();
            _buffer = larger;
        }

        return _buffer.AsMemory(_length);
    }

    public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public override void Advance(int bytes) => _length += bytes;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        ValueTask write = stream.WriteAsync(_buffer.AsMemory(0, _length), cancellationToken);
        _length = 0;
        return write.IsCompletedSuccessfully ? new ValueTask<FlushResult>(Flushed()) : FinishAsync(write);
    }

    public override void CancelPendingFlush()
    {
        // Aborting the request ends it.
    }

    /// <summary>Ends the stream on this side.</summary>
    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        await http.Response.CompleteAsync().ConfigureAwait(false);
        Complete(exception);
    }

    public override void Complete(Exception? exception = null)
    {
        // The server ends the stream when the request returns.
    }

    private async ValueTask<FlushResult> FinishAsync(ValueTask write)
    {
        await write.ConfigureAwait(false);
        return Flushed();
    }

    private FlushResult Flushed()
    {
        // A quiet connection holds no buffer.
        Release();
        // What is written to a stream that the client has reset is dropped without a word.
        return new FlushResult(isCanceled: false, isCompleted: http.RequestAborted.IsCancellationRequested);
    }

    private void Release()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }
}
