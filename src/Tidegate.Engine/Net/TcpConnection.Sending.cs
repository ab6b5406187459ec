using System.Net.Sockets;

namespace Tidegate.Engine.Net;

// Writing: straight to the kernel while it takes what comes, then through what waits.
public abstract unsafe partial class TcpConnection
{
    /// <summary>
    /// Sets when the handler is told that too much waits to be sent (more than <paramref name="high"/> bytes), and that it
    /// has gone down far enough (to <paramref name="low"/> bytes). Default: 64 KiB and half of it.
    /// </summary>
    public void SetWaterMarks(int high, int low)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(low);
        ArgumentOutOfRangeException.ThrowIfLessThan(high, low);
        _highWater = high;
        _lowWater = low;
    }

    /// <summary>Writes bytes, after those written before. Never blocks; what the kernel does not take now is kept.</summary>
    public void Write(ReadOnlySpan<byte> data)
    {
        fixed (byte* pointer = data)
        {
            Write(pointer, data.Length);
        }
    }

    internal void Write(byte* data, int length)
    {
        if (length == 0 || Has(State.SendEndWanted | State.Ended))
        {
            return;
        }

        if (_pending is { Length: > 0 })
        {
            SendNow(data, length);
        }
        else
        {
            Loop.Outbox.Write(this, data, length);
        }
    }

    /// <summary>Encrypts where TLS is spoken, hands the bytes to the kernel, and keeps what it does not take.</summary>
    internal void SendNow(byte* data, int length)
    {
        if (_tls is { } tls)
        {
            SendEncrypted(tls, data, length);
        }
        else
        {
            SendWire(data, length);
        }
    }

    private void SendWire(byte* data, int length)
    {
        if (Has(State.Ended) || length == 0)
        {
            return;
        }

        if (_pending is not { Length: > 0 })
        {
            while (length > 0)
            {
                int sent = Send(data, length, out SocketError error);
                if (sent < 0)
                {
                    if (error != SocketError.WouldBlock)
                    {
                        FailSending(error);
                        return;
                    }

                    break;
                }

                data += sent;
                length -= sent;
            }

            if (length == 0)
            {
                return;
            }

            _pending ??= Loop.Blocks.RentQueue();
            _pending.Append(new ReadOnlySpan<byte>(data, length));
            AwaitWritable();
        }
        else
        {
            _pending.Append(new ReadOnlySpan<byte>(data, length));
        }

        CheckCongestion();
    }

    /// <summary>The kernel takes bytes again; <paramref name="sent"/> bytes of <see cref="PendingHead"/> went in the background.</summary>
    private protected void OnWritable(int sent)
    {
        if (_pending is not { Length: > 0 } pending || Has(State.Ended))
        {
            return;
        }

        if (sent > 0)
        {
            pending.Consume(sent);
        }

        while (pending.Length > 0)
        {
            ReadOnlySpan<byte> head = pending.Head.Span;
            int count;
            SocketError error;
            fixed (byte* pointer = head)
            {
                count = Send(pointer, head.Length, out error);
            }

            if (count < 0)
            {
                if (error != SocketError.WouldBlock)
                {
                    FailSending(error);
                    return;
                }

                AwaitWritable();
                break;
            }

            pending.Consume(count);
        }

        if (Has(State.Congested) && pending.Length <= _lowWater)
        {
            _state &= ~State.Congested;
            try
            {
                _handler?.OnDrained(this);
            }
            catch (Exception exception)
            {
                Loop.Report(exception);
                Abort();
            }
        }

        if (pending.Length == 0)
        {
            if (ReferenceEquals(_pending, pending))
            {
                _pending = null;
                Loop.Blocks.Return(pending);
            }

            ContinueEnding();
        }
    }

    /// <summary>
    /// Sending failed, so the peer has broken the connection. It may have said why before, as a server does that refuses a
    /// request while that is still being sent: the connection ends when this was read.
    /// </summary>
    private protected void FailSending(SocketError error)
    {
        if (_handler is null || Has(State.ReceiveEnded | State.Lingering | State.Ended))
        {
            End(error);
            return;
        }

        _error = error;
        _state |= State.SendFailed | State.SendEndWanted | State.SendEnded | State.ReadReady;
        DropPending();
        _lingerTimer?.Cancel();
        _lingerTimer = Loop.Schedule(LastWordsBound, static connection => ((TcpConnection)connection!).Abort(), this);
        ResumeIfReady();
    }

    private void DropPending()
    {
        if (_pending is { } pending && !IsSendingInBackground)
        {
            // What the system may still be reading goes to the collector instead.
            pending.Clear();
            Loop.Blocks.Return(pending);
        }

        _pending = null;
    }

    private void CheckCongestion()
    {
        if (!Has(State.Congested) && PendingBytes > _highWater)
        {
            _state |= State.Congested;
            try
            {
                _handler?.OnCongested(this);
            }
            catch (Exception exception)
            {
                // Not for whoever wrote: that may be another connection's handler, which is not to blame.
                Loop.Report(exception);
                Abort();
            }
        }
    }
}
