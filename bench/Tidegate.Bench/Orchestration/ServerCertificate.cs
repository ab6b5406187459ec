using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.Bench.Orchestration;

/// <summary>The self-signed certificate of a server that is measured with TLS.</summary>
internal static class ServerCertificate
{
    /// <summary>Writes certificate and key, ECDSA with P-256, into one PEM file; returns the path of the certificate's own file.</summary>
    internal static string Write(string keystore)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        File.WriteAllText(keystore, certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        string alone = keystore + ".crt";
        File.WriteAllText(alone, certificate.ExportCertificatePem());
        return alone;
    }
}
