using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Tests.Tls;

public sealed class CertificateStoreTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("tidegate-stores").FullName;

    [Fact]
    public void A_pem_file_may_hold_certificates_and_keys_in_any_order()
    {
        using X509Certificate2 one = _authority.Issue(["one.test", "*.one.test"]), two = _authority.Issue(["two.test"]);
        CertificateStore store = Read(
            one.GetECDsaPrivateKey()!.ExportECPrivateKeyPem() + "\n" + two.ExportCertificatePem() + "\n" + _authority.Pem
            + "a remark\n" + one.ExportCertificatePem() + "\n" + two.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Assert.Equal(["two.test", "one.test"], store.Own.Select(own => own.Name));
        Assert.Equal(["one.test", "*.one.test"], store.Own[1].Tls.Names.ToArray());
        Assert.Equal(3, store.All.Length);
    }

    [Fact]
    public void A_pem_key_may_be_encrypted_and_of_rsa()
    {
        using RSA key = RSA.Create(2048);
        using X509Certificate2 certificate = new CertificateRequest("CN=rsa.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        string encrypted = key.ExportEncryptedPkcs8PrivateKeyPem("secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 2000));
        OwnCertificate own = Assert.Single(Read(certificate.ExportCertificatePem() + "\n" + encrypted, "secret \nsecond line").Own);
        Assert.Equal(key.ExportPkcs8PrivateKey(), own.Tls.PrivateKey.ToArray());
        Assert.Equal(["rsa.test"], own.Tls.Names.ToArray());
    }

    [Theory]
    [InlineData("changeit")]
    [InlineData("")]
    public void A_pkcs12_file_gives_its_certificates_with_their_chains(string password)
    {
        using X509Certificate2 intermediate = _authority.Issue(["Intermediate"], to: DateTimeOffset.UtcNow.AddDays(5), authority: true);
        using X509Certificate2 leaf = _authority.Issue(["leaf.test"], issuer: intermediate);
        using X509Certificate2 bareIntermediate = X509CertificateLoader.LoadCertificate(intermediate.RawData);
        X509Certificate2Collection all = [leaf, bareIntermediate, _authority.Certificate];
        CertificateStore store = Read(all.Export(X509ContentType.Pkcs12, password)!, password);
        OwnCertificate own = Assert.Single(store.Own, own => own.Name == "leaf.test");
        // The root is not sent: whoever trusts it has it.
        Assert.Equal(intermediate.RawData, Assert.Single(own.Tls.Chain).ToArray());
    }

    [Fact]
    public void A_truststore_may_be_a_single_certificate_in_der()
    {
        CertificateStore store = Read(_authority.Certificate.RawData);
        Assert.Equal(_authority.Certificate.RawData, Assert.Single(store.All).RawData);
        Assert.Empty(store.Own);
    }

    [Theory]
    [InlineData(0xFEEDFEED, "JKS")]
    [InlineData(0xCECECECE, "JCEKS")]
    public void A_store_that_only_java_reads_is_refused_with_the_command_that_converts_it(uint magic, string type)
    {
        byte[] content = [(byte)(magic >> 24), (byte)(magic >> 16), (byte)(magic >> 8), (byte)magic, 0, 0, 0, 2, 0, 0, 0, 0];
        var exception = Assert.Throws<GatewayStartException>(() => Read(content));
        string file = Path.Combine(_directory, "store");
        Assert.Equal(
            $"conf.xml:3:7: {file} is a {type} store, which only Java reads. (Exception \"Unknown format\" caught loading file \"{file}\", " +
            "you may need to specify \"<type>JCEKS</type>\" in the gateway configuration file.) A <type> does not help here. Convert it, and write the new file here: " +
            $"keytool -importkeystore -srckeystore {file} -srcstoretype {type} -destkeystore {file}.p12 -deststoretype PKCS12",
            exception.Message);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData(null)]
    public void A_wrong_password_is_named_as_what_it_may_be(string? password)
    {
        using X509Certificate2 certificate = _authority.Issue(["a.test"]);
        var exception = Assert.Throws<GatewayStartException>(() => Read(certificate.Export(X509ContentType.Pkcs12, "right"), password));
        Assert.StartsWith(
            "conf.xml:3:7: Unable to load necessary certificate keys from keystore; perhaps your keys are protected by passwords that are different from the keystore password? "
            + "(Exception \"", exception.Message, StringComparison.Ordinal);
        Assert.Contains(
            $"\" caught loading file \"{Path.Combine(_directory, "store")}\", you may need to specify \"<type>JCEKS</type>\" in the gateway configuration file",
            exception.Message, StringComparison.Ordinal);
        Assert.Contains("<password-file>", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void Pipes_and_devices_are_refused_where_they_are_named_and_nothing_waits_for_them(bool isPassword)
    {
        string pipe = Path.Combine(_directory, "pipe"), link = Path.Combine(_directory, "link"), store = Path.Combine(_directory, "store");
        Assert.Equal(0, Unix.MakePipe(pipe));
        File.CreateSymbolicLink(link, pipe);
        File.WriteAllText(store, "nothing in it is read");
        foreach ((string file, string kind) in ((string, string)[])[(pipe, "a pipe"), (link, "a pipe"), ("/dev/zero", "a device"), (_directory, "a directory")])
        {
            var named = new StoreConfiguration
            {
                File = isPassword ? store : file,
                PasswordFile = isPassword ? file : null,
                Position = new SourcePosition("conf.xml", 3, 7),
                PasswordPosition = new SourcePosition("conf.xml", 4, 7),
            };
            Assert.StartsWith(
                $"conf.xml:{(isPassword ? 4 : 3)}:7: {file} can not be read: it is {kind}, and ",
                Assert.Throws<GatewayStartException>(() => CertificateStore.ReadFiles(named)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_password_is_in_a_short_file()
    {
        string file = Path.Combine(_directory, "store"), password = Path.Combine(_directory, "password");
        File.WriteAllText(file, "nothing in it is read");
        File.WriteAllText(password, new string('x', 65_537));
        var store = new StoreConfiguration { File = file, PasswordFile = password, Position = new SourcePosition("conf.xml", 3, 7) };

        Assert.Equal(
            $"conf.xml:3:7: {password} is larger than 64 KiB. Write the path of a file whose first line is the password.",
            Assert.Throws<GatewayStartException>(() => CertificateStore.ReadFiles(store)).Message);
        File.WriteAllText(password, "first\r\nsecond\n");
        Assert.Equal("first", CertificateStore.ReadFiles(store).Password);
    }

    [Fact]
    public void A_key_for_none_of_the_certificates_is_an_error()
    {
        using X509Certificate2 one = _authority.Issue(["one.test"]), two = _authority.Issue(["two.test"]);
        var exception = Assert.Throws<GatewayStartException>(() => Read(one.ExportCertificatePem() + "\n" + two.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()));
        Assert.Contains("No certificate in it is for its private key", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_are_refused_and_nothing_else_happens()
    {
        using X509Certificate2 certificate = _authority.Issue(["a.test"]);
        byte[][] sources = [System.Text.Encoding.ASCII.GetBytes(TestAuthority.PemOf(certificate)), certificate.Export(X509ContentType.Pkcs12, "p")];
        var random = new Random(99);
        int refused = 0;
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = [.. sources[i % 2]];
            for (int hits = random.Next(1, 4); hits > 0; hits--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            try
            {
                _ = Read(i % 3 == 0 ? damaged[..random.Next(damaged.Length)] : damaged, "p");
            }
            catch (GatewayStartException)
            {
                refused++;
            }
        }

        Assert.InRange(refused, 100, 400);
    }

    [Fact]
    public void An_empty_file_is_refused_like_any_other_without_certificates()
    {
        var exception = Assert.Throws<GatewayStartException>(() => Read(Array.Empty<byte>()));
        Assert.StartsWith("conf.xml:3:7: Unable to load necessary certificate keys from keystore", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_not_there_is_named()
    {
        var store = new StoreConfiguration { File = Path.Combine(_directory, "nowhere.pem"), Position = new SourcePosition("conf.xml", 3, 7) };
        Assert.StartsWith(
            $"conf.xml:3:7: {store.File} can not be read: ", Assert.Throws<GatewayStartException>(() => CertificateStore.ReadFiles(store)).Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private CertificateStore Read(string content, string? password = null) => Read(System.Text.Encoding.ASCII.GetBytes(content), password);

    private CertificateStore Read(byte[] content, string? password = null)
    {
        string file = Path.Combine(_directory, "store"), passwordFile = Path.Combine(_directory, "password");
        File.WriteAllBytes(file, content);
        File.WriteAllText(passwordFile, password);
        var store = new StoreConfiguration
        {
            File = file,
            PasswordFile = password is null ? null : passwordFile,
            Position = new SourcePosition("conf.xml", 3, 7),
        };
        return CertificateStore.Read(store, CertificateStore.ReadFiles(store));
    }
}
