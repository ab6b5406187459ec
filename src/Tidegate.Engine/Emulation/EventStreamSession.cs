using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Emulation;

/// <summary>
/// A session whose client only receives: messages are the events of an HTTP response (<c>text/event-stream</c>, HTML standard, section 9.2).
/// When the response breaks off, the client comes back with the number of the last event that it has seen, and goes on from there. All
/// members are for the loop that it was opened on.
/// </summary>
public sealed partial class EventStreamSession : Session, IDownstreamSource
{
    private readonly EventStreamOptions _options;
    private readonly Action<EventStreamSession> _gone;
    private readonly byte[] _idPrefix;
    private readonly EventLog _log;
    private ArrayBufferWriter<byte>? _gathered;
    private byte[] _unfinished = [];
    private LoopTimer? _closeTimer;
    private string _closeReason = string.Empty;
    private CloseStatus _closeStatus = CloseStatus.NoStatus;
    private int _high = int.MaxValue;
    private int _low;
    private Flags _flags;

    /// <param name="loop">The loop that it belongs to.</param>
    /// <param name="id">What events are numbered by beside their number, in ASCII without control characters.</param>
    /// <param name="options">Limits and times.</param>
    /// <param name="remoteEndPoint">Who opened it.</param>
    /// <param name="gone">Called once, on the loop, when there is nothing left that a request could want of it.</param>
    public EventStreamSession(EventLoop loop, string id, EventStreamOptions options, IPEndPoint? remoteEndPoint, Action<EventStreamSession> gone)
    {
        ArgumentNullException.ThrowIfNull(loop);
        ArgumentNullException.ThrowIfNull(options);
        Loop = loop;
        _options = options;
        _gone = gone;
        _idPrefix = Encoding.ASCII.GetBytes($"id:{id}.");
        _log = new EventLog(options.History);
        RemoteEndPoint = remoteEndPoint;
        IsClient = true;
        loop.AddApart(this);
    }

    [Flags]
    private enum Flags : byte
    {
        None = 0,
        Started = 1,
        Congested = 2,
        Closing = 4,
        Gone = 8,
        // What is sent has no boundaries: it comes from a stream of bytes.
        Streams = 16,
        // That stream's last byte was a CR, so that an LF would belong to it.
        AfterCr = 32,
    }

    /// <inheritdoc/>
    public override EventLoop Loop { get; }

    /// <inheritdoc/>
    public override bool KeepsMessages => true;

    /// <inheritdoc/>
    public override bool OnlyReceives => true;

    /// <inheritdoc/>
    internal override bool JoinsMessages
    {
        get => Has(Flags.Streams);
        set => _flags = value ? _flags | Flags.Streams : _flags & ~Flags.Streams;
    }

    /// <inheritdoc/>
    public override IPEndPoint? RemoteEndPoint { get; }

    /// <inheritdoc/>
    public override long PendingBytes => _log.Pending + (_gathered?.WrittenCount ?? 0);

    /// <inheritdoc/>
    public override bool IsClosing => Has(Flags.Closing | Flags.Gone);

    /// <inheritdoc/>
    public override void Start()
    {
        // Where a back-end is connected to first, the client may have gone meanwhile.
        if (Has(Flags.Started | Flags.Gone))
        {
            return;
        }

        _flags |= Flags.Started;
        if (_downstream is null)
        {
            AwaitClient();
        }
    }

    /// <inheritdoc/>
    public override void SetWaterMarks(int high, int low) => (_high, _low) = (high, low);

    /// <inheritdoc/>
    public override void Relay(Payload payload, MessageKind kind, bool endOfMessage)
    {
        if (IsClosing || IsOverfull())
        {
            return;
        }

        if (Has(Flags.Streams))
        {
            SendPiece(payload.Span);
        }
        else if (endOfMessage && _gathered is null)
        {
            Send(payload.Span, kind);
        }
        else
        {
            Gather(payload.Span, kind, endOfMessage);
        }
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A relayed message is unfinished.</exception>
    public override void Send(ReadOnlySpan<byte> message, MessageKind kind)
    {
        if (IsClosing || IsOverfull())
        {
            return;
        }

        if (_gathered is not null)
        {
            throw new InvalidOperationException("A message can not be sent within another one.");
        }

        Write(message);
        Pump();
        TellIfCongested();
    }

    /// <summary>Nothing arrives from such a client.</summary>
    public override void PauseReading()
    {
    }

    /// <summary>Nothing arrives from such a client.</summary>
    public override void ResumeReading()
    {
    }

    /// <inheritdoc/>
    public override void EndSending() => Close(CloseStatus.NormalClosure);

    /// <inheritdoc/>
    public override void CloseSending(CloseStatus status, string reason = "") => Close(status, reason);

    /// <summary>Ends the response when all that waits has been written to it. No client is told a status.</summary>
    public override void Close(CloseStatus status, string reason = "")
    {
        if (IsClosing)
        {
            return;
        }

        if (_unfinished.Length > 0)
        {
            Write(_unfinished);
            _unfinished = [];
        }

        _flags |= Flags.Closing;
        (_closeStatus, _closeReason) = (status, reason);
        if (_downstream is null && _log.Pending == 0)
        {
            Finish(null);
            return;
        }

        _closeTimer = Loop.Schedule(_options.CloseTimeout, static session => ((EventStreamSession)session!).Finish(SocketError.TimedOut), this);
        Pump();
    }

    /// <inheritdoc/>
    public override void Abort() => Finish(SocketError.OperationAborted);

    /// <summary>Ends a session for which more waits than it may: its service does not heed that the client is slow.</summary>
    private bool IsOverfull()
    {
        if (PendingBytes - (_high == int.MaxValue ? 0 : _high) <= _options.MaximumPending)
        {
            return false;
        }

        _closeReason = "too much waited for the client";
        _options.Reached?.Invoke(this, SessionBound.Pending);
        Finish(SocketError.NoBufferSpaceAvailable);
        return true;
    }

    private bool Has(Flags any) => (_flags & any) != 0;

    /// <summary>Sends what a stream of bytes has brought, but for the first part of a character whose rest has not come.</summary>
    private void SendPiece(ReadOnlySpan<byte> piece)
    {
        byte[]? joined = _unfinished.Length > 0 ? [.. _unfinished, .. piece] : null;
        ReadOnlySpan<byte> text = joined ?? piece;
        if (Has(Flags.AfterCr) && text.StartsWith((byte)'\n'))
        {
            text = text[1..];
        }

        if (!piece.IsEmpty)
        {
            _flags &= ~Flags.AfterCr;
        }

        int tail = EventText.UnfinishedTail(text);
        _unfinished = tail == 0 ? [] : text[^tail..].ToArray();
        text = text[..^tail];
        if (text.IsEmpty)
        {
            return;
        }

        if (tail == 0 && text[^1] == (byte)'\r')
        {
            _flags |= Flags.AfterCr;
        }

        Send(text, MessageKind.Text);
    }

    private void Gather(ReadOnlySpan<byte> part, MessageKind kind, bool endOfMessage)
    {
        _gathered ??= new ArrayBufferWriter<byte>();
        if (part.Length > _options.MaximumGathered - _gathered.WrittenCount)
        {
            _gathered = null;
            _options.Reached?.Invoke(this, SessionBound.Gathered);
            Close(CloseStatus.MessageTooBig, "a message in parts is too long for an event stream");
            return;
        }

        _gathered.Write(part);
        if (!endOfMessage)
        {
            TellIfCongested();
            return;
        }

        ReadOnlySpan<byte> message = _gathered.WrittenSpan;
        _gathered = null;
        Send(message, kind);
    }

    private void Write(ReadOnlySpan<byte> message)
    {
        EventText.WriteData(_log, message);
        WriteId(_log, _log.Next);
        _log.Write("\n"u8);
        _log.EndEvent();
    }

    private void WriteId(IBufferWriter<byte> target, long number)
    {
        target.Write(_idPrefix);
        Span<byte> digits = target.GetSpan(20);
        System.Buffers.Text.Utf8Formatter.TryFormat(number, digits, out int count);
        target.Advance(count);
        target.Write("\n"u8);
    }

    /// <summary>The session is over, in order where <paramref name="error"/> is null.</summary>
    private void Finish(SocketError? error)
    {
        if (Has(Flags.Gone))
        {
            return;
        }

        bool byPeer = error is not null && error is not (SocketError.OperationAborted or SocketError.NoBufferSpaceAvailable) && !Has(Flags.Closing);
        _flags |= Flags.Gone;
        _gathered = null;
        _closeTimer?.Cancel();
        _clientTimer?.Cancel();
        _quietTimer?.Cancel();
        CutOff();
        Loop.DropApart(this);
        _gone(this);

        // Not from within what the handler is doing.
        Loop.Post(() => ReportEnd(new SessionEnd(error is null ? _closeStatus : CloseStatus.AbnormalClosure, _closeReason, error, byPeer)));
    }

    private void ReportEnd(SessionEnd end)
    {
        ISessionHandler? handler = Handler;
        Handler = null;
        WhenEnded?.Invoke();
        handler?.OnClosed(this, end);
    }

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
