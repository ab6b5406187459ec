using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Engine.Tls;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Files;

namespace Tidegate.Gateway.Tls;

/// <summary>What a keystore or a truststore holds, read and decoded.</summary>
/// <param name="All">Every certificate.</param>
/// <param name="Own">Those with a private key.</param>
/// <param name="Unusable">Certificates whose key no client takes today.</param>
internal sealed record CertificateStore(
    ImmutableArray<X509Certificate2> All, ImmutableArray<OwnCertificate> Own, ImmutableArray<string> Unusable)
{
    private const uint JksMagic = 0xFEEDFEED;
    private const uint JceksMagic = 0xCECECECE;
    private const int MaximumFileSize = 16 * 1024 * 1024;
    private const int LongestPassword = 64 * 1024;
    private const int LongestChain = 10;

    /// <summary>Reads a store.</summary>
    /// <param name="store">Which.</param>
    /// <param name="content">The file's bytes, from <see cref="ReadFiles"/>.</param>
    /// <exception cref="GatewayStartException">It can not be read; the message names place and cure.</exception>
    internal static CertificateStore Read(StoreConfiguration store, StoreContent content)
    {
        byte[] file = content.File;
        uint magic = file.Length < 4 ? 0 : BinaryPrimitives.ReadUInt32BigEndian(file);
        if (magic is JksMagic or JceksMagic)
        {
            string type = magic == JksMagic ? "JKS" : "JCEKS";
            throw Fault(
                store,
                $"{store.File} is a {type} store, which only Java reads. {OldWords("Unknown format", store)}",
                $"A <type> does not help here. Convert it, and write the new file here: {ConversionOf(store, type)}");
        }

        try
        {
            return file.AsSpan().IndexOf("-----BEGIN "u8) >= 0 ? FromPem(file, content.Password) : FromDer(file, content.Password);
        }
        // An empty file is an argument that may not be.
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            throw Fault(
                store,
                "Unable to load necessary certificate keys from keystore; perhaps your keys are protected by passwords that are different " +
                $"from the keystore password? {OldWords(exception.Message.TrimEnd('.'), store)}",
                "A <type> does not help here: write a PEM or PKCS#12 file, and its password into the first line of <password-file>.");
        }
    }

    /// <summary>Reads the files of a store.</summary>
    /// <exception cref="GatewayStartException">One of them can not be read.</exception>
    internal static StoreContent ReadFiles(StoreConfiguration store)
    {
        string path = store.File;
        try
        {
            byte[] file = OrdinaryFile.Read(path, MaximumFileSize) ?? throw Fault(store, $"{path} is larger than 16 MiB.", "Is it the right file?");
            if (store.PasswordFile is null)
            {
                return new StoreContent(file, null);
            }

            path = store.PasswordFile;
            byte[] password = OrdinaryFile.Read(path, LongestPassword)
                ?? throw new GatewayStartException(new ConfigurationError(store.PasswordPosition, $"{path} is larger than 64 KiB.", "Write the path of a file whose first line is the password."));
            using var reader = new StreamReader(new MemoryStream(password));
            return new StoreContent(file, reader.ReadLine()?.Trim());
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GatewayStartException(new ConfigurationError(
                path == store.File ? store.Position : store.PasswordPosition,
                $"{path} can not be read: {exception.Message.TrimEnd('.')}.",
                "Write the path of a file that the user who runs Tidegate may read."));
        }
    }

    private static CertificateStore FromDer(byte[] file, string? password)
    {
        if (X509Certificate2.GetCertContentType(file) == X509ContentType.Cert)
        {
            return new CertificateStore([X509CertificateLoader.LoadCertificate(file)], [], []);
        }

        X509Certificate2Collection loaded;
        try
        {
            loaded = X509CertificateLoader.LoadPkcs12Collection(file, password, X509KeyStorageFlags.Exportable);
        }
        catch (CryptographicException) when (OtherKeys.ReadPkcs12(file, password) is { } other)
        {
            return Assemble([.. other.Certificates], Match(other.Certificates, [], other.Keys), []);
        }

        var keys = new Dictionary<X509Certificate2, byte[]>();
        foreach (X509Certificate2 certificate in loaded.Where(certificate => certificate.HasPrivateKey))
        {
            using RSA? rsa = certificate.GetRSAPrivateKey();
            using ECDsa? ec = certificate.GetECDsaPrivateKey();
            if (((AsymmetricAlgorithm?)rsa ?? ec)?.ExportPkcs8PrivateKey() is { } key)
            {
                keys[certificate] = key;
            }
        }

        return Assemble([.. loaded], keys, loaded.Where(certificate => certificate.HasPrivateKey && !keys.ContainsKey(certificate)));
    }

    private static CertificateStore FromPem(byte[] file, string? password)
    {
        ReadOnlySpan<char> text = System.Text.Encoding.Latin1.GetString(file);
        var all = new List<X509Certificate2>();
        var keys = new List<(byte[] Public, byte[] Private)>();
        var others = new List<byte[]>();
        while (PemEncoding.TryFind(text, out PemFields fields))
        {
            ReadOnlySpan<char> label = text[fields.Label];
            ReadOnlySpan<char> part = text[fields.Location];
            if (label is "CERTIFICATE" or "TRUSTED CERTIFICATE" or "X509 CERTIFICATE")
            {
                all.Add(X509CertificateLoader.LoadCertificate(Convert.FromBase64String(text[fields.Base64Data].ToString())));
            }
            else if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
            {
                string? keyPassword = label is "ENCRYPTED PRIVATE KEY" ? password ?? string.Empty : null;
                if (label is "ENCRYPTED PRIVATE KEY" or "PRIVATE KEY" && OtherKeys.Read(Convert.FromBase64String(text[fields.Base64Data].ToString()), keyPassword) is { } other)
                {
                    others.Add(other);
                }
                else
                {
                    keys.Add(ReadKey(part, keyPassword));
                }
            }

            text = text[fields.Location.End..];
        }

        Dictionary<X509Certificate2, byte[]> found = Match(all, keys, others);
        return keys.Count + others.Count > 0 && found.Count == 0
            ? throw new CryptographicException("No certificate in it is for its private key")
            : Assemble([.. all], found, []);
    }

    /// <summary>The certificates of which a key is there, with it.</summary>
    /// <param name="all">The certificates.</param>
    /// <param name="keys">Keys whose public half is known.</param>
    /// <param name="others">Keys of which only OpenSSL can say whose they are.</param>
    private static Dictionary<X509Certificate2, byte[]> Match(List<X509Certificate2> all, List<(byte[] Public, byte[] Private)> keys, List<byte[]> others)
    {
        var found = new Dictionary<X509Certificate2, byte[]>();
        foreach (X509Certificate2 certificate in all)
        {
            byte[] own = certificate.PublicKey.ExportSubjectPublicKeyInfo();
            if ((keys.FirstOrDefault(key => key.Public.AsSpan().SequenceEqual(own)).Private ?? OtherKeys.Find(certificate, others)) is { } key)
            {
                found[certificate] = key;
            }
        }

        return found;
    }

    private static (byte[] Public, byte[] Private) ReadKey(ReadOnlySpan<char> pem, string? password)
    {
        CryptographicException? failure = null;
        foreach (AsymmetricAlgorithm algorithm in (AsymmetricAlgorithm[])[RSA.Create(), ECDsa.Create()])
        {
            using (algorithm)
            {
                try
                {
                    if (password is null)
                    {
                        algorithm.ImportFromPem(pem);
                    }
                    else
                    {
                        algorithm.ImportFromEncryptedPem(pem, password);
                    }

                    return (algorithm.ExportSubjectPublicKeyInfo(), algorithm.ExportPkcs8PrivateKey());
                }
                catch (Exception exception) when (exception is CryptographicException or ArgumentException)
                {
                    failure = exception as CryptographicException ?? new CryptographicException(OtherKeys.Unknown);
                }
            }
        }

        throw failure!;
    }

    private static CertificateStore Assemble(
        ImmutableArray<X509Certificate2> all, Dictionary<X509Certificate2, byte[]> keys, IEnumerable<X509Certificate2> unusable) => new(
        all,
        [.. all.Where(keys.ContainsKey).Select(certificate => new OwnCertificate(certificate, new TlsCertificate
        {
            Certificate = certificate.RawData,
            PrivateKey = keys[certificate],
            Chain = ChainOf(certificate, all),
            Names = NamesOf(certificate),
        }))],
        [.. unusable.Select(OwnCertificate.NameOf)]);

    /// <summary>The certificates of the file that lead from this one towards a root, which peers have themselves.</summary>
    private static ImmutableArray<ReadOnlyMemory<byte>> ChainOf(X509Certificate2 certificate, ImmutableArray<X509Certificate2> all)
    {
        var chain = ImmutableArray.CreateBuilder<ReadOnlyMemory<byte>>();
        for (X509Certificate2? link = certificate; chain.Count < LongestChain;)
        {
            byte[] issuer = link.IssuerName.RawData;
            link = all.FirstOrDefault(candidate => candidate.SubjectName.RawData.AsSpan().SequenceEqual(issuer));
            if (link is null || link.SubjectName.RawData.AsSpan().SequenceEqual(link.IssuerName.RawData))
            {
                break;
            }

            chain.Add(link.RawData);
        }

        return chain.ToImmutable();
    }

    private static ImmutableArray<string> NamesOf(X509Certificate2 certificate)
    {
        IEnumerable<string> alternatives = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(extension => extension.EnumerateDnsNames());
        ImmutableArray<string> names = [.. alternatives.Select(name => name.ToLowerInvariant()).Distinct()];
        // The common name counts where there is nothing else (RFC 6125, section 6.4.4).
        return names.IsEmpty && certificate.GetNameInfo(X509NameType.SimpleName, false) is { Length: > 0 } common
            ? [common.ToLowerInvariant()]
            : names;
    }

    /// <summary>The command that makes a store of PKCS#12 out of one of Java's; it asks for the passwords that no file holds.</summary>
    private static string ConversionOf(StoreConfiguration store, string type)
    {
        string passwords = store.PasswordFile is { } file ? $" -srcstorepass:file {Shell(file)} -deststorepass:file {Shell(file)}" : "";
        return $"keytool -importkeystore -srckeystore {Shell(store.File)} -srcstoretype {type} "
            + $"-destkeystore {Shell(Path.ChangeExtension(store.File, ".p12"))} -deststoretype PKCS12{passwords}";
    }

    /// <summary>What the old gateway said of a store that it could not read, for those who search for it.</summary>
    private static string OldWords(string reason, StoreConfiguration store) =>
        $"(Exception \"{reason}\" caught loading file \"{store.File}\", you may need to specify \"<type>JCEKS</type>\" in the gateway configuration file.)";

    /// <summary>A path as a shell takes it for one word.</summary>
    private static string Shell(string path) =>
        path.All(character => char.IsAsciiLetterOrDigit(character) || "/._-+:@%".Contains(character, StringComparison.Ordinal))
            ? path
            : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static GatewayStartException Fault(StoreConfiguration store, string problem, string cure) =>
        new(new ConfigurationError(store.Position, problem, cure));
}

/// <summary>The bytes of a store, and its password.</summary>
internal sealed record StoreContent(byte[] File, string? Password)
{
    /// <summary>Whether another reading brought the same.</summary>
    internal bool IsSameAs(StoreContent? other) => other is not null && File.AsSpan().SequenceEqual(other.File) && Password == other.Password;
}

/// <summary>A certificate that the gateway can prove to be its own.</summary>
internal sealed record OwnCertificate(X509Certificate2 Certificate, TlsCertificate Tls)
{
    /// <summary>What messages call it.</summary>
    internal string Name => NameOf(Certificate);

    internal static string NameOf(X509Certificate2 certificate) =>
        certificate.GetNameInfo(X509NameType.SimpleName, false) is { Length: > 0 } name ? name : certificate.Thumbprint;
}
