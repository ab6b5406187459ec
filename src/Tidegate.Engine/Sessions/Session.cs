using System.Net;
using Tidegate.Engine.Fanout;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Sessions;

/// <summary>
/// A conversation with one peer, whatever carries it. A session belongs to an event loop, and all members are for that loop
/// (<see cref="EventLoop.Post(Action)"/> leads there). Services are written against this class and know no transport.
/// </summary>
public abstract class Session
{
    /// <summary>The loop that drives this session.</summary>
    public abstract EventLoop Loop { get; }

    /// <summary>Who is told of what happens. Set it once, before <see cref="Start"/>, or to hand the session on.</summary>
    public ISessionHandler? Handler { get; set; }

    /// <summary>Called once, on the loop, when the session has ended; for whoever counts sessions without handling them.</summary>
    public Action? WhenEnded { get; set; }

    /// <summary>
    /// True for the session of a client, of which others hang: those to what is behind, and the tunnel that it may come through. A drain
    /// closes these (<see cref="EventLoops.DrainAsync"/>).
    /// </summary>
    public bool IsClient { get; set; }

    /// <summary>Who the peer has shown to be; null where nobody asked. Set before the session is anybody's who serves it.</summary>
    public Principal? Principal { get; set; }

    /// <summary>True where what is sent arrives as messages with the same boundaries; false for a stream of bytes.</summary>
    public abstract bool KeepsMessages { get; }

    /// <summary>
    /// True where whole messages of one kind that have arrived together may be handed out as one: for a handler to which
    /// their boundaries mean nothing.
    /// </summary>
    internal virtual bool JoinsMessages
    {
        get => !KeepsMessages;
        set
        {
        }
    }

    /// <summary>True where the peer only receives, so that nothing will ever arrive.</summary>
    public virtual bool OnlyReceives => false;

    /// <summary>The WebSocket subprotocol that was agreed on, or null.</summary>
    public virtual string? Subprotocol => null;

    /// <summary>The peer's address, or null where it is gone already.</summary>
    public abstract IPEndPoint? RemoteEndPoint { get; }

    /// <summary>Bytes that wait to be taken by the kernel.</summary>
    public abstract long PendingBytes { get; }

    /// <summary>True once this side closes, or the session is over: what is sent from now on is dropped.</summary>
    public abstract bool IsClosing { get; }

    /// <summary>True while the peer waits for the answer to its close, because <see cref="ISessionHandler.OnClosing"/> wanted it so.</summary>
    public virtual bool OwesClose => false;

    /// <summary>Begins to hand out what arrives.</summary>
    public abstract void Start();

    /// <summary>Sets when <see cref="ISessionHandler.OnCongested"/> and <see cref="ISessionHandler.OnDrained"/> are called, in bytes.</summary>
    public abstract void SetWaterMarks(int high, int low);

    /// <summary>
    /// Sends a message, or a part of one, that arrived elsewhere on this loop. Consumes the payload: see <see cref="Payload"/>.
    /// </summary>
    /// <param name="payload">The bytes; may be empty where <paramref name="endOfMessage"/> is true.</param>
    /// <param name="kind">What the message is made of; the same for all of its parts. A byte stream ignores it.</param>
    /// <param name="endOfMessage">True for the last part.</param>
    public abstract void Relay(Payload payload, MessageKind kind, bool endOfMessage);

    /// <summary>Sends a message, or a part of one, that was kept. Consumes the bytes: they may be overwritten.</summary>
    public unsafe void Relay(Span<byte> data, MessageKind kind, bool endOfMessage)
    {
        fixed (byte* pointer = data)
        {
            Relay(new Payload(pointer, data.Length, headroom: 0), kind, endOfMessage);
        }
    }

    /// <summary>Sends a whole message.</summary>
    public abstract void Send(ReadOnlySpan<byte> message, MessageKind kind);

    /// <summary>Sends a whole message that others send as well.</summary>
    public virtual void Send(SharedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        Send(message.Payload, message.Kind);
    }

    /// <summary>
    /// Has the system hold at most about so many bytes that it has not sent yet, so that <see cref="PendingBytes"/> soon tells of a peer that is
    /// slow, and a slow peer costs little of the system's memory. Does nothing where there is no such thing.
    /// </summary>
    public virtual void LimitUnsent(int bytes)
    {
    }

    /// <summary>Stops handing out what arrives. What the current call has brought is still handed out.</summary>
    public abstract void PauseReading();

    /// <summary>Goes on.</summary>
    public abstract void ResumeReading();

    /// <summary>
    /// Says that nothing more will be sent while more may be received, where the transport can say so; otherwise as <see cref="CloseSending"/>.
    /// A peer that waits for the answer to its close gets it, with the status that it gave.
    /// </summary>
    public abstract void EndSending();

    /// <summary>
    /// Closes as <see cref="Close"/> does, but what the peer still sends is handed out until it has closed as well. Where it does not
    /// within the close time-out, it is cut off.
    /// </summary>
    public abstract void CloseSending(CloseStatus status, string reason = "");

    /// <summary>
    /// Closes in order: what was sent before still goes, within the session's close time-out. A WebSocket peer is told
    /// <paramref name="status"/> and <paramref name="reason"/> (at most 123 bytes of UTF-8; longer ones are cut).
    /// </summary>
    public abstract void Close(CloseStatus status, string reason = "");

    /// <summary>
    /// Closes as <see cref="Close"/> does because what the peer is being sent has broken off: where its stream ends by a word of its own
    /// (TLS), that word is left out. A WebSocket's status says it all.
    /// </summary>
    public virtual void Break(CloseStatus status, string reason) => Close(status, reason);

    /// <summary>Cuts the session off: what waits is lost.</summary>
    public abstract void Abort();
}
