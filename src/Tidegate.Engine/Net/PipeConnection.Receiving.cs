using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Tidegate.Engine.Net;

// Taking bytes out of the pipe that comes from the peer, one read at a time.
public sealed partial class PipeConnection
{
    private protected override unsafe int Receive(byte* buffer, int capacity, out SocketError error)
    {
        error = SocketError.WouldBlock;
        if (Is(State.Reading))
        {
            return -1;
        }

        try
        {
            if (!Is(State.ReadFailed | State.Held) && _pipe.Input.TryRead(out _held))
            {
                _state |= State.Held;
            }

            if (Is(State.Held))
            {
                return TakeHeld(new Span<byte>(buffer, capacity), ref error);
            }
        }
        catch (Exception)
        {
            // Whatever a pipe throws says that its other end is gone.
            _state |= State.ReadFailed;
        }

        if (Is(State.ReadFailed))
        {
            // As the other implementation of TLS calls it, whose peer may also have broken its rules.
            error = _security is null ? SocketError.ConnectionReset : SocketError.ConnectionAborted;
        }

        return -1;
    }

    private protected override void AwaitReadable()
    {
        if (!Is(State.Reading | State.Held | State.ReadFailed | State.Released))
        {
            _state |= State.Reading;
            _ = ReadAsync();
        }
    }

    private int TakeHeld(Span<byte> buffer, ref SocketError error)
    {
        _state &= ~State.Held;
        ReadResult result = _held;
        _held = default;
        if (result.Buffer.IsEmpty)
        {
            _pipe.Input.AdvanceTo(result.Buffer.End);
            error = result.IsCompleted ? SocketError.Success : SocketError.WouldBlock;
            if (result.IsCompleted && (_peersEnd is { IsTruncated: true } || (_security is { } security && security.IsEndUnannounced())))
            {
                NoteTruncation();
            }

            return result.IsCompleted ? 0 : -1;
        }

        int count = (int)Math.Min(buffer.Length, result.Buffer.Length);
        var taken = result.Buffer.Slice(0, count);
        taken.CopyTo(buffer);
        _pipe.Input.AdvanceTo(taken.End);
        error = SocketError.Success;
        return count;
    }

    private async Task ReadAsync()
    {
        try
        {
            _held = await _pipe.Input.ReadAsync().ConfigureAwait(false);
            Loop.Post(static connection => ((PipeConnection)connection!).OnRead(State.Held), this);
        }
        catch (Exception)
        {
            Loop.Post(static connection => ((PipeConnection)connection!).OnRead(State.ReadFailed), this);
        }
    }

    private void OnRead(State outcome)
    {
        _state = (_state & ~State.Reading) | outcome;
        if (Is(State.Released))
        {
            FinishRelease();
        }
        else if (!IsEnded)
        {
            OnReadable(hungUp: false);
        }
    }
}
