using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Gateway.Tests;

/// <summary>What carries requests to a gateway: plainly or by TLS, and by which version of HTTP.</summary>
internal sealed record Carrier(bool IsSecure, Version Version)
{
    internal static readonly Carrier Plain = new(IsSecure: false, HttpVersion.Version11);
    internal static readonly Carrier Tls = new(IsSecure: true, HttpVersion.Version11);
    internal static readonly Carrier Http2 = new(IsSecure: true, HttpVersion.Version20);

    private static readonly Lazy<string> s_store = new(MakeStore);

    /// <summary>A keystore for 127.0.0.1 as PEM; null where none is needed.</summary>
    internal string? Store => IsSecure ? s_store.Value : null;

    internal string Scheme => IsSecure ? "https" : "http";

    private static string MakeStore()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem();
    }
}
