using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;

namespace Tidegate.Engine.Net;

// Putting bytes into the pipe that goes to the peer, one flush at a time, and ending it.
public sealed partial class PipeConnection
{
    // Bytes that one flush may carry.
    private const int MaximumWrite = 64 * 1024;

    private protected override unsafe int Send(byte* data, int length, out SocketError error)
    {
        error = SocketError.Success;
        if (Is(State.Flushing))
        {
            error = SocketError.WouldBlock;
            return -1;
        }

        int count = Math.Min(length, MaximumWrite);
        try
        {
            _pipe.Output.Write(new ReadOnlySpan<byte>(data, count));
            ValueTask<FlushResult> flush = _pipe.Output.FlushAsync();
            if (!flush.IsCompletedSuccessfully)
            {
                _state |= State.Flushing;
                _ = FinishFlushAsync(flush);
            }
            else if (flush.Result.IsCompleted)
            {
                _state |= State.WriteFailed;
            }
        }
        catch (Exception)
        {
            _state |= State.WriteFailed;
        }

        if (Is(State.WriteFailed))
        {
            error = SocketError.ConnectionReset;
            return -1;
        }

        return count;
    }

    private protected override void AwaitWritable()
    {
        // Bytes are refused only while a flush is under way, and its end is announced.
    }

    private protected override void ShutdownSending()
    {
        if (Is(State.Flushing))
        {
            _state |= State.CompleteWanted;
        }
        else if (!Is(State.Completing | State.Aborted))
        {
            _state |= State.Completing;
            if (_security is not null)
            {
                _security.EndsTruncated = IsToEndTruncated;
            }

            if (_ownEnd is not null)
            {
                _ownEnd.IsTruncated = IsToEndTruncated;
            }

            _ = CompleteAsync();
        }
    }

    private void GiveUpFlushing()
    {
        ResetOnClose();
        if (Is(State.Flushing))
        {
            _pipe.Output.CancelPendingFlush();
        }
    }

    private async Task FinishFlushAsync(ValueTask<FlushResult> flush)
    {
        bool failed;
        try
        {
            failed = (await flush.ConfigureAwait(false)).IsCompleted;
        }
        catch (Exception)
        {
            failed = true;
        }

        Loop.Post(() => OnFlushed(failed));
    }

    private void OnFlushed(bool failed)
    {
        _state &= ~State.Flushing;
        if (Is(State.CompleteWanted))
        {
            ShutdownSending();
        }

        if (Is(State.Released))
        {
            FinishRelease();
        }
        else if (failed)
        {
            FailSending(SocketError.ConnectionReset);
        }
        else if (!IsEnded)
        {
            OnWritable(0);
        }
    }

    private async Task CompleteAsync()
    {
        try
        {
            await _pipe.Output.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The other end is gone, and reading says so.
        }

        Loop.Post(static connection =>
        {
            var self = (PipeConnection)connection!;
            self._state &= ~State.Completing;
            if (self.Is(State.Released))
            {
                self.FinishRelease();
            }
        }, this);
    }
}
