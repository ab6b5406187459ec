namespace Tidegate.Membership.Tests.Streams;

/// <summary>
/// A connection whose other side is a script: it gives these bytes, so many at a time, then its end or, where asked,
/// silence. What is written to it is kept; writing can be held up.
/// </summary>
internal sealed class ScriptedStream(IEnumerable<byte> input, int atATime = int.MaxValue, bool endsSilently = false, Task? writing = null) : Stream
{
    private readonly IEnumerator<byte> _input = input.GetEnumerator();
    private readonly MemoryStream _written = new();

    internal byte[] Written => _written.ToArray();

    internal long BytesRead { get; private set; }

    internal bool IsDisposed { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int count = 0;
        while (count < Math.Min(buffer.Length, atATime) && _input.MoveNext())
        {
            buffer.Span[count++] = _input.Current;
        }

        if (count == 0 && endsSilently)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        BytesRead += count;
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        _written.Write(buffer.Span);
        await (writing ?? Task.CompletedTask).WaitAsync(cancellationToken);
    }

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }
}
