using Tidegate.Engine.Net;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Sessions;

/// <summary>
/// Two sessions of one loop that pass on to each other whatever comes, as it comes. A side whose peer is slow makes the
/// other side wait; a side that ends is followed by the other when that has been sent what it is owed.
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

    /// <inheritdoc/>
    public void OnCongested(Session session) => Other(session).PauseReading();

    /// <inheritdoc/>
    public void OnDrained(Session session) => Other(session).ResumeReading();

    /// <inheritdoc/>
    public void OnClosed(Session session, SessionEnd end)
    {
        Session other = Other(session);
        if (end.IsOrderly)
        {
            // A status travels on where it may be sent.
            other.Close(CloseFrame.MayBeSent(end.Status) ? end.Status : CloseStatus.NormalClosure, end.Reason);
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

    private Session Other(Session session) => ReferenceEquals(session, _first) ? _second : _first;
}
