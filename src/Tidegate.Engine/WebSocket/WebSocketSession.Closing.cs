using System.Net.Sockets;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.WebSocket;

// The closing handshake, and how the handler is told of the end.
public sealed partial class WebSocketSession
{
    /// <inheritdoc/>
    public override void EndSending()
    {
        if (Has(Flags.OwesClose))
        {
            AnswerClose(_closeStatus, string.Empty);
        }
        else
        {
            // A WebSocket has no half-close.
            CloseSending(CloseStatus.NormalClosure);
        }
    }

    /// <inheritdoc/>
    public override void CloseSending(CloseStatus status, string reason = "")
    {
        if (Has(Flags.OwesClose))
        {
            AnswerClose(status, reason);
        }
        else if (!IsClosing)
        {
            // What the peer sends before our close frame reaches it, or before it answers that, is still wanted. A pause goes on: the
            // handler has no room for more.
            _flags |= Flags.StillHears;
            BeginClosing(status, reason);
        }
    }

    /// <inheritdoc/>
    public override void Close(CloseStatus status, string reason = "")
    {
        if (Has(Flags.OwesClose))
        {
            AnswerClose(status, reason);
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

        _connection.ResumeReading();
    }

    /// <inheritdoc/>
    public override void Abort()
    {
        // What the present call has brought further is not handed out either.
        _flags = (_flags | Flags.Finished) & ~Flags.OwesClose;
        _connection.Abort();
    }

    void IFrameSink.OnClose(ReadOnlySpan<byte> payload)
    {
        if (CloseFrame.Read(payload, out CloseStatus status, out string reason) is { } fault)
        {
            ((IFrameSink)this).OnViolation(fault, "a close frame is malformed");
            return;
        }

        if (Has(Flags.CloseSent))
        {
            _flags |= Flags.Finished;
            FinishClosing();
            if (Has(Flags.StillHears) && status != CloseStatus.NoStatus)
            {
                // Where the peer was waited for, its answer says how it ended.
                (_closeStatus, _closeReason) = (status, reason);
            }

            ReportEnd(status, reason, null);
            return;
        }

        _flags |= Flags.OwesClose | Flags.ClosedByPeer;
        (_closeStatus, _closeReason) = (status, reason);
        if (Handler?.OnClosing(this, status, reason) == true)
        {
            // The peer's end is to be noticed, and there is nothing left that could be held back.
            _connection.ResumeReading();
        }
        else if (Has(Flags.OwesClose))
        {
            AnswerClose(status, string.Empty);
        }
    }

    void IFrameSink.OnViolation(CloseStatus status, string rule)
    {
        _flags |= Flags.Finished;
        if (!Has(Flags.CloseSent))
        {
            SendClose(status, rule);
        }

        FinishClosing();
        ReportEnd(status, rule, null);
    }

    private void BeginClosing(CloseStatus status, string reason)
    {
        (_closeStatus, _closeReason) = (status, reason);
        SendClose(status, reason);
        _closeTimer = Loop.Schedule(_options.CloseTimeout, static session => ((WebSocketSession)session!).Abort(), this);
    }

    /// <summary>Answers the peer's close frame.</summary>
    private void AnswerClose(CloseStatus status, string reason)
    {
        _flags = (_flags & ~Flags.OwesClose) | Flags.Finished;
        SendClose(status, reason);
        FinishClosing();
        ReportEnd(_closeStatus, _closeReason, null);
    }

    private void SendClose(CloseStatus status, string reason)
    {
        Span<byte> payload = stackalloc byte[2 + CloseFrame.MaximumReason];
        int length = CloseFrame.Write(payload, status, reason);
        WriteFrame(ControlHeader(Opcode.Close, length), payload[..length]);
        _flags |= Flags.CloseSent;
    }

    /// <summary>Both close frames are on their way: the server ends the connection first (RFC 6455, section 7.1.1).</summary>
    private void FinishClosing()
    {
        _closeTimer?.Cancel();
        _closeTimer = null;
        _connection.Close(_options.CloseTimeout);
    }

    private void ReportEnd(CloseStatus status, string reason, SocketError? error)
    {
        if (Has(Flags.EndReported))
        {
            return;
        }

        _flags |= Flags.EndReported;
        _compressedMessage = null;
        if (Has(Flags.CloseSent) && !Has(Flags.ClosedByPeer) && _closeStatus != CloseStatus.NoStatus)
        {
            status = _closeStatus;
            reason = _closeReason;
        }

        ISessionHandler? handler = Handler;
        Handler = null;
        WhenEnded?.Invoke();
        handler?.OnClosed(this, new SessionEnd(status, reason, error, Has(Flags.ClosedByPeer) || !Has(Flags.CloseSent)));
    }
}
