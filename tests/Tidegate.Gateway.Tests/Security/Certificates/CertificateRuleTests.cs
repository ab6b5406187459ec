using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security.Certificates;

/// <summary>Whose a certificate is: subjects and alternative names, and how files write them.</summary>
public sealed class CertificateRuleTests
{
    // The certificate, as what it holds; the rules; the name and the roles that come of it.
    [Theory]
    [InlineData("CN=partner|O=Example|C=US", "", "CN=partner,O=Example,C=US ()")]
    [InlineData("CN=partner|O=Example|C=US", "subject=CN=partner,O=Example,C=US", "CN=partner,O=Example,C=US ()")]
    [InlineData("CN=partner|O=Example|C=US", "subject=cn=partner, o=Example, c=US;name=p;role=A;role=B", "p (A B)")]
    [InlineData("CN=partner|O=Example|C=US", "subject=C=US,O=Example,CN=partner", null)]
    [InlineData("CN=partner|O=Example|C=US", "subject=CN=partner,O=Example", null)]
    [InlineData("CN=partner|O=Example|C=US", "subject=CN=PARTNER,O=Example,C=US", null)]
    // A part that looks like two.
    [InlineData("CN=partner,O=Example", "subject=CN=partner,O=Example", null)]
    [InlineData("CN=partner,O=Example", "subject=CN=partner\\,O=Example;name=p", "p ()")]
    [InlineData("CN=partner,O=Example", "", "CN=partner\\,O=Example ()")]
    [InlineData("CN= partner ", "subject=CN=\\ partner\\ ;name=p", "p ()")]
    [InlineData("CN= partner ", "subject=CN=partner", null)]
    [InlineData("CN=Žofie", "subject=CN=\\c5\\bdofie;name=p", "p ()")]
    [InlineData("CN=partner|1.2.3.4=x", "subject=CN=partner,1.2.3.4=x;name=p", "p ()")]
    [InlineData("", "", null)]
    [InlineData("dns=a.example.com", "dns=A.example.com;role=A", "A.example.com (A)")]
    [InlineData("dns=a.example.com", "dns=*.example.com", null)]
    [InlineData("dns=*.example.com", "dns=a.example.com", null)]
    [InlineData("dns=a.example.com", "email=a.example.com", null)]
    [InlineData("email=joe@example.com", "email=joe@example.com;name=joe", "joe ()")]
    [InlineData("email=joe@example.com", "email=JOE@example.com", null)]
    [InlineData("uri=spiffe://example.com/feed", "uri=spiffe://example.com/feed;name=feed;role=A", "feed (A)")]
    [InlineData("CN=joe@example.com", "email=joe@example.com", null)]
    [InlineData("CN=partner", "subject=CN=other|subject=CN=partner;name=p", "p ()")]
    public async Task A_certificate_is_somebodys_or_nobodys(string certificate, string rules, string? expected)
    {
        LoginResult result = await TryAsync(Make(rules, TimeProvider.System), Issue(certificate.Split('|')));

        Assert.Equal(expected, result.IsSuccess ? $"{result.Name} ({string.Join(' ', result.Roles.Order())})" : null);
    }

    [Theory]
    [InlineData("keyStoreURL", "file:///x", "The login module keystore has no option <keyStoreURL>")]
    public void Options_of_javas_module_are_refused_with_what_to_write_instead(string option, string value, string problem)
    {
        ConfigurationException thrown = Assert.Throws<ConfigurationException>(() => Make([new PropertyElement(option, value, [])], TimeProvider.System));

        Assert.Contains(problem, thrown.Errors[0].Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name=joe", "does not say whose it is")]
    [InlineData("subject=CN=joe;dns=joe", "does not say whose it is")]
    [InlineData("subject=CN=joe;name=a;name=b", "does not say whose it is")]
    [InlineData("subject=CN=joe;other=b", "does not say whose it is")]
    [InlineData("subject=", "does not say whose it is")]
    [InlineData("subject=joe", "\"joe\" has no =")]
    [InlineData("subject=CN=joe,", "\"\" has no =")]
    [InlineData("subject=XX=joe", "\"XX\" is not known here")]
    [InlineData("subject=CN=joe+O=x", "parts of several attributes")]
    [InlineData("subject=CN=\"joe\"", "\" is written \\\"")]
    [InlineData("subject=CN=joe\\", "a backslash")]
    public void What_says_nobodys_name_keeps_the_gateway_from_starting(string rule, string problem) =>
        Assert.Contains(problem, Assert.Throws<ConfigurationException>(() => Make(rule, TimeProvider.System)).Errors[0].Problem, StringComparison.Ordinal);

    [Fact]
    public async Task A_subject_is_written_as_openssl_prints_it()
    {
        using var directory = new ScratchDirectory();
        string file = Path.Combine(directory.Path, "partner.pem");
        await RunAsync("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-keyout", Path.Combine(directory.Path, "key.pem"), "-out", file, "-subj", "/C=US/ST=Any/O=Smith, Jim/UID=p/DC=x/CN=partner 1");
        string subject = (await RunAsync("x509", "-noout", "-subject", "-nameopt", "RFC2253", "-in", file)).Trim()["subject=".Length..];

        LoginResult result = await TryAsync(Make([new PropertyElement("certificate", "", [new PropertyElement("subject", subject, [])])], TimeProvider.System), X509CertificateLoader.LoadCertificateFromFile(file));

        Assert.Equal((true, subject), (result.IsSuccess, result.Name));
    }

    [Fact]
    public async Task A_certificate_that_has_expired_since_the_handshake_is_nobodys()
    {
        Assert.False((await TryAsync(Make("", new Later()), Issue(["CN=partner"]))).IsSuccess);
    }

    [Fact]
    public async Task A_subject_with_parts_of_several_attributes_can_not_be_told_and_is_nobodys()
    {
        // SET { CN=a, O=b } as one part.
        byte[] name = Convert.FromHexString("30163114300806035504031301613008060355040A130162");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Certificate2 certificate = new CertificateRequest(new X500DistinguishedName(name), key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));

        Assert.False((await TryAsync(Make("", TimeProvider.System), certificate)).IsSuccess);
    }

    /// <summary>Makes a module of rules: bars between them, semicolons between what each holds.</summary>
    private static ILoginModule Make(string rules, TimeProvider time) =>
        Make([.. rules.Split('|', StringSplitOptions.RemoveEmptyEntries).Select(rule => new PropertyElement("certificate", "", [.. rule.Split(';').Select(part => part.Split('=', 2)).Select(pair => new PropertyElement(pair[0], pair[1], []))]))], time);

    private static ILoginModule Make(ImmutableArray<PropertyElement> options, TimeProvider time)
    {
        using var factory = new LoginModuleFactory(new SecurityConfiguration(), null, time, NullLogger.Instance);
        return factory.Make(
            new LoginModuleConfiguration { Type = "keystore", Success = LoginModuleSuccess.Required, Options = options },
            new RealmConfiguration { Name = "demo", Position = new SourcePosition("/test.xml", 1, 1) });
    }

    private static async Task<string> RunAsync(params string[] arguments)
    {
        using Process openssl = Process.Start(new ProcessStartInfo("openssl", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = openssl.StandardError.ReadToEndAsync();
        string output = await openssl.StandardOutput.ReadToEndAsync();
        await openssl.WaitForExitAsync();
        Assert.True(openssl.ExitCode == 0, await errors);
        return output;
    }

    private static async Task<LoginResult> TryAsync(ILoginModule module, X509Certificate2 certificate)
    {
        using (certificate)
        {
            Assert.True(Credentials.TryRead(new Shown { Certificate = certificate }, new CredentialPlaces([], [], []), out Credentials? credentials, out _));
            return await module.LoginAsync(new LoginAttempt(credentials, null), CancellationToken.None);
        }
    }

    private static X509Certificate2 Issue(string[] parts)
    {
        var subject = new X500DistinguishedNameBuilder();
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string[] pair in parts.Where(part => part.Length > 0).Select(part => part.Split('=', 2)))
        {
            switch (pair[0])
            {
                case "dns":
                    alternatives.AddDnsName(pair[1]);
                    break;
                case "email":
                    alternatives.AddEmailAddress(pair[1]);
                    break;
                case "uri":
                    alternatives.AddUri(new Uri(pair[1]));
                    break;
                default:
                    subject.Add(pair[0] switch { "CN" => "2.5.4.3", "O" => "2.5.4.10", "C" => "2.5.4.6", var oid => oid }, pair[1]);
                    break;
            }
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(alternatives.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    /// <summary>A clock of the week after next.</summary>
    private sealed class Later : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddDays(14);
    }
}
