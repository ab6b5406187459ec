using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Tls;

/// <summary>TLS by OpenSSL, driven by the event loops.</summary>
internal sealed unsafe partial class OpenSslContext : TlsContext
{
    [ThreadStatic] private static OpenSslContext? s_current;
    private readonly List<nint> _contexts = [];
    private readonly nint _first;
    private readonly FrozenDictionary<string, nint> _byName = FrozenDictionary<string, nint>.Empty;
    private readonly byte[] _applicationProtocols = [];
    private bool _disposed;

    /// <exception cref="TlsException">The library is missing, or refuses a setting or a certificate.</exception>
    internal OpenSslContext(bool isServer, TlsParameters settings, ImmutableArray<TlsCertificate> certificates)
        : base(isServer)
    {
        if (!OpenSsl.IsAvailable)
        {
            throw new TlsException("TLS needs OpenSSL 3 (libssl.so.3 and libcrypto.so.3), which was not found. On Debian: apt-get install libssl3.");
        }

        foreach (string protocol in settings.ApplicationProtocols)
        {
            _applicationProtocols = [.. _applicationProtocols, (byte)protocol.Length, .. Encoding.ASCII.GetBytes(protocol)];
        }

        // Two keys for the same names, such as RSA and ECDSA, are one context: the client's ciphers choose.
        byte[] generation = RandomNumberGenerator.GetBytes(16);
        var byName = new Dictionary<string, nint>();
        foreach (IGrouping<string, TlsCertificate> group in certificates.GroupBy(certificate => string.Join(',', certificate.Names.Order(StringComparer.Ordinal))))
        {
            nint context = NewContext(settings, generation);
            foreach (TlsCertificate certificate in group)
            {
                Use(context, certificate);
            }

            foreach (string name in group.First().Names)
            {
                byName.TryAdd(name, context);
            }
        }

        _first = _contexts.Count > 0 ? _contexts[0] : NewContext(settings, generation);
        _byName = byName.ToFrozenDictionary(StringComparer.Ordinal);
    }

    internal override void Start(TcpConnection connection, string? peerName, TimeSpan timeout, Action<TcpConnection, string?> completed) =>
        connection.BeginHandshake(this, peerName, timeout, completed);

    /// <summary>An SSL object for one connection. <paramref name="peerName"/> is whom a client wants to reach: a name or an address.</summary>
    internal nint NewSsl(string? peerName)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        nint ssl = OpenSsl.SSL_new(_first);
        GC.KeepAlive(this);
        if (ssl == 0)
        {
            throw new OutOfMemoryException("OpenSSL has no memory left.");
        }

        if (IsServer)
        {
            OpenSsl.SSL_set_accept_state(ssl);
            return ssl;
        }

        OpenSsl.SSL_set_connect_state(ssl);
        if (peerName is not null && !Expect(ssl, peerName))
        {
            // Without it any certificate would do that anybody vouches for.
            OpenSsl.SSL_free(ssl);
            throw new TlsException($"OpenSSL can not look for \"{peerName}\" in a certificate: {OpenSsl.TakeError()}.");
        }

        return ssl;
    }

    /// <summary>Says whom the server's certificate must be for. False where the library refuses.</summary>
    private static bool Expect(nint ssl, string peerName)
    {
        // An address is no server name (RFC 6066, section 3). A scope means something on this machine only, and the library does not
        // know short forms.
        bool isAddress = IPAddress.TryParse(peerName, out IPAddress? address);
        fixed (byte* name = Encoding.ASCII.GetBytes((isAddress ? new IPAddress(address!.GetAddressBytes()).ToString() : peerName) + '\0'))
        {
            if (isAddress)
            {
                return OpenSsl.X509_VERIFY_PARAM_set1_ip_asc(OpenSsl.SSL_get0_param(ssl), name) == 1;
            }

            OpenSsl.SSL_set_hostflags(ssl, OpenSsl.X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
            return OpenSsl.SSL_ctrl(ssl, OpenSsl.SSL_CTRL_SET_TLSEXT_HOSTNAME, 0, name) == 1 && OpenSsl.SSL_set1_host(ssl, name) == 1;
        }
    }

    /// <summary>Makes this the context that callbacks of the library on this thread are for.</summary>
    internal void Enter() => s_current = this;

    internal static void Leave() => s_current = null;

    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the library's objects where nobody has disposed of this: a replaced context may be in use for a moment.</summary>
    ~OpenSslContext() => Free();

    private void Free()
    {
        if (!_disposed)
        {
            _disposed = true;
            foreach (nint context in _contexts)
            {
                OpenSsl.SSL_CTX_free(context);
            }
        }
    }

    private nint NewContext(TlsParameters settings, byte[] generation)
    {
        nint context = OpenSsl.SSL_CTX_new(OpenSsl.TLS_method());
        if (context == 0)
        {
            throw new OutOfMemoryException("OpenSSL has no memory left.");
        }

        _contexts.Add(context);
        _ = OpenSsl.SSL_CTX_ctrl(context, OpenSsl.SSL_CTRL_MODE, OpenSsl.SSL_MODE_RELEASE_BUFFERS, null);
        _ = OpenSsl.SSL_CTX_ctrl(context, OpenSsl.SSL_CTRL_SET_READ_AHEAD, 1, null);
        _ = OpenSsl.SSL_CTX_ctrl(context, OpenSsl.SSL_CTRL_SET_DH_AUTO, 1, null);
        _ = OpenSsl.SSL_CTX_set_options(
            context, OpenSsl.SSL_OP_NO_RENEGOTIATION | OpenSsl.SSL_OP_NO_COMPRESSION | OpenSsl.SSL_OP_CIPHER_SERVER_PREFERENCE);
        // Tickets only: a cache of sessions would grow with the clients.
        _ = OpenSsl.SSL_CTX_ctrl(context, OpenSsl.SSL_CTRL_SET_SESS_CACHE_MODE, 0, null);
        _ = OpenSsl.SSL_CTX_set_num_tickets(context, 1);
        _ = OpenSsl.SSL_CTX_set_timeout(context, (nint)settings.TicketLifetime.TotalSeconds);
        fixed (byte* id = generation)
        {
            // A session is resumed by the context that made it, or by none: the next one may trust others.
            _ = OpenSsl.SSL_CTX_set_session_id_context(context, id, (uint)generation.Length);
        }

        SetCiphers(context, settings);
        TlsVersions.Apply(context, settings.Protocols);
        SetTrust(context, settings);
        if (IsServer)
        {
            delegate* unmanaged[Cdecl]<nint, int*, void*, int> chooseName = &ChooseByName;
            _ = OpenSsl.SSL_CTX_callback_ctrl(context, OpenSsl.SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, chooseName);
            if (_applicationProtocols.Length > 0)
            {
                delegate* unmanaged[Cdecl]<nint, byte**, byte*, byte*, uint, void*, int> chooseProtocol = &ChooseApplicationProtocol;
                OpenSsl.SSL_CTX_set_alpn_select_cb(context, chooseProtocol, null);
            }
        }

        return context;
    }

    private static void SetCiphers(nint context, TlsParameters settings)
    {
        string? list = settings.CipherList;
        if (TlsVersions.NeedLowSecurity(settings.Protocols))
        {
            list = (list ?? "DEFAULT") + ":@SECLEVEL=0";
        }

        if (list is not null)
        {
            fixed (byte* text = Encoding.ASCII.GetBytes(list + '\0'))
            {
                if (OpenSsl.SSL_CTX_set_cipher_list(context, text) != 1)
                {
                    throw new TlsException($"OpenSSL finds no cipher suite for \"{settings.CipherList}\": {OpenSsl.TakeError()}.");
                }
            }
        }

        if (settings.CipherSuites is not null)
        {
            fixed (byte* text = Encoding.ASCII.GetBytes(settings.CipherSuites + '\0'))
            {
                if (OpenSsl.SSL_CTX_set_ciphersuites(context, text) != 1)
                {
                    throw new TlsException($"OpenSSL does not know the cipher suites of TLS 1.3 in \"{settings.CipherSuites}\": {OpenSsl.TakeError()}.");
                }
            }
        }
    }

    private void SetTrust(nint context, TlsParameters settings)
    {
        nint store = OpenSsl.SSL_CTX_get_cert_store(context);
        foreach (ReadOnlyMemory<byte> trusted in settings.Trusted)
        {
            nint certificate = Decode(trusted);
            _ = OpenSsl.X509_STORE_add_cert(store, certificate);
            if (IsServer)
            {
                // So that clients with several certificates know which to show.
                _ = OpenSsl.SSL_CTX_add_client_CA(context, certificate);
            }

            OpenSsl.X509_free(certificate);
        }

        OpenSsl.ERR_clear_error();
        int mode = OpenSsl.SSL_VERIFY_NONE;
        if (!IsServer)
        {
            mode = OpenSsl.SSL_VERIFY_PEER;
            if (settings.Trusted.IsEmpty)
            {
                _ = OpenSsl.SSL_CTX_set_default_verify_paths(context);
            }
        }
        else if (settings.ClientCertificates != ClientCertificates.Ignored)
        {
            if (settings.Trusted.IsEmpty)
            {
                throw new TlsException("Clients are asked for certificates, but there are none that would vouch for them.");
            }

            mode = OpenSsl.SSL_VERIFY_PEER
                | (settings.ClientCertificates == ClientCertificates.Required ? OpenSsl.SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
        }

        OpenSsl.SSL_CTX_set_verify(context, mode, null);
    }

    private static void Use(nint context, TlsCertificate certificate)
    {
        nint decoded = Decode(certificate.Certificate);
        int used = OpenSsl.SSL_CTX_use_certificate(context, decoded);
        OpenSsl.X509_free(decoded);
        if (used != 1)
        {
            throw new TlsException($"OpenSSL refuses the certificate: {OpenSsl.TakeError()}.");
        }

        fixed (byte* encoded = certificate.PrivateKey.Span)
        {
            byte* position = encoded;
            nint key = OpenSsl.d2i_AutoPrivateKey(null, &position, certificate.PrivateKey.Length);
            used = key == 0 ? 0 : OpenSsl.SSL_CTX_use_PrivateKey(context, key);
            OpenSsl.EVP_PKEY_free(key);
        }

        if (used != 1 || OpenSsl.SSL_CTX_check_private_key(context) != 1)
        {
            throw new TlsException($"The private key does not fit the certificate: {OpenSsl.TakeError()}.");
        }

        foreach (ReadOnlyMemory<byte> link in certificate.Chain)
        {
            nint chained = Decode(link);
            // "add1": the context takes a reference of its own.
            _ = OpenSsl.SSL_CTX_ctrl(context, OpenSsl.SSL_CTRL_CHAIN_CERT, 1, (void*)chained);
            OpenSsl.X509_free(chained);
        }

        OpenSsl.ERR_clear_error();
    }

    private static nint Decode(ReadOnlyMemory<byte> encoded)
    {
        fixed (byte* start = encoded.Span)
        {
            byte* position = start;
            nint certificate = OpenSsl.d2i_X509(null, &position, encoded.Length);
            return certificate != 0 ? certificate : throw new TlsException($"OpenSSL can not read a certificate: {OpenSsl.TakeError()}.");
        }
    }
}
