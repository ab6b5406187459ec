using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Tidegate.Engine.Tls;

namespace Tidegate.Gateway.Http;

/// <summary>
/// Tells Kestrel that a connection is one of https, and what its handshake has agreed on: nothing, where something in front of the
/// gateway has done TLS.
/// </summary>
internal sealed class TlsFeatures(TlsInformation? tls) : ITlsConnectionFeature, ITlsHandshakeFeature, ITlsApplicationProtocolFeature
{
    private X509Certificate2? _clientCertificate;

    public X509Certificate2? ClientCertificate
    {
        get => _clientCertificate ??= tls?.PeerCertificate is { } certificate ? X509CertificateLoader.LoadCertificate(certificate) : null;
        set => _clientCertificate = value;
    }

    public Task<X509Certificate2?> GetClientCertificateAsync(CancellationToken cancellationToken) => Task.FromResult(ClientCertificate);

    public SslProtocols Protocol => tls?.Protocol ?? SslProtocols.Tls12;

    public System.Net.Security.TlsCipherSuite? NegotiatedCipherSuite => tls?.CipherSuite;

    public string HostName => tls?.ServerName ?? string.Empty;

    public ReadOnlyMemory<byte> ApplicationProtocol { get; } =
        tls?.ApplicationProtocol is { } protocol ? Encoding.ASCII.GetBytes(protocol) : ReadOnlyMemory<byte>.Empty;

#pragma warning disable SYSLIB0058 // The interface asks for them; the cipher suite says it all.
    public CipherAlgorithmType CipherAlgorithm => CipherAlgorithmType.None;

    public int CipherStrength => 0;

    public HashAlgorithmType HashAlgorithm => HashAlgorithmType.None;

    public int HashStrength => 0;

    public ExchangeAlgorithmType KeyExchangeAlgorithm => ExchangeAlgorithmType.None;

    public int KeyExchangeStrength => 0;
#pragma warning restore SYSLIB0058
}
