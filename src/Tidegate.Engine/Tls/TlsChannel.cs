namespace Tidegate.Engine.Tls;

/// <summary>What came of a call of the library.</summary>
internal enum TlsStatus
{
    /// <summary>All of it is done.</summary>
    Done,

    /// <summary>It needs more from the peer.</summary>
    WantsInput,

    /// <summary>The peer has said that it will send nothing more (<c>close_notify</c>).</summary>
    Ended,

    /// <summary>The protocol was broken: <see cref="TlsChannel.Fault"/> says how.</summary>
    Failed,
}

/// <summary>The TLS state of one connection. Belongs to the connection's loop, and is freed there once.</summary>
internal sealed unsafe class TlsChannel : IDisposable
{
    private nint _ssl;
    private byte[]? _held;

    internal TlsChannel(OpenSslContext context, string? peerName, TlsWire wire)
    {
        _ssl = context.NewSsl(peerName);
        nint bio = wire.NewBio();
        OpenSsl.SSL_set_bio(_ssl, bio, bio);
    }

    /// <summary>There are bytes of the peer that the socket will not tell of: inside the library, or kept here.</summary>
    internal bool HasMore { get; set; }

    /// <summary>The socket may hold more as well: it filled the buffer.</summary>
    internal bool SocketMayHaveMore { get; set; }

    internal bool IsReceiveEnded { get; set; }

    internal bool IsCloseNotifySent { get; private set; }

    /// <summary>What went wrong, in the library's words.</summary>
    internal string? Fault { get; private set; }

    /// <summary>Whether reading at once may bring something, though the last read was short.</summary>
    internal bool ReadsAgain => HasMore || SocketMayHaveMore;

    internal TlsStatus Handshake(OpenSslContext context)
    {
        OpenSsl.ERR_clear_error();
        context.Enter();
        int result = OpenSsl.SSL_do_handshake(_ssl);
        OpenSslContext.Leave();
        return result == 1 ? TlsStatus.Done : StatusOf(result);
    }

    /// <summary>Decrypts what was loaded into <paramref name="wire"/>, as far as there is room. Returns the number of bytes.</summary>
    internal int Decrypt(TlsWire wire, byte* buffer, int capacity, out TlsStatus status)
    {
        OpenSsl.ERR_clear_error();
        int total = 0;
        while (total < capacity)
        {
            nuint count;
            int result = OpenSsl.SSL_read_ex(_ssl, buffer + total, (nuint)(capacity - total), &count);
            if (result != 1)
            {
                status = StatusOf(result);
                return total;
            }

            total += (int)count;
            if (!wire.HasInput && OpenSsl.SSL_has_pending(_ssl) == 0)
            {
                status = TlsStatus.WantsInput;
                return total;
            }
        }

        status = TlsStatus.Done;
        return total;
    }

    /// <summary>Encrypts into the wire's output. False where the library can not go on.</summary>
    internal bool Encrypt(byte* data, int length)
    {
        nuint count;
        if (OpenSsl.SSL_write_ex(_ssl, data, (nuint)length, &count) == 1)
        {
            return true;
        }

        Fault = OpenSsl.TakeError();
        return false;
    }

    /// <summary>Puts <c>close_notify</c> into the wire's output (RFC 8446, section 6.1).</summary>
    internal void CloseNotify()
    {
        IsCloseNotifySent = true;
        _ = OpenSsl.SSL_shutdown(_ssl);
        OpenSsl.ERR_clear_error();
    }

    /// <summary>Keeps what the library has not taken of the wire's input.</summary>
    internal void Hold(TlsWire wire)
    {
        _held = wire.HasInput ? wire.InputLeft.ToArray() : null;
        HasMore = _held is not null || OpenSsl.SSL_has_pending(_ssl) == 1;
    }

    /// <summary>Loads what was kept into the wire, which must have room for it: it came from there.</summary>
    internal void LoadHeld(TlsWire wire)
    {
        int length = _held?.Length ?? 0;
        _held?.CopyTo(new Span<byte>(wire.Buffer, length));
        _held = null;
        wire.Begin(wire.Buffer, length);
    }

    /// <summary>What was agreed on with the peer.</summary>
    internal TlsInformation Describe()
    {
        byte* protocol;
        uint length;
        OpenSsl.SSL_get0_alpn_selected(_ssl, &protocol, &length);
        nint cipher = OpenSsl.SSL_get_current_cipher(_ssl);
        return new TlsInformation
        {
            Protocol = TlsVersions.FromWire(OpenSsl.SSL_version(_ssl)),
            CipherSuite = (System.Net.Security.TlsCipherSuite)(cipher == 0 ? 0 : (ushort)OpenSsl.SSL_CIPHER_get_protocol_id(cipher)),
            ApplicationProtocol = length == 0 ? null : System.Text.Encoding.ASCII.GetString(protocol, (int)length),
            ServerName = OpenSsl.Text(OpenSsl.SSL_get_servername(_ssl, 0)),
            PeerCertificate = PeerCertificate(),
        };
    }

    public void Dispose()
    {
        if (_ssl != 0)
        {
            OpenSsl.SSL_free(_ssl);
            _ssl = 0;
        }
    }

    private byte[]? PeerCertificate()
    {
        nint certificate = OpenSsl.SSL_get1_peer_certificate(_ssl);
        if (certificate == 0)
        {
            return null;
        }

        byte[] encoded = new byte[OpenSsl.i2d_X509(certificate, null)];
        fixed (byte* start = encoded)
        {
            byte* position = start;
            _ = OpenSsl.i2d_X509(certificate, &position);
        }

        OpenSsl.X509_free(certificate);
        return encoded;
    }

    private TlsStatus StatusOf(int result)
    {
        switch (OpenSsl.SSL_get_error(_ssl, result))
        {
            case OpenSsl.SSL_ERROR_WANT_READ:
                return TlsStatus.WantsInput;
            case OpenSsl.SSL_ERROR_ZERO_RETURN:
                return TlsStatus.Ended;
            default:
                // A refused certificate says why; what the library reports else is where it noticed.
                nint verification = OpenSsl.SSL_get_verify_result(_ssl);
                string reason = OpenSsl.TakeError();
                Fault = verification == 0 ? reason : $"certificate verify failed: {OpenSsl.Text(OpenSsl.X509_verify_cert_error_string(verification))}";
                return TlsStatus.Failed;
        }
    }
}
