namespace Tidegate.Engine.Net;

/// <summary>Bytes in order of arrival that a socket has not taken yet, in blocks of the loop's pool.</summary>
internal sealed class PendingBytes(BlockPool pool)
{
    private readonly Queue<byte[]> _blocks = new();
    private byte[]? _tail;
    private int _headOffset;
    private int _tailLength;

    internal long Length { get; private set; }

    /// <summary>The first bytes that wait, as far as they lie together.</summary>
    internal ReadOnlyMemory<byte> Head
    {
        get
        {
            if (Length == 0)
            {
                return default;
            }

            byte[] head = _blocks.Peek();
            int end = ReferenceEquals(head, _tail) ? _tailLength : head.Length;
            return head.AsMemory(_headOffset, end - _headOffset);
        }
    }

    internal void Append(ReadOnlySpan<byte> data)
    {
        Length += data.Length;
        while (!data.IsEmpty)
        {
            if (_tail is null || _tailLength == _tail.Length)
            {
                // The first block for a few bytes is small; what goes on waiting gets large ones.
                _tail = pool.Rent(_blocks.Count == 0 ? data.Length : BlockPool.Large);
                _tailLength = 0;
                _blocks.Enqueue(_tail);
            }

            int count = Math.Min(data.Length, _tail.Length - _tailLength);
            data[..count].CopyTo(_tail.AsSpan(_tailLength));
            _tailLength += count;
            data = data[count..];
        }
    }

    /// <summary>Drops the first <paramref name="count"/> bytes, which must lie in <see cref="Head"/>.</summary>
    internal void Consume(int count)
    {
        Length -= count;
        _headOffset += count;
        byte[] head = _blocks.Peek();
        int end = ReferenceEquals(head, _tail) ? _tailLength : head.Length;
        if (_headOffset < end)
        {
            return;
        }

        pool.Return(_blocks.Dequeue());
        _headOffset = 0;
        if (ReferenceEquals(head, _tail))
        {
            _tail = null;
            _tailLength = 0;
        }
    }

    internal void Clear()
    {
        while (_blocks.TryDequeue(out byte[]? block))
        {
            pool.Return(block);
        }

        Length = 0;
        _headOffset = 0;
        _tailLength = 0;
        _tail = null;
    }
}
