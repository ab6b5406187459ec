using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Fanout;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.Sessions;

namespace Tidegate.Engine.WebSocket;

/// <summary>
/// A WebSocket whose handshake is done, over a connection (RFC 6455). Frames are read and written in the loop's own buffer:
/// a message is not gathered, only passed on.
/// </summary>
public sealed partial class WebSocketSession : Session, IConnectionHandler, IFrameSink
{
    private readonly TcpConnection _connection;
    private readonly WebSocketOptions _options;
    private FrameReader _reader;
    private MemoryStream? _compressedMessage;
    private LoopTimer? _closeTimer;
    private byte[]? _owedPong;
    private int _inflated;
    private long _lastReceived;
    private string _closeReason = string.Empty;
    private CloseStatus _closeStatus = CloseStatus.NoStatus;
    private string? _subprotocol;
    private AgreedExtensions? _agreed;
    private Flags _flags;

    /// <param name="connection">The connection that carries it; the session takes it over when it is started.</param>
    /// <param name="role">Which end this is.</param>
    /// <param name="options">Limits and times.</param>
    /// <param name="subprotocol">The agreed subprotocol, or null.</param>
    /// <param name="compression">True where <see cref="PermessageDeflate.Agreement"/> was agreed on.</param>
    public WebSocketSession(TcpConnection connection, WebSocketRole role, WebSocketOptions options, string? subprotocol = null, bool compression = false)
    {
        _connection = connection;
        _options = options;
        _subprotocol = subprotocol;
        _flags = (role == WebSocketRole.Client ? Flags.Client : 0) | (compression ? Flags.Compression : 0);
    }

    [Flags]
    private enum Flags : ushort
    {
        None = 0,
        Client = 1,
        Compression = 2,
        // The first part of a message was sent, its last one not yet.
        SendingMessage = 4,
        CloseSent = 8,
        // The peer's close frame came, or reading ended for another reason.
        Finished = 16,
        EndReported = 32,
        ClosedByPeer = 64,
        AwaitingPong = 128,
        JoinsMessages = 256,
        // Our close frame only ended the sending: data that still comes is handed out.
        StillHears = 512,
        // The peer has closed, and the handler still has something to send before the answer.
        OwesClose = 1024,
        Started = 2048,
        // The peer was asked for a sign of life, and nothing has come since.
        Probed = 4096,
    }

    /// <inheritdoc/>
    public override EventLoop Loop => _connection.Loop;

    /// <inheritdoc/>
    public override bool KeepsMessages => true;

    /// <inheritdoc/>
    public override string? Subprotocol => _subprotocol;

    /// <inheritdoc/>
    public override IPEndPoint? RemoteEndPoint => ClientEndPoint ?? _connection.RemoteEndPoint;

    /// <summary>Who the peer speaks for, where it relays somebody else and has proved so; otherwise null.</summary>
    public IPEndPoint? ClientEndPoint { get; init; }

    /// <inheritdoc/>
    public override long PendingBytes => _connection.PendingBytes;

    /// <inheritdoc/>
    public override bool IsClosing => Has(Flags.CloseSent | Flags.Finished) || _connection.IsEnded;

    /// <inheritdoc/>
    public override bool OwesClose => Has(Flags.OwesClose);

    /// <inheritdoc/>
    internal override bool JoinsMessages
    {
        get => Has(Flags.JoinsMessages);
        set => _flags = value ? _flags | Flags.JoinsMessages : _flags & ~Flags.JoinsMessages;
    }

    bool IFrameSink.IsFinished => Has(Flags.Finished | Flags.OwesClose);

    // A read brings a thousand times its length where all of it is compressed: too much to wait behind a pause, and for the others.
    bool IFrameSink.MustWait => _connection.IsReadingPaused || _inflated >= InflatedAtOnce;

    /// <summary>True while what arrives is for the service: after this side's close frame only where answers are still wanted.</summary>
    private bool Hears => !Has(Flags.Finished) && (!Has(Flags.CloseSent) || Has(Flags.StillHears)) && !_connection.IsEnded;

    private WebSocketRole Role => Has(Flags.Client) ? WebSocketRole.Client : WebSocketRole.Server;

    /// <summary>Begins to hand out what arrives. Once more, for a handler that has it handed on to it, it does nothing.</summary>
    public override void Start()
    {
        if (Has(Flags.Started))
        {
            return;
        }

        _flags |= Flags.Started;
        _lastReceived = Loop.Now;
        if (_options.InactivityTimeout > TimeSpan.Zero)
        {
            ScheduleInactivityCheck(_options.InactivityTimeout / 2);
        }

        _connection.Handler = this;
    }

    /// <inheritdoc/>
    public override void SetWaterMarks(int high, int low) => _connection.SetWaterMarks(high, low);

    /// <inheritdoc/>
    public override void Relay(Payload payload, MessageKind kind, bool endOfMessage)
    {
        if (IsClosing || (payload.Length == 0 && !endOfMessage))
        {
            return;
        }

        if (_agreed is not null)
        {
            RelayAgreed(_agreed, payload, kind, endOfMessage);
            return;
        }

        RelayFrame(payload, kind, endOfMessage);
    }

    private unsafe void RelayFrame(Payload payload, MessageKind kind, bool endOfMessage)
    {
        if (Has(Flags.Compression) && endOfMessage && !Has(Flags.SendingMessage) && payload.Length > 0)
        {
            SendCompressed(payload.Span, kind);
            return;
        }

        FrameHeader header = NextHeader(payload.Length, kind, endOfMessage);
        byte* data = payload.Pointer;
        int length = payload.Length;
        if (header.Masked)
        {
            Masking.Apply(data, length, header.MaskKey);
        }

        int headerLength = FrameHeader.LengthFor(length, header.Masked);
        if (payload.Headroom >= headerLength)
        {
            header.Write(data - headerLength);
            _connection.Write(data - headerLength, length + headerLength);
        }
        else
        {
            byte* separate = stackalloc byte[FrameHeader.MaximumLength];
            _connection.Write(separate, header.Write(separate));
            _connection.Write(data, length);
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

        if (Has(Flags.SendingMessage))
        {
            throw new InvalidOperationException("A message can not be sent within another one.");
        }

        if (_agreed is { TextPings: true } agreed && kind == MessageKind.Text)
        {
            EscapeOutgoing(agreed, message, endOfMessage: true);
            agreed.Outgoing.Reset();
        }

        if (Has(Flags.Compression) && !message.IsEmpty)
        {
            SendCompressed(message, kind);
            return;
        }

        WriteFrame(NextHeader(message.Length, kind, endOfMessage: true), message);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">A relayed message is unfinished.</exception>
    public override void Send(SharedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (Has(Flags.Client | Flags.SendingMessage) || _agreed is { TextPings: true })
        {
            Send(message.Payload, message.Kind);
        }
        else if (!IsClosing)
        {
            _connection.Write(Has(Flags.Compression) ? message.CompressedFrame : message.Frame);
        }
    }

    /// <inheritdoc/>
    public override void LimitUnsent(int bytes) => _connection.LimitUnsent(bytes);

    /// <inheritdoc/>
    public override void PauseReading()
    {
        // While closing, the peer's close frame is waited for; after it, its end.
        if (Hears && !Has(Flags.OwesClose))
        {
            _connection.PauseReading();
        }
    }

    /// <inheritdoc/>
    public override void ResumeReading()
    {
        // Time spent not listening says nothing about the peer.
        _lastReceived = Loop.Now;
        _flags &= ~Flags.Probed;
        _connection.ResumeReading();
    }

    void IConnectionHandler.OnReceived(TcpConnection connection, Payload data)
    {
        _lastReceived = Loop.Now;
        _flags &= ~(Flags.AwaitingPong | Flags.Probed);
        _inflated = 0;
        int left = _reader.Read(this, Loop.Blocks, data, Role, _options.MaximumMessageSize, Has(Flags.Compression), Has(Flags.JoinsMessages) && _agreed is not { TextPings: true });
        if (left > 0)
        {
            connection.Unread(data.Span[^left..]);
        }
    }

    void IConnectionHandler.OnReceiveEnded(TcpConnection connection)
    {
        if (Has(Flags.OwesClose))
        {
            // It has said all that it had to say, and may still receive.
            return;
        }

        // Without a close frame the end of the stream is a break (RFC 6455, section 7.1.5).
        if (!Has(Flags.Finished))
        {
            _flags |= Flags.Finished | (Has(Flags.CloseSent) ? 0 : Flags.ClosedByPeer);
            ReportEnd(CloseStatus.AbnormalClosure, string.Empty, SocketError.ConnectionReset);
        }

        _connection.Close(_options.CloseTimeout);
    }

    void IConnectionHandler.OnCongested(TcpConnection connection) => Handler?.OnCongested(this);

    void IConnectionHandler.OnDrained(TcpConnection connection)
    {
        if (_owedPong is { } payload)
        {
            _owedPong = null;
            ((IFrameSink)this).OnPing(payload);
        }

        PayTextPong();
        Handler?.OnDrained(this);
    }

    void IConnectionHandler.OnClosed(TcpConnection connection, SocketError? error)
    {
        _closeTimer?.Cancel();
        _closeTimer = null;
        _reader.Release(Loop.Blocks);
        bool owed = Has(Flags.OwesClose);
        _flags = (_flags | Flags.Finished) & ~Flags.OwesClose;
        if (owed)
        {
            // The peer had closed in order; it only did not wait for the answer.
            ReportEnd(_closeStatus, _closeReason, null);
        }
        else
        {
            ReportEnd(CloseStatus.AbnormalClosure, _closeReason, error ?? SocketError.ConnectionReset);
        }
    }

    unsafe void IFrameSink.OnData(byte* data, int length, int headroom, Opcode kind, bool compressed, bool endOfMessage)
    {
        // After this side's close frame the service has nothing to do with what still comes, but for answers under way.
        if (Has(Flags.CloseSent) && !Has(Flags.StillHears))
        {
            return;
        }

        MessageKind message = kind == Opcode.Text ? MessageKind.Text : MessageKind.Binary;
        if (compressed)
        {
            GatherCompressed(new ReadOnlySpan<byte>(data, length), message, endOfMessage);
            return;
        }

        HandOut(new Payload(data, length, headroom), message, endOfMessage);
    }

    void IFrameSink.OnPing(ReadOnlySpan<byte> payload)
    {
        if (Has(Flags.CloseSent))
        {
            return;
        }

        if (_connection.IsCongested)
        {
            // A peer that pings without reading must not fill the memory: only its last ping is answered (section 5.5.3).
            _owedPong = payload.ToArray();
        }
        else
        {
            WriteFrame(ControlHeader(Opcode.Pong, payload.Length), payload);
        }
    }

    void IFrameSink.OnPong(ReadOnlySpan<byte> payload)
    {
        // That it came is all there is to know, and was noted.
    }

    private bool Has(Flags any) => (_flags & any) != 0;
}
