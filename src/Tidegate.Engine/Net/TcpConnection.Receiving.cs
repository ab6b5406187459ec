using System.Net.Sockets;
using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Net;

// Reading: a turn at a time, into the loop's buffer.
public abstract unsafe partial class TcpConnection
{
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

    /// <summary>Reads in the turn that the connection waited for.</summary>
    internal void ReadAgain()
    {
        _state &= ~State.InReadQueue;
        OnReadable(hungUp: false);
    }

    /// <summary>There may be something to read.</summary>
    private protected void OnReadable(bool hungUp)
    {
        if (hungUp)
        {
            _state |= State.HungUp;
        }

        if (Has(State.Handshaking))
        {
            QueueHandshake();
            return;
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
            int count = fromUnread ? TakeUnread(buffer, capacity)
                : _tls is { } tls ? ReceiveDecrypted(tls, buffer, capacity, out error)
                : Receive(buffer, capacity, out error);
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

            if (count < capacity && !fromUnread && !Has(State.HungUp) && _tls is not { ReadsAgain: true })
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
