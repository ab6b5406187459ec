using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.EndToEnd.Tests.Tls;

/// <summary>A certificate authority of one's own: its certificate in a file, and keystores that it vouches for.</summary>
internal sealed class SelfMadeAuthority : IDisposable
{
    private readonly ScratchDirectory _directory = new();
    private readonly X509Certificate2 _certificate;

    internal SelfMadeAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Self-made authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(30));
        File = _directory.Write("authority.pem", _certificate.ExportCertificatePem());
    }

    /// <summary>The authority's certificate, a PEM file.</summary>
    internal string File { get; }

    internal string Directory => _directory.Path;

    /// <summary>Certificate and key for localhost and this name, a PEM file.</summary>
    internal string Keystore(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddDnsName(name);
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        using X509Certificate2 certificate = request.Create(
            _certificate, DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(20), RandomNumberGenerator.GetBytes(8));
        return _directory.Write($"{name}.pem", certificate.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
    }

    /// <summary>A gateway whose keystore is for localhost, and whose truststore is this authority.</summary>
    internal Task<GatewayProcess> StartAsync(string services) => GatewayProcess.StartAsync(Security + services);

    /// <summary>A security element with such a keystore and truststore.</summary>
    internal string Security =>
        $"<security><keystore><file>{Keystore("gateway")}</file></keystore><truststore><file>{File}</file></truststore></security>\n";

    public void Dispose()
    {
        _certificate.Dispose();
        _directory.Dispose();
    }
}
