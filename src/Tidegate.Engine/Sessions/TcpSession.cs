using System.Net;
using System.Net.Sockets;
using Tidegate.Engine.Fanout;
using Tidegate.Engine.Loops;
using Tidegate.Engine.Net;
using Tidegate.Engine.WebSocket;

namespace Tidegate.Engine.Sessions;

/// <summary>
/// A session over plain TCP, or over TLS: a stream of bytes, handed out as it arrives. One of TLS that ends without a <c>close_notify</c>
/// was cut short, and ends as broken.
/// </summary>
public sealed class TcpSession : Session, IConnectionHandler
{
    private readonly TcpConnection _connection;
    private readonly TimeSpan _closeTimeout;
    private bool _closing;
    // Closing only ended the sending: what still comes is handed out.
    private bool _stillHears;
    private bool _closedByPeer;

    /// <param name="connection">The connection that carries it. The session takes it over when it is started.</param>
    /// <param name="closeTimeout">Bound on flushing and on the peer's answer when the session is closed.</param>
    public TcpSession(TcpConnection connection, TimeSpan closeTimeout)
    {
        _connection = connection;
        _closeTimeout = closeTimeout;
    }

    /// <inheritdoc/>
    public override EventLoop Loop => _connection.Loop;

    /// <inheritdoc/>
    public override bool KeepsMessages => false;

    /// <inheritdoc/>
    public override IPEndPoint? RemoteEndPoint => _connection.RemoteEndPoint;

    /// <inheritdoc/>
    public override long PendingBytes => _connection.PendingBytes;

    /// <inheritdoc/>
    public override bool IsClosing => _closing || _connection.IsEnded;

    /// <inheritdoc/>
    public override void Start() => _connection.Handler = this;

    /// <inheritdoc/>
    public override void SetWaterMarks(int high, int low) => _connection.SetWaterMarks(high, low);

    /// <inheritdoc/>
    public override unsafe void Relay(Payload payload, MessageKind kind, bool endOfMessage) =>
        _connection.Write(payload.Pointer, payload.Length);

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> message, MessageKind kind) => _connection.Write(message);

    /// <inheritdoc/>
    public override void Send(SharedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        _connection.Write(message.InStream);
    }

    /// <inheritdoc/>
    public override void LimitUnsent(int bytes) => _connection.LimitUnsent(bytes);

    /// <inheritdoc/>
    public override void PauseReading() => _connection.PauseReading();

    /// <inheritdoc/>
    public override void ResumeReading() => _connection.ResumeReading();

    /// <inheritdoc/>
    public override void EndSending() => _connection.EndSending();

    /// <inheritdoc/>
    public override void CloseSending(CloseStatus status, string reason = "")
    {
        if (!IsClosing)
        {
            _closing = true;
            _stillHears = true;
            _connection.EndSending(_closeTimeout);
        }
    }

    /// <inheritdoc/>
    public override void Close(CloseStatus status, string reason = "")
    {
        _closing = true;
        _stillHears = false;
        _connection.Close(_closeTimeout);
    }

    /// <inheritdoc/>
    public override void Break(CloseStatus status, string reason)
    {
        _closing = true;
        _stillHears = false;
        _connection.CloseTruncated(_closeTimeout);
    }

    /// <inheritdoc/>
    public override void Abort() => _connection.Abort();

    void IConnectionHandler.OnReceived(TcpConnection connection, Payload data) =>
        Handler?.OnPayload(this, data, MessageKind.Binary, endOfMessage: true);

    void IConnectionHandler.OnReceiveEnded(TcpConnection connection)
    {
        _closedByPeer = !_closing;
        if (connection.IsReceiveTruncated && (!_closing || _stillHears))
        {
            // A bare stream does not say itself where it ends, so nobody can tell how much is missing.
            connection.EndTruncated();
            return;
        }

        Handler?.OnReceiveEnded(this);
    }

    void IConnectionHandler.OnCongested(TcpConnection connection) => Handler?.OnCongested(this);

    void IConnectionHandler.OnDrained(TcpConnection connection) => Handler?.OnDrained(this);

    void IConnectionHandler.OnClosed(TcpConnection connection, SocketError? error)
    {
        // A broken connection has no status of its own: 1006 is what WebSocket calls it (RFC 6455, section 7.1.5).
        CloseStatus status = error is null ? CloseStatus.NormalClosure : CloseStatus.AbnormalClosure;
        WhenEnded?.Invoke();
        Handler?.OnClosed(this, new SessionEnd(status, string.Empty, error, _closedByPeer || (error is not null && !_closing)));
    }
}
