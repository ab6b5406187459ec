namespace Tidegate.Engine.Tls;

/// <summary>Private keys of any kind that OpenSSL reads.</summary>
public static unsafe class TlsKeys
{
    /// <summary>Whether a private key is the one of a certificate. False as well where one of the two can not be read, or there is no OpenSSL.</summary>
    /// <param name="certificate">The certificate, in DER.</param>
    /// <param name="privateKey">The key, as PKCS#8 in DER.</param>
    public static bool Fit(ReadOnlySpan<byte> certificate, ReadOnlySpan<byte> privateKey)
    {
        if (!OpenSsl.IsAvailable)
        {
            return false;
        }

        fixed (byte* encodedCertificate = certificate, encodedKey = privateKey)
        {
            byte* position = encodedCertificate;
            nint decoded = OpenSsl.d2i_X509(null, &position, certificate.Length);
            position = encodedKey;
            nint key = OpenSsl.d2i_AutoPrivateKey(null, &position, privateKey.Length);
            bool fit = decoded != 0 && key != 0 && OpenSsl.X509_check_private_key(decoded, key) == 1;
            OpenSsl.X509_free(decoded);
            OpenSsl.EVP_PKEY_free(key);
            OpenSsl.ERR_clear_error();
            return fit;
        }
    }
}
