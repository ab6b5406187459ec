using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Engine.Tls;

namespace Tidegate.Gateway.Tls;

/// <summary>Private keys that .NET does not read and OpenSSL does: Ed25519, Ed448 (RFC 8410), and RSA for PSS alone (RFC 4055).</summary>
internal static class OtherKeys
{
    /// <summary>What is said of a key of any other kind.</summary>
    internal const string Unknown = "A private key in it is neither RSA nor ECDSA, Ed25519 or Ed448";

    private static readonly string[] s_algorithms = ["1.3.101.112", "1.3.101.113", "1.2.840.113549.1.1.10"];
    private static readonly string[] s_usual = ["1.2.840.113549.1.1.1", "1.2.840.10045.2.1"];

    /// <summary>Reads a key in PKCS#8.</summary>
    /// <param name="encoded">The key in DER.</param>
    /// <param name="password">What decrypts it, or null where it is not encrypted.</param>
    /// <returns>The key in the clear, or null if it is not of this kind.</returns>
    /// <exception cref="CryptographicException">It can not be read, or not with this password, or it is of a kind that no client takes.</exception>
    internal static byte[]? Read(byte[] encoded, string? password)
    {
        Pkcs8PrivateKeyInfo key = password is null
            ? Pkcs8PrivateKeyInfo.Decode(encoded, out _)
            : Pkcs8PrivateKeyInfo.DecryptAndDecode(password, encoded, out _);
        return IsOther(key) ? key.Encode()
            : s_usual.Contains(key.AlgorithmId.Value) ? null
            : throw new CryptographicException(Unknown);
    }

    /// <summary>Reads a file of PKCS#12 that holds at least one key of this kind.</summary>
    /// <returns>All certificates and all keys, these as PKCS#8 and of the usual kinds too; or null if there is no such key in it, or it can not be read so.</returns>
    internal static (List<X509Certificate2> Certificates, List<byte[]> Keys)? ReadPkcs12(byte[] file, string? password)
    {
        try
        {
            var certificates = new List<X509Certificate2>();
            var keys = new List<byte[]>();
            bool found = false;
            foreach (Pkcs12SafeBag bag in BagsIn(file, password))
            {
                switch (bag)
                {
                    case Pkcs12CertBag { IsX509Certificate: true } certificate:
                        certificates.Add(certificate.GetCertificate());
                        break;
                    case Pkcs12ShroudedKeyBag shrouded:
                        Take(Pkcs8PrivateKeyInfo.DecryptAndDecode(password, shrouded.EncryptedPkcs8PrivateKey, out _));
                        break;
                    case Pkcs12KeyBag bare:
                        Take(Pkcs8PrivateKeyInfo.Decode(bare.Pkcs8PrivateKey, out _));
                        break;
                }
            }

            return found ? (certificates, keys) : null;

            void Take(Pkcs8PrivateKeyInfo key)
            {
                found |= IsOther(key);
                if (IsOther(key) || s_usual.Contains(key.AlgorithmId.Value))
                {
                    keys.Add(key.Encode());
                }
            }
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>The key that is a certificate's own, or null.</summary>
    internal static byte[]? Find(X509Certificate2 certificate, IEnumerable<byte[]> keys) => keys.FirstOrDefault(key => TlsKeys.Fit(certificate.RawData, key));

    private static IEnumerable<Pkcs12SafeBag> BagsIn(byte[] file, string? password)
    {
        var store = Pkcs12Info.Decode(file, out _, skipCopy: true);
        if (store.IntegrityMode == Pkcs12IntegrityMode.Password && !store.VerifyMac(password))
        {
            throw new CryptographicException("The password is wrong");
        }

        foreach (Pkcs12SafeContents contents in store.AuthenticatedSafe)
        {
            if (contents.ConfidentialityMode == Pkcs12ConfidentialityMode.Password)
            {
                contents.Decrypt(password);
            }

            foreach (Pkcs12SafeBag bag in contents.GetBags())
            {
                yield return bag;
            }
        }
    }

    private static bool IsOther(Pkcs8PrivateKeyInfo key) => s_algorithms.Contains(key.AlgorithmId.Value);
}
