using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Emulation;

/// <summary>
/// A WebSocket that is emulated by HTTP requests: those of one kind bring what the client sends, and the responses to those of the other
/// kind what it is sent (docs/spec/compat.md, chapter 3.6). Services see a WebSocket. It has no connection of its own, so it is on whatever
/// loop the request that opened it came in on; all members are for that loop.
/// </summary>
public sealed partial class EmulatedSession : Session, IUpstreamSink, IDownstreamSource
{
    private const int KeptCapacity = 16 * 1024;

    private readonly EmulationOptions _options;
    private readonly Action<EmulatedSession> _gone;
    private ArrayBufferWriter<byte> _pending = new();
    private ArrayBufferWriter<byte>? _gathered;
    private LoopTimer? _closeTimer;
    private string _closeReason = string.Empty;
    private CloseStatus _closeStatus = CloseStatus.NoStatus;
    private int _high = int.MaxValue;
    private int _low;
    private Flags _flags;

    /// <param name="loop">The loop that it belongs to.</param>
    /// <param name="options">Limits and times.</param>
    /// <param name="subprotocol">The agreed subprotocol, or null.</param>
    /// <param name="remoteEndPoint">Who opened it.</param>
    /// <param name="gone">Called once, on the loop, when there is nothing left that a request could want of it.</param>
    public EmulatedSession(EventLoop loop, EmulationOptions options, string? subprotocol, IPEndPoint? remoteEndPoint, Action<EmulatedSession> gone)
    {
        Loop = loop;
        _options = options;
        _gone = gone;
        Subprotocol = subprotocol;
        RemoteEndPoint = remoteEndPoint;
        (_nextUpstream, _nextDownstream) = (options.FirstSequence + 1, options.FirstSequence + 1);
        IsClient = true;
        loop.AddApart(this);
    }

    [Flags]
    private enum Flags : ushort
    {
        None = 0,
        Paused = 1,
        Congested = 2,
        CloseSent = 4,
        // Nothing more comes of the client that anybody wants.
        Finished = 8,
        EndReported = 16,
        ClosedByPeer = 32,
        StillHears = 64,
        OwesClose = 128,
        Gone = 256,
        AwaitingPong = 512,
        Started = 1024,
        UpstreamOpen = 2048,
        // Over without a closing handshake.
        Broken = 4096,
    }

    /// <inheritdoc/>
    public override EventLoop Loop { get; }

    /// <inheritdoc/>
    public override bool KeepsMessages => true;

    /// <inheritdoc/>
    public override string? Subprotocol { get; }

    /// <inheritdoc/>
    public override IPEndPoint? RemoteEndPoint { get; }

    /// <inheritdoc/>
    public override long PendingBytes => _pending.WrittenCount + (_gathered?.WrittenCount ?? 0);

    /// <inheritdoc/>
    public override bool IsClosing => Has(Flags.CloseSent | Flags.Finished);

    /// <inheritdoc/>
    public override bool OwesClose => Has(Flags.OwesClose);

    /// <summary>True while what arrives is for the service.</summary>
    private bool Hears => !Has(Flags.Finished | Flags.OwesClose) && (!Has(Flags.CloseSent) || Has(Flags.StillHears));

    /// <inheritdoc/>
    public override void Start()
    {
        // Where a back-end is connected to first, the client may have gone meanwhile.
        if (Has(Flags.Started | Flags.Gone))
        {
            return;
        }

        _flags |= Flags.Started;
        _lastReceived = Loop.Now;
        if (_downstream is null)
        {
            AwaitDownstream();
        }

        if (_options.AnswersPings && _options.InactivityTimeout > TimeSpan.Zero)
        {
            ScheduleInactivityCheck(_options.InactivityTimeout / 2);
        }

        ReleaseUpstream();
    }

    /// <inheritdoc/>
    public override void SetWaterMarks(int high, int low) => (_high, _low) = (high, low);

    /// <inheritdoc/>
    public override void Relay(Payload payload, MessageKind kind, bool endOfMessage)
    {
        if (IsClosing || (payload.Length == 0 && !endOfMessage) || IsOverfull())
        {
            return;
        }

        if (endOfMessage && _gathered is null)
        {
            Send(payload.Span, kind);
            return;
        }

        // A frame begins with its length, so the whole message must be there.
        _gathered ??= new ArrayBufferWriter<byte>();
        if (payload.Length > _options.MaximumGathered - _gathered.WrittenCount)
        {
            _options.Reached?.Invoke(this, SessionBound.Gathered);
            Close(CloseStatus.MessageTooBig, "a message in parts is too long for an emulated WebSocket");
            return;
        }

        _gathered.Write(payload.Span);
        if (endOfMessage)
        {
            ReadOnlySpan<byte> message = _gathered.WrittenSpan;
            _gathered = null;
            Send(message, kind);
        }
        else
        {
            TellIfCongested();
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A relayed message is unfinished.</exception>
    public override void Send(ReadOnlySpan<byte> message, MessageKind kind)
    {
        if (IsClosing)
        {
            return;
        }

        if (IsOverfull())
        {
            return;
        }

        if (_gathered is not null)
        {
            throw new InvalidOperationException("A message can not be sent within another one.");
        }

        EmulationFrames.WriteMessage(_pending, message, kind, _options.TellsText, _options.Encoding);
        Pump();
        TellIfCongested();
    }

    /// <inheritdoc/>
    public override void PauseReading()
    {
        if (Hears)
        {
            _flags |= Flags.Paused;
        }
    }

    /// <inheritdoc/>
    public override void ResumeReading()
    {
        _lastReceived = Loop.Now;
        _flags &= ~Flags.Paused;
        ReleaseUpstream();
    }

    /// <summary>True while a request of the client waits for room in the service. May be read from any thread.</summary>
    public bool HoldsBack => Volatile.Read(ref _released) is not null;

    /// <summary>True where there is nothing left that a request could want of it.</summary>
    public bool IsGone => Has(Flags.Gone);

    /// <summary>After how long a silence the client may give up.</summary>
    public TimeSpan IdleTimeout => _options.IdleTimeout;

    /// <summary>Ends a session for which more waits than it may: its service does not heed that the client is slow.</summary>
    private bool IsOverfull()
    {
        if (PendingBytes - (_high == int.MaxValue ? 0 : _high) <= _options.MaximumPending)
        {
            return false;
        }

        _closeReason = "too much waited for the client";
        _options.Reached?.Invoke(this, SessionBound.Pending);
        Break(SocketError.NoBufferSpaceAvailable, byPeer: false);
        return true;
    }

    private bool Has(Flags any) => (_flags & any) != 0;

    private void TellIfCongested()
    {
        if (!Has(Flags.Congested) && PendingBytes > _high)
        {
            _flags |= Flags.Congested;
            Handler?.OnCongested(this);
        }
    }

    private void TellIfDrained()
    {
        if (Has(Flags.Congested) && PendingBytes <= _low)
        {
            _flags &= ~Flags.Congested;
            Handler?.OnDrained(this);
        }
    }
}
