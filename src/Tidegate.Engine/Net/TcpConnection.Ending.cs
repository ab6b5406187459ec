using System.Net.Sockets;

namespace Tidegate.Engine.Net;

// The ways in which a connection ends, and how its handler is told.
public abstract unsafe partial class TcpConnection
{
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
    /// As <see cref="EndSending()"/>, but the peer has to end its side within <paramref name="bound"/>: then the connection is cut off, as
    /// by <see cref="Close"/>. What arrives until then is handed out.
    /// </summary>
    public void EndSending(TimeSpan bound)
    {
        if (!Has(State.SendEndWanted | State.Ended))
        {
            _lingerTimer = Loop.Schedule(bound, static connection => ((TcpConnection)connection!).CutOff(), this);
            EndSending();
        }
    }

    /// <summary>
    /// Closes in order: sends what waits, then ends sending, then waits for the peer to end. What still arrives is
    /// dropped. After <paramref name="bound"/> the connection is cut off, whatever is left here; what the system has taken it
    /// still sends.
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
        _lingerTimer = Loop.Schedule(bound, static connection => ((TcpConnection)connection!).CutOff(), this);
        EndSending();
        ContinueEnding();
        ResumeIfReady();
    }

    /// <summary>
    /// As <see cref="Close"/>, but a peer with TLS hears no <c>close_notify</c>, so that it can tell that not all has come. Over TCP alone
    /// there are no words for it.
    /// </summary>
    public void CloseTruncated(TimeSpan bound)
    {
        if (!Has(State.SendEnded))
        {
            _state |= State.EndsTruncated;
        }

        Close(bound);
    }

    /// <summary>Gives up because the peer's stream was cut short: the handler is told of an error.</summary>
    internal void EndTruncated()
    {
        if (!Has(State.Ended))
        {
            ResetOnClose();
            End(SocketError.ConnectionAborted);
        }
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

    /// <summary>Tells the handler of the end, and lets the socket go.</summary>
    internal void ReportEnd()
    {
        if (!Has(State.Reported))
        {
            _state |= State.Reported;
            _lingerTimer?.Cancel();
            _lingerTimer = null;
            ReleaseSocket();
            _tls?.Dispose();
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

    private protected void Fail(SocketError error) => End(error);

    /// <summary>Ends sending when that is wanted and nothing waits; ends the connection when both directions have ended.</summary>
    private void ContinueEnding()
    {
        if (!Has(State.SendEndWanted) || Has(State.Ended) || PendingBytes > 0)
        {
            return;
        }

        if (!Has(State.SendEnded))
        {
            if (_tls is { } tls && !Has(State.EndsTruncated) && !SendCloseNotify(tls))
            {
                return;
            }

            _state |= State.SendEnded;
            ShutdownSending();
        }

        if (Has(State.ReceiveEnded))
        {
            End(null);
        }
    }

    /// <summary>Waits no longer. A reset would destroy what a slow peer is still to get of what the system has taken.</summary>
    private void CutOff()
    {
        if (!Has(State.SendEnded))
        {
            Abort();
        }
        else if (!Has(State.Ended))
        {
            LetGo();
            End(SocketError.OperationAborted);
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
}
