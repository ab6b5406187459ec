using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Tidegate.Engine.Loops;

namespace Tidegate.Engine.Net;

/// <summary>
/// A TCP connection on an event loop. All members are for the loop's thread. Nothing is buffered while nothing waits to be
/// sent: what arrives goes to the handler from the loop's own buffer, and what is written goes to the kernel at once.
/// </summary>
public abstract unsafe partial class TcpConnection
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
        Handshaking = 8192,
        // The peer's stream of TLS has ended without a close_notify.
        Truncated = 16384,
        // This side's is to end so, too.
        EndsTruncated = 32768,
    }

    /// <summary>
    /// Gives the connection, which has no handler yet, to a stream for what is written against streams. It may be read and written from any thread,
    /// one of each at a time, and closes the connection when it is disposed of. To be called on the loop.
    /// </summary>
    public ConnectionStream ToStream() => new ConnectionStream(this) { EndsConnection = true, IsHandshaking = false };

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

    /// <summary>
    /// True once the peer has ended a stream of TLS without saying so by <c>close_notify</c>: somebody in between may have cut it short
    /// (RFC 8446, section 6.1). To a protocol that says itself where it ends this means nothing.
    /// </summary>
    public bool IsReceiveTruncated => Has(State.Truncated);

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

    /// <summary>Has the system hold at most about so many bytes that it has not sent yet. Does nothing where it can not.</summary>
    public virtual void LimitUnsent(int bytes)
    {
    }

    /// <summary>True while bytes wait to be handed out that the system has no longer.</summary>
    private protected bool HoldsUnread => _unread is not null || _tls is { HasMore: true };

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

    /// <summary>All was sent, and the peer does not end its side: nothing here may wait for it any longer.</summary>
    private protected virtual void LetGo()
    {
        // The system sees to what it has.
    }

    private protected abstract void ReleaseSocket();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Has(State any) => (_state & any) != 0;
}
