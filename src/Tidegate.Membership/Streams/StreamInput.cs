using System.Buffers;

namespace Tidegate.Membership.Streams;

/// <summary>What has come of a stream, in one piece that grows as more comes, up to a bound.</summary>
internal sealed class StreamInput : IDisposable
{
    private const int FirstSize = 4 << 10;

    // A label and a sealed frame's own bytes are not the message's.
    private const int Maximum = StreamLimits.Message + (4 << 10);

    private readonly Stream _stream;
    private readonly StreamBudget.Share _share;
    private byte[] _buffer = [];
    private int _length;

    internal StreamInput(Stream stream, StreamBudget.Share share)
    {
        _stream = stream;
        _share = share;
    }

    /// <summary>Everything that has come and was not passed over.</summary>
    internal ReadOnlySpan<byte> Bytes => _buffer.AsSpan(0, _length);

    /// <summary>Reads until there are that many bytes. More may come along.</summary>
    /// <returns><see cref="StreamRefusal.CutOff"/> at the end of the stream, or what bound was met.</returns>
    internal async ValueTask<StreamRefusal> FillAsync(int needed, CancellationToken cancellationToken)
    {
        if (needed > Maximum)
        {
            return StreamRefusal.TooLarge;
        }

        while (_length < needed)
        {
            // Room for what has come so far twice, not for what was announced: announcing costs nothing.
            if (_length == _buffer.Length && !TryGrow())
            {
                return StreamRefusal.TooMuchHeld;
            }

            int read = await _stream.ReadAsync(_buffer.AsMemory(_length), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return StreamRefusal.CutOff;
            }

            _length += read;
        }

        return StreamRefusal.None;
    }

    /// <summary>Passes over bytes at the beginning.</summary>
    internal void Skip(int count)
    {
        _buffer.AsSpan(count, _length - count).CopyTo(_buffer);
        _length -= count;
    }

    public void Dispose()
    {
        GiveBack();
        _buffer = [];
        _length = 0;
    }

    private bool TryGrow()
    {
        int size = Math.Min(Math.Max(FirstSize, _buffer.Length * 2), Maximum);
        if (!_share.TryAdd(size - _buffer.Length))
        {
            return false;
        }

        byte[] larger = ArrayPool<byte>.Shared.Rent(size);
        Bytes.CopyTo(larger);
        GiveBack();
        _buffer = larger;
        return true;
    }

    private void GiveBack()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }
}
