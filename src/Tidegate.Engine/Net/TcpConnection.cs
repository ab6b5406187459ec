using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Net;

/// <summary>
/// A TCP connection on an event loop. All members are for the loop's thread. Nothing is buffered while nothing waits to be
/// sent: what arrives goes to the handler from the loop's own buffer, and what is written goes to the kernel at once.
/// </summary>
public abstract unsafe class TcpConnection
{
    /// <summary>Bound on reading what a peer said before it broke the connection, should reading be paused meanwhile.</summary>
    private static readonly TimeSpan LastWordsBound = TimeSpan.FromSeconds(5);

    /// <summary>The high-water mark of a connection for which none was set, in bytes; the low one is half of it.</summary>
    internal const int DefaultHighWater = 64 * 1024;

    private IConnectionHandler? _handler;
    private PendingBytes? _pending;
    private byte[]? _unread;
    private LoopTimer? _lingerTimer;
    private int _highWater = DefaultHighWater;
    private int _lowWater = DefaultHighWater / 2;
    private State _state;
    private SocketError? _error;

    private protected TcpConnection(EventLoop loop) => Loop = loop;

    [Flags]
    private enum State : ushort
    {
        None = 0,
        Paused = 1,
        // There may be something to read that no event will announce again.
        ReadReady = 2,
        InReadQueue = 4,
        ReceiveEnded = 8,
        SendEndWanted = 16,
        SendEnded = 32,
        Congested = 64,
        Lingering = 128,
        Ended = 256,
        Reported = 512,
        // The peer has hung up: only reading to the end tells whether data comes before it.
        HungUp = 1024,
        // The peer has ended its side, and the present handler has not been told.
        RetellEnd = 2048,
        // The peer takes nothing any more; what it said before is still to be read.
        SendFailed = 4096,
    }

    /// <summary>The loop that owns this connection.</summary>
    public EventLoop Loop { get; }

    /// <summary>Bytes that were written and that the kernel has not taken yet.</summary>
    public long PendingBytes => _pending?.Length ?? 0;

    /// <summary>True once the connection has failed, was aborted, or is closed on both sides.</summary>
    public bool IsEnded => Has(State.Ended);

    /// <summary>True from <see cref="IConnectionHandler.OnCongested"/> to <see cref="IConnectionHandler.OnDrained"/>.</summary>
    public bool IsCongested => Has(State.Congested);

    /// <summary>True while reading is paused.</summary>
    public bool IsReadingPaused => Has(State.Paused);

    /// <summary>True once the peer has said that it will send nothing more.</summary>
    public bool IsReceiveEnded => Has(State.ReceiveEnded);

    /// <summary>The peer's address, or null where it is gone already.</summary>
    public abstract IPEndPoint? RemoteEndPoint { get; }

    /// <summary>This side's address, or null where it is gone already.</summary>
    public abstract IPEndPoint? LocalEndPoint { get; }

    /// <summary>Who is told of what happens. Reading begins when there is a handler; another may take over at any time.</summary>
    public IConnectionHandler? Handler
    {
        get => _handler;
        set
        {
            _handler = value;
            if (value is not null && Has(State.Reported))
            {
                // It would wait for ever otherwise.
                Loop.QueueEnd(this);
            }
            else if (value is not null)
            {
                if (Has(State.ReceiveEnded))
                {
                    _state |= State.RetellEnd | State.ReadReady;
                }

                ResumeIfReady();
            }
        }
    }

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

    /// <summary>Stops handing out what arrives. What the current call has brought is still handed out.</summary>
    public void PauseReading()
    {
        // While the connection only waits for the peer's end, nothing is handed out that could be held back.
        if (!Has(State.Lingering))
        {
            _state |= State.Paused;
        }
    }

    /// <summary>Goes on reading.</summary>
    public void ResumeReading()
    {
        if (Has(State.Paused))
        {
            _state &= ~State.Paused;
            ResumeIfReady();
        }
    }

    /// <summary>Puts bytes back in front of what will arrive: they are handed out first.</summary>
    public void Unread(ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            _unread = _unread is null ? data.ToArray() : [.. data, .. _unread];
            _state |= State.ReadReady;
            ResumeIfReady();
        }
    }

    /// <summary>Ends this side's sending when all that was written has gone; the peer may go on sending.</summary>
    public void EndSending()
    {
        if (!Has(State.SendEndWanted | State.Ended))
        {
            _state |= State.SendEndWanted;
            Loop.Outbox.Flush(this);
            ContinueEnding();
        }
    }

    /// <summary>
    /// Closes in order: sends what waits, then ends sending, then waits for the peer to end. What still arrives is
    /// dropped. After <paramref name="bound"/> the connection is cut off, whatever is left.
    /// </summary>
    public void Close(TimeSpan bound)
    {
        if (Has(State.Lingering | State.Ended))
        {
            return;
        }

        _state |= State.Lingering;
        _state &= ~State.Paused;
        _unread = null;
        _lingerTimer?.Cancel();
        _lingerTimer = Loop.Schedule(bound, static connection => ((TcpConnection)connection!).Abort(), this);
        EndSending();
        ContinueEnding();
        ResumeIfReady();
    }

    /// <summary>Cuts the connection off. What waits to be sent is lost, and the peer sees a reset.</summary>
    public void Abort()
    {
        if (!Has(State.Ended))
        {
            ResetOnClose();
            End(SocketError.OperationAborted);
        }
    }

    internal void Write(byte* data, int length)
    {
        if (length == 0 || Has(State.SendEndWanted | State.Ended))
        {
            return;
        }

        if (_pending is { Length: > 0 } pending)
        {
            pending.Append(new ReadOnlySpan<byte>(data, length));
            CheckCongestion();
        }
        else
        {
            Loop.Outbox.Write(this, data, length);
        }
    }

    /// <summary>Hands bytes to the kernel, and keeps what it does not take.</summary>
    internal void SendNow(byte* data, int length)
    {
        if (Has(State.Ended))
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

    /// <summary>Reads in the turn that the connection waited for.</summary>
    internal void ReadAgain()
    {
        _state &= ~State.InReadQueue;
        OnReadable(hungUp: false);
    }

    /// <summary>Tells the handler of the end, and lets the socket go.</summary>
    internal void ReportEnd()
    {
        if (!Has(State.Reported))
        {
            _state |= State.Reported;
            _lingerTimer?.Cancel();
            _lingerTimer = null;
            ReleaseSocket();
            DropPending();
            _unread = null;
        }

        IConnectionHandler? handler = _handler;
        _handler = null;
        try
        {
            handler?.OnClosed(this, _error);
        }
        catch (Exception exception)
        {
            Loop.Report(exception);
        }
    }

    internal ReadOnlyMemory<byte> PendingHead => _pending?.Head ?? default;

    private protected abstract int Receive(byte* buffer, int capacity, out SocketError error);

    private protected abstract int Send(byte* data, int length, out SocketError error);

    /// <summary>Asks to be told when there is something to read. Nothing to do where the event source tells by itself.</summary>
    private protected abstract void AwaitReadable();

    /// <summary>Asks to be told when <see cref="PendingHead"/> can be sent, or sends it in the background.</summary>
    private protected abstract void AwaitWritable();

    /// <summary>True while the system may be reading from <see cref="PendingHead"/>.</summary>
    private protected virtual bool IsSendingInBackground => false;

    private protected abstract void ShutdownSending();

    private protected abstract void ResetOnClose();

    private protected abstract void ReleaseSocket();

    /// <summary>There may be something to read.</summary>
    private protected void OnReadable(bool hungUp)
    {
        if (hungUp)
        {
            _state |= State.HungUp;
        }

        if (Has(State.Ended) || (Has(State.ReceiveEnded) && !Has(State.RetellEnd) && _unread is null))
        {
            return;
        }

        if (Has(State.Paused) || (_handler is null && !Has(State.Lingering)))
        {
            _state |= State.ReadReady;
            return;
        }

        Outbox outbox = Loop.Outbox;
        outbox.Begin();
        try
        {
            ReadTurn(outbox);
        }
        catch (Exception exception)
        {
            // A defect of a handler must not take the other connections with it.
            Loop.Report(exception);
            Abort();
        }
        finally
        {
            outbox.End();
        }
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

    private protected void Fail(SocketError error) => End(error);

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
        _lingerTimer = Loop.Schedule(LastWordsBound, static connection => ((TcpConnection)connection!).Abort(), this);
        ResumeIfReady();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Has(State any) => (_state & any) != 0;

    private void ReadTurn(Outbox outbox)
    {
        _state &= ~State.ReadReady;
        int capacity = Loop.ReadCapacity;
        byte* buffer = Loop.ReadBuffer;
        for (int turn = Loop.Options.BuffersPerTurn; turn > 0; turn--)
        {
            bool fromUnread = _unread is not null;
            if (!fromUnread && Has(State.ReceiveEnded))
            {
                EndReceiving();
                return;
            }

            SocketError error = SocketError.Success;
            int count = fromUnread ? TakeUnread(buffer, capacity) : Receive(buffer, capacity, out error);
            if (count > 0)
            {
                // Nothing is handed out any more while the connection only waits for the peer's end.
                if (!Has(State.Lingering))
                {
                    _handler!.OnReceived(this, new Payload(buffer, count, EventLoop.Headroom));
                    outbox.Flush();
                }
            }
            else if (count == 0)
            {
                EndReceiving();
                return;
            }
            else
            {
                if (error == SocketError.WouldBlock)
                {
                    AwaitReadable();
                }
                else
                {
                    Fail(error);
                }

                return;
            }

            if (Has(State.Ended))
            {
                return;
            }

            if (Has(State.Paused) || (_handler is null && !Has(State.Lingering)))
            {
                _state |= State.ReadReady;
                return;
            }

            if (count < capacity && !fromUnread && !Has(State.HungUp))
            {
                // The socket was emptied; the next arrival is a new event.
                AwaitReadable();
                return;
            }
        }

        QueueRead();
    }

    private int TakeUnread(byte* buffer, int capacity)
    {
        byte[] unread = _unread!;
        int count = Math.Min(unread.Length, capacity);
        unread.AsSpan(0, count).CopyTo(new Span<byte>(buffer, capacity));
        _unread = count == unread.Length ? null : unread[count..];
        return count;
    }

    private void EndReceiving()
    {
        _state = (_state | State.ReceiveEnded) & ~State.RetellEnd;
        if (Has(State.SendFailed))
        {
            End(_error);
            return;
        }

        if (!Has(State.Lingering))
        {
            _handler!.OnReceiveEnded(this);
        }

        ContinueEnding();
    }

    /// <summary>Ends sending when that is wanted and nothing waits; ends the connection when both directions have ended.</summary>
    private void ContinueEnding()
    {
        if (!Has(State.SendEndWanted) || Has(State.Ended) || PendingBytes > 0)
        {
            return;
        }

        if (!Has(State.SendEnded))
        {
            _state |= State.SendEnded;
            ShutdownSending();
        }

        if (Has(State.ReceiveEnded))
        {
            End(null);
        }
    }

    private void End(SocketError? error)
    {
        if (!Has(State.Ended))
        {
            _state |= State.Ended;
            _error ??= error;
            Loop.QueueEnd(this);
        }
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

    private void ResumeIfReady()
    {
        if (Has(State.ReadReady) && !Has(State.Paused | State.Ended) && (_handler is not null || Has(State.Lingering)))
        {
            QueueRead();
        }
    }

    private void QueueRead()
    {
        if (!Has(State.InReadQueue))
        {
            _state |= State.InReadQueue;
            Loop.QueueRead(this);
        }
    }
}
