using System.Net.Sockets;
using Tidegate.Engine.Tls;

namespace Tidegate.Engine.Net;

// TLS: between the socket and everything else. What waits to be sent is encrypted already, so it is never encrypted twice.
public abstract unsafe partial class TcpConnection
{
    // Reads of one turn that may bring nothing but parts of records, before the others of the loop get theirs.
    private const int FruitlessReads = 8;

    private TlsChannel? _tls;

    /// <summary>True from <see cref="StartTls"/> until the handshake is over.</summary>
    public bool IsHandshaking => Has(State.Handshaking) || _handler is ConnectionStream { IsHandshaking: true };

    /// <summary>True once what is written and read is encrypted on the wire.</summary>
    public bool IsEncrypted => _tls is not null || Security is not null;

    /// <summary>What the handshake has agreed on; null without TLS and after the end.</summary>
    public TlsInformation? DescribeTls() =>
        Has(State.Handshaking | State.Reported) ? null
        : _tls is not null ? _tls.Describe()
        : Security?.Information;

    /// <summary>What is known of TLS that is spoken below this connection; null where there is none.</summary>
    private protected virtual PipeSecurity? Security => null;

    /// <summary>Whether the peer of such TLS is to hear no <c>close_notify</c>.</summary>
    private protected bool IsToEndTruncated => Has(State.EndsTruncated);

    /// <summary>Notes that the peer of such TLS has ended without one.</summary>
    private protected void NoteTruncation() => _state |= State.Truncated;

    /// <summary>
    /// Speaks TLS from here on, as the side that <paramref name="context"/> is for. To be called before there is a handler.
    /// <paramref name="completed"/> is called once, on the loop, after this has returned: with null when the handshake is over and
    /// the connection that it is given waits for a handler (this one, or another that is above it), or with what went wrong when the
    /// connection is ending.
    /// </summary>
    /// <param name="context">Settings and certificates.</param>
    /// <param name="peerName">On a client: the name or address that the server's certificate must be for.</param>
    /// <param name="timeout">Bound on the handshake.</param>
    /// <param name="completed">Who is told.</param>
    public void StartTls(TlsContext context, string? peerName, TimeSpan timeout, Action<TcpConnection, string?> completed)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (_handler is not null || _tls is not null)
        {
            throw new InvalidOperationException("TLS must be started before the connection has a handler, and once.");
        }

        context.Start(this, peerName, timeout, completed);
    }

    /// <summary>Begins a handshake of OpenSSL.</summary>
    internal void BeginHandshake(OpenSslContext context, string? peerName, TimeSpan timeout, Action<TcpConnection, string?> completed)
    {
        var handshake = new TlsHandshake(this, context, peerName, timeout, completed);
        _state |= State.Handshaking;
        Handler = handshake;
        // A server waits for the first bytes: those who connect and say nothing cost no more than without TLS.
        if (!context.IsServer || Has(State.ReadReady))
        {
            QueueHandshake();
        }
    }

    /// <summary>Gives up, telling why.</summary>
    internal void FailHandshake(string reason)
    {
        if (_handler is TlsHandshake handshake)
        {
            handshake.Blame(reason);
            Abort();
        }
    }

    /// <summary>One step: what has arrived, as far as it goes.</summary>
    internal void ContinueHandshake()
    {
        if (Has(State.Ended) || _handler is not TlsHandshake handshake)
        {
            return;
        }

        handshake.IsQueued = false;
        Outbox outbox = Loop.Outbox;
        outbox.Begin();
        try
        {
            HandshakeStep(handshake);
        }
        catch (Exception exception)
        {
            Loop.Report(exception);
            Abort();
        }
        finally
        {
            outbox.End();
        }
    }

    private void QueueHandshake()
    {
        if (_handler is TlsHandshake { IsQueued: false } handshake)
        {
            handshake.IsQueued = true;
            Loop.QueueHandshake(this);
        }
    }

    private void HandshakeStep(TlsHandshake handshake)
    {
        TlsWire wire = Loop.TlsWire;
        // A client speaks first.
        bool speaks = _tls is null && !handshake.Context.IsServer;
        while (true)
        {
            int count = 0;
            if (!speaks)
            {
                count = Receive(wire.Buffer, wire.InputCapacity, out SocketError error);
                if (count < 0 && error == SocketError.WouldBlock)
                {
                    AwaitReadable();
                    return;
                }

                if (count <= 0)
                {
                    handshake.Blame(count == 0
                        ? "the peer closed the connection during the TLS handshake"
                        : $"the connection broke during the TLS handshake ({error})");
                    Fail(count == 0 ? SocketError.ConnectionAborted : error);
                    return;
                }
            }

            speaks = false;
            _tls ??= new TlsChannel(handshake.Context, handshake.PeerName, wire);
            wire.Begin(wire.Buffer, count);
            TlsStatus status = _tls.Handshake(handshake.Context);
            if (status == TlsStatus.Done)
            {
                _tls.Hold(wire);
            }

            SendWire(wire.Output, wire.OutputLength);
            if (Has(State.Ended | State.SendFailed))
            {
                Abort();
                return;
            }

            if (status == TlsStatus.Done)
            {
                _state = (_state & ~State.Handshaking) | State.ReadReady;
                _handler = null;
                handshake.Complete(this);
                return;
            }

            if (status != TlsStatus.WantsInput)
            {
                handshake.Blame(_tls.Fault ?? "the peer ended the TLS handshake");
                Fail(SocketError.ConnectionAborted);
                return;
            }
        }
    }

    /// <summary>As <see cref="Receive"/>, for what was encrypted.</summary>
    private int ReceiveDecrypted(TlsChannel tls, byte* buffer, int capacity, out SocketError error)
    {
        TlsWire wire = Loop.TlsWire;
        error = SocketError.Success;
        for (int reads = 0; reads < FruitlessReads; reads++)
        {
            if (tls.IsReceiveEnded)
            {
                return 0;
            }

            if (tls.Fault is not null)
            {
                error = SocketError.ConnectionAborted;
                return -1;
            }

            bool drains = tls.HasMore;
            if (drains)
            {
                tls.LoadHeld(wire);
            }
            else
            {
                int count = Receive(wire.Buffer, wire.InputCapacity, out error);
                if (count <= 0)
                {
                    if (count == 0)
                    {
                        // Whether this matters is up to the protocol: too many peers do not bother.
                        _state |= State.Truncated;
                    }

                    return count;
                }

                wire.Begin(wire.Buffer, count);
                tls.SocketMayHaveMore = count == wire.InputCapacity;
            }

            int total = tls.Decrypt(wire, buffer, capacity, out TlsStatus status);
            tls.HasMore = false;
            if (status == TlsStatus.Done)
            {
                tls.Hold(wire);
                tls.HasMore = true;
            }

            tls.SocketMayHaveMore |= drains || status is TlsStatus.Ended or TlsStatus.Failed;
            tls.IsReceiveEnded = status == TlsStatus.Ended;
            if (wire.OutputLength > 0)
            {
                // An alert, or the answer to a change of keys.
                SendWire(wire.Output, wire.OutputLength);
            }

            if (total > 0)
            {
                return total;
            }
        }

        _state |= State.ReadReady;
        QueueRead();
        error = SocketError.WouldBlock;
        return -1;
    }

    private void SendEncrypted(TlsChannel tls, byte* data, int length)
    {
        TlsWire wire = Loop.TlsWire;
        while (length > 0 && !Has(State.Ended))
        {
            int count = Math.Min(length, TlsWire.ChunkLength);
            wire.Begin(null, 0);
            if (!tls.Encrypt(data, count))
            {
                Fail(SocketError.ConnectionAborted);
                return;
            }

            SendWire(wire.Output, wire.OutputLength);
            data += count;
            length -= count;
        }
    }

    /// <summary>Says that nothing more will be sent. False while that has not left yet, or where sending has failed.</summary>
    private bool SendCloseNotify(TlsChannel tls)
    {
        if (!tls.IsCloseNotifySent)
        {
            TlsWire wire = Loop.TlsWire;
            wire.Begin(null, 0);
            tls.CloseNotify();
            SendWire(wire.Output, wire.OutputLength);
        }

        return PendingBytes == 0 && !Has(State.Ended | State.SendEnded);
    }
}
