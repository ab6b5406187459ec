using System.Runtime.InteropServices;

namespace Tidegate.Engine.Net;

/// <summary>
/// Gathers what one turn of a loop writes to one connection, so that many small frames leave in one send call. Bytes in
/// the loop's read buffer are not copied elsewhere: the segment grows there, closing the gaps that frame headers leave.
/// </summary>
/// <remarks>
/// One segment at a time: writing to another connection first sends what there is. All that is passed in must lie behind
/// the segment's end where it lies in the read buffer, which holds for whoever goes through a buffer front to back.
/// </remarks>
internal sealed unsafe class Outbox : IDisposable
{
    private const int ScratchSize = 32 * 1024;

    // Larger pieces are sent on their own: moving them would cost more than the call that it saves.
    private const int MovedAtMost = 16 * 1024;
    private readonly byte* _readBuffer;
    private readonly byte* _readBufferEnd;
    private byte* _scratch = (byte*)NativeMemory.AlignedAlloc(ScratchSize, 64);
    private TcpConnection? _target;
    private byte* _start;
    private byte* _end;
    private int _depth;

    internal Outbox(byte* readBuffer, int length)
    {
        _readBuffer = readBuffer;
        _readBufferEnd = readBuffer + length;
    }

    /// <summary>From here to <see cref="End"/> writes are gathered.</summary>
    internal void Begin() => _depth++;

    internal void End()
    {
        if (--_depth == 0)
        {
            Flush();
        }
    }

    internal void Write(TcpConnection target, byte* data, int length)
    {
        if (_depth == 0)
        {
            target.SendNow(data, length);
            return;
        }

        bool inReadBuffer = data >= _readBuffer && data < _readBufferEnd;
        while (_target is not null)
        {
            if (ReferenceEquals(_target, target) && TryExtend(data, length, inReadBuffer))
            {
                return;
            }

            // Tells of congestion; a handler that writes then begins a segment of its own, which has to leave as well.
            Flush();
        }

        if (target.PendingBytes > 0)
        {
            // The kernel did not take all of the segment: what follows it waits behind the rest. A segment of its own would be
            // overtaken by the next write, which goes straight to what waits.
            target.SendNow(data, length);
            return;
        }

        Start(target, data, length, inReadBuffer);
    }

    /// <summary>Sends what was gathered.</summary>
    internal void Flush()
    {
        if (_target is { } target)
        {
            _target = null;
            target.SendNow(_start, (int)(_end - _start));
        }
    }

    /// <summary>Sends what was gathered for one connection.</summary>
    internal void Flush(TcpConnection connection)
    {
        if (ReferenceEquals(_target, connection))
        {
            Flush();
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_scratch);
        _scratch = null;
    }

    private bool TryExtend(byte* data, int length, bool inReadBuffer)
    {
        bool segmentInScratch = _start >= _scratch && _start < _scratch + ScratchSize;
        if (segmentInScratch)
        {
            if (_end + length > _scratch + ScratchSize)
            {
                return false;
            }
        }
        else if (!inReadBuffer || data < _end)
        {
            return false;
        }

        if (data != _end)
        {
            if (length > MovedAtMost)
            {
                return false;
            }

            Buffer.MemoryCopy(data, _end, length, length);
        }

        _end += length;
        return true;
    }

    private void Start(TcpConnection target, byte* data, int length, bool inReadBuffer)
    {
        if (!inReadBuffer)
        {
            if (length > ScratchSize)
            {
                target.SendNow(data, length);
                return;
            }

            Buffer.MemoryCopy(data, _scratch, ScratchSize, length);
            data = _scratch;
        }

        _target = target;
        _start = data;
        _end = data + length;
    }
}
