using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Engine.Tls;

namespace Tidegate.Engine.Tests.Support;

/// <summary>A certificate authority that lives as long as the test run, and certificates that it vouches for.</summary>
internal static class TestCertificate
{
    private static readonly Lazy<X509Certificate2> s_authority = new(CreateAuthority);

    internal static X509Certificate2 Authority => s_authority.Value;

    /// <summary>A certificate for these names; addresses are taken for what they are.</summary>
    internal static TlsCertificate For(params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        return Sign(request, names, key.ExportPkcs8PrivateKey());
    }

    internal static TlsCertificate WithRsaKeyFor(params string[] names)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return Sign(request, names, key.ExportPkcs8PrivateKey());
    }

    private static TlsCertificate Sign(CertificateRequest request, string[] names, byte[] key)
    {
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        using ECDsa authority = Authority.GetECDsaPrivateKey()!;
        using X509Certificate2 signed = request.Create(
            Authority.SubjectName, X509SignatureGenerator.CreateForECDsa(authority), Authority.NotBefore, Authority.NotAfter, RandomNumberGenerator.GetBytes(8));
        return new TlsCertificate { Certificate = signed.RawData, PrivateKey = key, Names = [.. names.Where(name => !IPAddress.TryParse(name, out _))] };
    }

    private static X509Certificate2 CreateAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Tidegate test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        DateTimeOffset now = DateTimeOffset.UtcNow;
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
    }
}
