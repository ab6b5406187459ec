using System.Buffers;
using System.Net.Sockets;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Emulation;

// The closing handshake: a command each way, without a status. What is left for the client can be fetched for a while.
public sealed partial class EmulatedSession
{
    /// <inheritdoc/>
    public override void EndSending()
    {
        if (Has(Flags.OwesClose))
        {
            AnswerClose();
        }
        else
        {
            CloseSending(CloseStatus.NormalClosure);
        }
    }

    /// <inheritdoc/>
    public override void CloseSending(CloseStatus status, string reason = "")
    {
        if (Has(Flags.OwesClose))
        {
            AnswerClose();
        }
        else if (!IsClosing)
        {
            _flags |= Flags.StillHears;
            BeginClosing(status, reason);
        }
    }

    /// <inheritdoc/>
    public override void Close(CloseStatus status, string reason = "")
    {
        if (Has(Flags.OwesClose))
        {
            AnswerClose();
            return;
        }

        if (!IsClosing)
        {
            BeginClosing(status, reason);
        }
        else if (Has(Flags.StillHears))
        {
            _flags &= ~Flags.StillHears;
        }
        else
        {
            return;
        }

        _flags &= ~Flags.Paused;
        ReleaseUpstream();
    }

    /// <inheritdoc/>
    public override void Abort() => Break(SocketError.OperationAborted, byPeer: false);

    void IUpstreamSink.OnClose()
    {
        if (Has(Flags.Finished | Flags.OwesClose))
        {
            return;
        }

        if (Has(Flags.CloseSent))
        {
            _flags |= Flags.Finished;
            ReportEnd(_closeStatus, _closeReason, null);
            Settle();
            return;
        }

        _flags = (_flags | Flags.OwesClose | Flags.ClosedByPeer) & ~Flags.Paused;
        if (Handler?.OnClosing(this, CloseStatus.NoStatus, string.Empty) != true && Has(Flags.OwesClose))
        {
            AnswerClose();
        }
    }

    private void BeginClosing(CloseStatus status, string reason)
    {
        (_closeStatus, _closeReason) = (status, reason);
        SendClose();
        _closeTimer = Loop.Schedule(_options.CloseTimeout, static session => ((EmulatedSession)session!).Abort(), this);
    }

    private void AnswerClose()
    {
        _flags = (_flags & ~Flags.OwesClose) | Flags.Finished;
        SendClose();
        ReportEnd(_closeStatus, _closeReason, null);
        Settle();
    }

    private void SendClose()
    {
        _flags |= Flags.CloseSent;
        _pending.Write(EmulationFrames.Close);
        Pump();
    }

    /// <summary>The session is over without a closing handshake, and nothing more can be fetched.</summary>
    private void Break(SocketError error, bool byPeer)
    {
        if (Has(Flags.Gone))
        {
            return;
        }

        bool owed = Has(Flags.OwesClose);
        _flags = (_flags | Flags.Finished | Flags.Broken | (byPeer && !Has(Flags.CloseSent) ? Flags.ClosedByPeer : 0)) & ~(Flags.OwesClose | Flags.Paused);
        _pending = new ArrayBufferWriter<byte>();
        _gathered = null;
        Go();
        // Not from within what the handler is doing.
        Loop.Post(() => ReportEnd(owed ? _closeStatus : CloseStatus.AbnormalClosure, _closeReason, owed ? null : error));
    }

    /// <summary>The closing handshake is done: the session goes when the client has fetched what is left, or does not within a bounded time.</summary>
    private void Settle()
    {
        _closeTimer?.Cancel();
        _closeTimer = null;
        if (_pending.WrittenCount == 0)
        {
            Go();
        }
        else
        {
            _closeTimer = Loop.Schedule(_options.CloseTimeout, static session => ((EmulatedSession)session!).Go(), this);
        }
    }

    private void Go()
    {
        if (Has(Flags.Gone))
        {
            return;
        }

        _flags |= Flags.Gone;
        _closeTimer?.Cancel();
        _downstreamTimer?.Cancel();
        _noopTimer?.Cancel();
        // Or whoever opens and ends sessions all the time leaves each of them behind until it fires.
        _inactivityTimer?.Cancel();
        ReleaseUpstream();
        CutOff();
        Loop.DropApart(this);
        _gone(this);
    }

    private void ReportEnd(CloseStatus status, string reason, SocketError? error)
    {
        if (Has(Flags.EndReported))
        {
            return;
        }

        _flags |= Flags.EndReported;
        ISessionHandler? handler = Handler;
        Handler = null;
        WhenEnded?.Invoke();
        handler?.OnClosed(this, new SessionEnd(status, reason, error, Has(Flags.ClosedByPeer) || !Has(Flags.CloseSent)));
    }
}
