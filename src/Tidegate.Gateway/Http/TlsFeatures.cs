using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Tidegate.Engine.Tls;

namespace Tidegate.Gateway.Http;

/// <summary>
/// Tells Kestrel that a connection is one of https, and what its handshake has agreed on. Where something in front of the gateway has
/// done TLS that is not known, but for the protocol: it is the one that is spoken.
/// </summary>
/// <param name="tls">What the gateway's own handshake has agreed on, or null.</param>
/// <param name="spoken">What is spoken, as ALPN calls it.</param>
internal sealed class TlsFeatures(TlsInformation? tls, string spoken) : ITlsConnectionFeature, ITlsHandshakeFeature, ITlsApplicationProtocolFeature
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
        (tls is null ? spoken : tls.ApplicationProtocol) is { } protocol ? Encoding.ASCII.GetBytes(protocol) : ReadOnlyMemory<byte>.Empty;

#pragma warning disable SYSLIB0058 // The interface asks for them; the cipher suite says it all.
    public CipherAlgorithmType CipherAlgorithm => CipherAlgorithmType.None;

    public int CipherStrength => 0;

    public HashAlgorithmType HashAlgorithm => HashAlgorithmType.None;

    public int HashStrength => 0;

    public ExchangeAlgorithmType KeyExchangeAlgorithm => ExchangeAlgorithmType.None;

    public int KeyExchangeStrength => 0;
#pragma warning restore SYSLIB0058
}
