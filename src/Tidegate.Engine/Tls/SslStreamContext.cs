using System.Collections.Immutable;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Engine.Net;

namespace Tidegate.Engine.Tls;

/// <summary>TLS by .NET's own <see cref="SslStream"/>, for machines without OpenSSL 3. It costs more for each connection and message.</summary>
internal sealed class SslStreamContext : TlsContext
{
    private readonly TlsParameters _settings;
    private readonly ImmutableArray<(ImmutableArray<string> Names, SslStreamCertificateContext Certificate)> _certificates;
    private readonly X509Certificate2Collection _trusted = [];

    /// <exception cref="TlsException">A certificate or a setting can not be used.</exception>
    internal SslStreamContext(bool isServer, TlsParameters settings, ImmutableArray<TlsCertificate> certificates)
        : base(isServer)
    {
        if (settings.CipherList is not null || settings.CipherSuites is not null)
        {
            throw new TlsException("ssl.ciphers needs OpenSSL 3 (libssl.so.3 and libcrypto.so.3), which is not used here. Remove the option, or install it (on Debian: apt-get install libssl3).");
        }

        if (isServer && settings.ClientCertificates != ClientCertificates.Ignored && settings.Trusted.IsEmpty)
        {
            throw new TlsException("Clients are asked for certificates, but there are none that would vouch for them.");
        }

        _settings = settings;
        _certificates = [.. certificates.Select(certificate => (certificate.Names, Load(certificate)))];
        foreach (ReadOnlyMemory<byte> trusted in settings.Trusted)
        {
            _trusted.Add(X509CertificateLoader.LoadCertificate(trusted.Span));
        }
    }

    /// <summary>What a client with this name wants to know of a server; <paramref name="refused"/> is told why the peer's certificate is refused.</summary>
    internal SslClientAuthenticationOptions ClientOptions(string? peerName, Action<string> refused) => new()
    {
        TargetHost = peerName ?? string.Empty,
        EnabledSslProtocols = _settings.Protocols,
        CertificateChainPolicy = ChainPolicy(),
        ClientCertificateContext = _certificates.IsEmpty ? null : _certificates[0].Certificate,
        RemoteCertificateValidationCallback = (_, _, chain, errors) => Judge(chain, errors, refused),
    };

    /// <summary>As <see cref="ClientOptions"/>, for the other side and the name that the client asks for.</summary>
    internal SslServerAuthenticationOptions ServerOptions(string? asked, Action<string> refused)
    {
        bool asks = _settings.ClientCertificates != ClientCertificates.Ignored;
        return new SslServerAuthenticationOptions
        {
            ServerCertificateContext = Choose(asked ?? string.Empty),
            EnabledSslProtocols = _settings.Protocols,
            ApplicationProtocols = _settings.ApplicationProtocols.IsEmpty ? null : [.. _settings.ApplicationProtocols.Select(protocol => new SslApplicationProtocol(protocol))],
            AllowRenegotiation = false,
            ClientCertificateRequired = asks,
            CertificateChainPolicy = asks ? ChainPolicy() : null,
            RemoteCertificateValidationCallback = !asks ? null : (_, certificate, chain, errors) =>
            {
                if (certificate is null)
                {
                    return _settings.ClientCertificates == ClientCertificates.Welcome || Refuse("the peer did not return a certificate", refused);
                }

                // A client's certificate is for no host.
                return Judge(chain, errors & ~SslPolicyErrors.RemoteCertificateNameMismatch, refused);
            },
        };
    }

    internal override void Start(TcpConnection connection, string? peerName, TimeSpan timeout, Action<TcpConnection, string?> completed) =>
        SslStreamHandshake.Begin(this, connection, peerName, timeout, completed);

    public override void Dispose()
    {
        // The certificates are left to the collector: handshakes may be using them.
    }

    private X509ChainPolicy ChainPolicy()
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck };
        if (_trusted.Count > 0)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(_trusted);
        }

        return policy;
    }

    private static bool Judge(X509Chain? chain, SslPolicyErrors errors, Action<string> refused)
    {
        if (errors == SslPolicyErrors.None)
        {
            return true;
        }

        string reason = (errors & SslPolicyErrors.RemoteCertificateNameMismatch) != 0 ? "hostname mismatch"
            : string.Join(", ", (chain?.ChainStatus ?? []).Select(status => status.Status.ToString()).Distinct()) is { Length: > 0 } statuses ? statuses
            : errors.ToString();
        return Refuse($"certificate verify failed: {reason}", refused);
    }

    private static bool Refuse(string reason, Action<string> refused)
    {
        refused(reason);
        return false;
    }

    private SslStreamCertificateContext Choose(string asked)
    {
        int dot = asked.IndexOf('.', StringComparison.Ordinal);
        string wildcard = dot > 0 ? $"*{asked[dot..]}" : asked;
        foreach (string name in (string[])[asked, wildcard])
        {
            foreach ((ImmutableArray<string> names, SslStreamCertificateContext certificate) in _certificates)
            {
                if (names.Contains(name, StringComparer.OrdinalIgnoreCase))
                {
                    return certificate;
                }
            }
        }

        return _certificates[0].Certificate;
    }

    private static SslStreamCertificateContext Load(TlsCertificate certificate)
    {
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(certificate.Certificate.Span);
        X509Certificate2Collection chain = [.. certificate.Chain.Select(link => X509CertificateLoader.LoadCertificate(link.Span))];
        X509Certificate2 own = WithKey(bare, certificate.PrivateKey.Span);
        if (OperatingSystem.IsWindows())
        {
            // Its TLS takes no key that was never in a store.
            own = X509CertificateLoader.LoadPkcs12(own.Export(X509ContentType.Pkcs12), null);
        }

        return SslStreamCertificateContext.Create(own, chain, offline: true);
    }

    private static X509Certificate2 WithKey(X509Certificate2 bare, ReadOnlySpan<byte> key)
    {
        try
        {
            if (bare.GetECDsaPublicKey() is { } ec)
            {
                ec.Dispose();
                using var own = ECDsa.Create();
                own.ImportPkcs8PrivateKey(key, out _);
                return bare.CopyWithPrivateKey(own);
            }

            using RSA rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(key, out _);
            return bare.CopyWithPrivateKey(rsa);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw new TlsException($"The private key does not fit the certificate, or is of a kind that needs OpenSSL 3: {exception.Message.TrimEnd('.')}.");
        }
    }
}
