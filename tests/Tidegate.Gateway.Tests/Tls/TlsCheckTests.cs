using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tls;
using static Tidegate.Gateway.Tests.Tls.SecureGateway;

namespace Tidegate.Gateway.Tests.Tls;

/// <summary>What validate says of keystores is what the start would say.</summary>
public sealed class TlsCheckTests : IDisposable
{
    private const string Wss = "<service><name>e</name><accept>wss://localhost:0/</accept><type>echo</type></service>";
    private readonly TestAuthority _authority = new();
    private readonly ScratchDirectory _directory = new();

    public static TheoryData<string, string, string> BadStores => new()
    {
        { "nowhere.pem", "", "can not be read: " },
        { "store.jks", "", "Convert it, and write the new file here: keytool -importkeystore " },
        { "store.jks", "<password-file>store.pw</password-file>", "-deststoretype PKCS12 -srcstorepass:file " },
        { "store.jceks", "", "is a JCEKS store" },
        { "store.p12", "", "perhaps your keys are protected by passwords that are different from the keystore password?" },
        { "store.p12", "<password-file>store.pw</password-file>", "<password-file>" },
        { "store.p12", "<password-file>nowhere.pw</password-file>", "nowhere.pw can not be read: " },
        { "certificate.pem", "", "holds no certificate with its private key." },
        { "stranger.pem", "", "No certificate in it is for its private key" },
    };

    [Theory]
    [MemberData(nameof(BadStores))]
    public async Task A_bad_keystore_is_found_before_the_start_and_in_the_same_words(string file, string password, string words)
    {
        GatewayConfiguration configuration = Configure($"<keystore><file>{file}</file>{password}</keystore>", Wss);

        string found = Assert.Single(Check(configuration).Errors).ToString();

        Assert.Contains(words, found, StringComparison.Ordinal);
        Assert.Equal(found, (await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(configuration))).Message);
    }

    [Theory]
    [InlineData("wss://localhost:0/", "echo", "", "needs a certificate, and the file has no <keystore>.")]
    [InlineData("ssl://localhost:0", "echo", "<accept-options><ssl.ciphers>HIGH,DEFAULT</ssl.ciphers></accept-options>", "DEFAULT must be the first cipher string")]
    [InlineData("ssl://localhost:0", "echo", "<accept-options><ssl.verify-client>required</ssl.verify-client></accept-options>", "has no <truststore>.")]
    [InlineData("tcp://localhost:0", "proxy", "<connect>ssl://h:1</connect><connect-options><ssl.ciphers>NULL</ssl.ciphers></connect-options>", "No ciphersuites matching")]
    public async Task What_the_options_ask_for_and_can_not_be_had_is_found_too(string accept, string type, string rest, string words)
    {
        string store = accept.StartsWith("ssl:", StringComparison.Ordinal) ? "<keystore><file>good.pem</file></keystore>" : "";
        GatewayConfiguration configuration = Configure(store, Service("e", type, accept, rest));

        string found = Assert.Single(Check(configuration).Errors).ToString();

        Assert.Contains(words, found, StringComparison.Ordinal);
        Assert.Equal(found, (await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(configuration))).Message);
    }

    [Fact]
    public void A_truststore_is_opened_where_a_back_end_is_asked_for_its_certificate() => Assert.Contains(
        "nowhere.pem can not be read: ",
        Assert.Single(Check(Configure(
            "<truststore><file>nowhere.pem</file></truststore>", Service("p", "proxy", "tcp://localhost:0", "<connect>wss://h/</connect>"))).Errors).Problem,
        StringComparison.Ordinal);

    [Fact]
    public void Errors_of_one_store_are_said_once_and_all_others_too()
    {
        ImmutableArray<ConfigurationError> errors = Check(Configure(
            "<keystore><file>good.pem</file></keystore>",
            "\n" + Service("a", "echo", "ssl://localhost:1", "<accept-options><ssl.ciphers>HIGH,DEFAULT</ssl.ciphers></accept-options>")
            + Service("b", "echo", "ssl://localhost:2", "<accept-options><ssl.verify-client>required</ssl.verify-client></accept-options>"))).Errors;

        Assert.Equal([2, 3], errors.Select(error => error.Position.Line));
        Assert.Single(Check(Configure("<keystore><file>nowhere.pem</file></keystore>", Wss + Service("b", "echo", "ssl://localhost:2"))).Errors);
    }

    [Theory]
    [InlineData("ws://localhost:0/", "")]
    [InlineData("wss://localhost:0/", "<accept-options><ssl.encryption>disabled</ssl.encryption></accept-options>")]
    public void A_store_that_nobody_needs_is_not_opened(string accept, string rest)
    {
        var (errors, warnings) = Check(Configure("<keystore><file>nowhere.pem</file></keystore>", Service("e", "echo", accept, rest)));

        Assert.Empty(errors);
        Assert.Empty(warnings);
    }

    [Fact]
    public void Dates_and_names_that_clients_will_not_take_are_warned_of()
    {
        var (errors, warnings) = Check(Configure("<keystore><file>expired.pem</file></keystore>", Wss + Service("s", "echo", "ssl://localhost:0")));

        Assert.Empty(errors);
        Assert.Contains(warnings, line => line.EndsWith("is expired. It was valid until 2021-02-03 04:05 UTC", StringComparison.Ordinal));
        Assert.Contains(warnings, line => line.Contains("Keystore does not have a certificate entry for localhost, the host of wss://localhost:0/", StringComparison.Ordinal));
        Assert.Equal(3, warnings.Length);
    }

    [Fact]
    public void For_a_service_that_is_not_served_an_error_is_a_warning()
    {
        var (errors, warnings) = Check(Configure("<keystore><file>nowhere.pem</file></keystore>", Service("j", "jms", "wss://localhost:0/", "<properties/>")));

        Assert.Empty(errors);
        Assert.Contains("nowhere.pem can not be read: ", Assert.Single(warnings), StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _directory.Dispose();
    }

    private static (ImmutableArray<ConfigurationError> Errors, ImmutableArray<string> Warnings) Check(GatewayConfiguration configuration)
    {
        (ImmutableArray<ConfigurationError> errors, ImmutableArray<ConfigurationError> warnings) = TlsCheck.Run(configuration, TimeProvider.System);
        return (errors, [.. warnings.Select(warning => warning.ToString())]);
    }

    private GatewayConfiguration Configure(string security, string services)
    {
        using X509Certificate2 good = _authority.Issue(["localhost"]), other = _authority.Issue(["localhost"]);
        using X509Certificate2 expired = _authority.Issue(["old.test"], DateTimeOffset.Parse("2020-01-02T03:04:00Z", null), DateTimeOffset.Parse("2021-02-03T04:05:00Z", null));
        Write("good.pem", TestAuthority.PemOf(good));
        Write("expired.pem", TestAuthority.PemOf(expired));
        Write("certificate.pem", good.ExportCertificatePem());
        Write("stranger.pem", good.ExportCertificatePem() + "\n" + other.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        Write("store.pw", "wrong");
        File.WriteAllBytes(Path.Combine(_directory.Path, "store.p12"), good.Export(X509ContentType.Pkcs12, "right"));
        File.WriteAllBytes(Path.Combine(_directory.Path, "store.jks"), [0xFE, 0xED, 0xFE, 0xED, 0, 0, 0, 2]);
        File.WriteAllBytes(Path.Combine(_directory.Path, "store.jceks"), [0xCE, 0xCE, 0xCE, 0xCE, 0, 0, 0, 2]);
        return ConfigurationReader.Parse(
            $"<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\"><security>{security}</security>{services}</gateway-config>",
            Path.Combine(_directory.Path, "g.xml"));
    }

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(_directory.Path, name), content);

    private async Task StartAsync(GatewayConfiguration configuration)
    {
        await using GatewayServer server = await GatewayServer.StartAsync(
            configuration, new GatewayServerOptions { WebDirectory = _directory.Path, Loops = 1 }, NullLoggerFactory.Instance, CancellationToken.None);
    }
}
