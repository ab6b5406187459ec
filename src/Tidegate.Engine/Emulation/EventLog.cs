using System.Buffers;

namespace Tidegate.Engine.Emulation;

/// <summary>
/// The events of one stream: those that no response has been given yet, and the last ones that a response has, for a client that
/// comes back without them. They are numbered from 1 on. Used on one loop.
/// </summary>
/// <param name="kept">How many bytes of what has been taken are kept, at least 0. At times it is twice of that, so that they are moved seldom.</param>
internal sealed class EventLog(int kept) : IBufferWriter<byte>
{
    private const int SmallCapacity = 256;
    private const int LargeCapacity = 64 * 1024;
    private readonly List<int> _ends = [];
    private byte[] _bytes = [];
    private int _length;
    private int _taken;
    private long _first = 1;

    /// <summary>Bytes that no response has been given.</summary>
    internal int Pending => _length - _taken;

    /// <summary>The number of the event that is being written, or will be next.</summary>
    internal long Next => _first + _ends.Count;

    /// <summary>The number of the last event that a response has been given; 0 where there is none.</summary>
    internal long LastTaken
    {
        get
        {
            int index = _ends.BinarySearch(_taken);
            return _taken == 0 ? _first - 1 : _first + index;
        }
    }

    /// <summary>What has been written since the last event is an event.</summary>
    internal void EndEvent() => _ends.Add(_length);

    /// <summary>All that waits, in whole events.</summary>
    internal ReadOnlySpan<byte> Peek() => _bytes.AsSpan(_taken, _length - _taken);

    /// <summary>A response has been given what <see cref="Peek"/> has shown.</summary>
    internal void Take()
    {
        _taken = _length;
        if (_taken > 2 * kept)
        {
            Trim();
        }
    }

    /// <summary>Goes back to behind the event that a client has seen last. False where something is not there any more, or has never been sent.</summary>
    internal bool TryRewind(long seen)
    {
        if (seen < _first - 1 || seen > LastTaken)
        {
            return false;
        }

        _taken = seen == _first - 1 ? 0 : _ends[(int)(seen - _first)];
        return true;
    }

    /// <inheritdoc/>
    public void Advance(int count) => _length += count;

    /// <inheritdoc/>
    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        int needed = checked(_length + Math.Max(sizeHint, 1));
        if (needed > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(needed, Math.Max(SmallCapacity, (int)Math.Min(_bytes.Length * 2L, Array.MaxLength))));
        }

        return _bytes.AsMemory(_length);
    }

    /// <inheritdoc/>
    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    private void Trim()
    {
        int events = 0;
        int bytes = 0;
        while (events < _ends.Count && _taken - bytes > kept)
        {
            bytes = _ends[events++];
        }

        _ends.RemoveRange(0, events);
        for (int i = 0; i < _ends.Count; i++)
        {
            _ends[i] -= bytes;
        }

        _first += events;
        byte[] target = _bytes.Length > LargeCapacity ? new byte[Math.Max(_length - bytes, SmallCapacity)] : _bytes;
        _bytes.AsSpan(bytes, _length - bytes).CopyTo(target);
        _bytes = target;
        _length -= bytes;
        _taken -= bytes;
    }
}
