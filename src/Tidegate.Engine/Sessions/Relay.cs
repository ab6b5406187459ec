using System.Net.Sockets;
using Tidegate.Engine.Net;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Sessions;

/// <summary>
/// Two sessions of one loop that pass on to each other whatever comes, as it comes. A side whose peer is slow makes the
/// other side wait; a side that ends is followed by the other when that has been sent what it is owed, and answered when the other
/// has ended as well.
/// </summary>
public sealed class Relay : ISessionHandler
{
    private readonly Session _first;
    private readonly Session _second;
    private readonly Action<Relay, Session, SessionEnd>? _ended;
    private bool _isOver;

    /// <param name="first">The side that was accepted, not started or paused.</param>
    /// <param name="second">The back-end's side, on the same loop.</param>
    /// <param name="maximumPendingBytes">Bytes that may wait on one side before the other is no longer read; it is read again at half. At least 1.</param>
    /// <param name="ended">Told once, when the first of the two has ended and the other was asked to.</param>
    /// <exception cref="ArgumentException">The sessions belong to different loops.</exception>
    public Relay(Session first, Session second, int maximumPendingBytes, Action<Relay, Session, SessionEnd>? ended = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumPendingBytes, 1);
        if (!ReferenceEquals(first.Loop, second.Loop))
        {
            throw new ArgumentException("Both sides of a relay must belong to one loop.", nameof(second));
        }

        _first = first;
        _second = second;
        _ended = ended;
        first.SetWaterMarks(maximumPendingBytes, maximumPendingBytes / 2);
        second.SetWaterMarks(maximumPendingBytes, maximumPendingBytes / 2);
        first.JoinsMessages = !second.KeepsMessages;
        second.JoinsMessages = !first.KeepsMessages;
        first.Handler = this;
        second.Handler = this;
    }

    /// <inheritdoc/>
    public void OnPayload(Session session, Payload payload, MessageKind kind, bool endOfMessage) =>
        Other(session).Relay(payload, kind, endOfMessage);

    /// <inheritdoc/>
    public void OnReceiveEnded(Session session) => Other(session).EndSending();

    /// <summary>
    /// Who closes may still be owed answers (RFC 6455, section 5.5.1: what was sent before a close frame is to arrive, and the close is
    /// answered when it has been). So the close is passed on behind all that came before it, what the other side then still says is
    /// relayed, and its close is the answer.
    /// </summary>
    public bool OnClosing(Session session, CloseStatus status, string reason)
    {
        Session other = Other(session);
        if (other.IsClosing || (IsBreak(status) && !other.KeepsMessages))
        {
            return false;
        }

        other.CloseSending(StatusToSend(status), reason);
        return true;
    }

    /// <inheritdoc/>
    public void OnCongested(Session session) => Other(session).PauseReading();

    /// <inheritdoc/>
    public void OnDrained(Session session) => Other(session).ResumeReading();

    /// <inheritdoc/>
    public void OnClosed(Session session, SessionEnd end)
    {
        Session other = Other(session);
        if (end.IsOrderly && IsBreak(end.Status) && end.ByPeer)
        {
            other.Break(end.Status, end.Reason);
        }
        else if (end.IsOrderly)
        {
            other.Close(StatusToSend(end.Status), end.Reason);
        }
        else if (other.OwesClose && !end.ByPeer && end.Error == SocketError.OperationAborted)
        {
            // It did not answer in time. Whoever has closed gets the usual answer then, the status that it gave.
            other.EndSending();
        }
        else if (ReferenceEquals(session, _second))
        {
            other.Break(CloseStatus.BadGateway, "the connection to the back-end broke");
        }
        else
        {
            other.Break(CloseStatus.GoingAway, "the client's connection broke");
        }

        if (!_isOver)
        {
            _isOver = true;
            _ended?.Invoke(this, session, end);
        }
    }

    /// <summary>Says that what the peer was sending has broken off. A stream has no status for that, and may have another word.</summary>
    private static bool IsBreak(CloseStatus status) => status is CloseStatus.InternalError or CloseStatus.BadGateway;

    /// <summary>A status travels on where it may be sent.</summary>
    private static CloseStatus StatusToSend(CloseStatus status) => CloseFrame.MayBeSent(status) ? status : CloseStatus.NormalClosure;

    private Session Other(Session session) => ReferenceEquals(session, _first) ? _second : _first;
}
