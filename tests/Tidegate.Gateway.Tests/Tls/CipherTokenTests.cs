using System.Security.Authentication;
using Tidegate.Engine.Tls;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tls;

namespace Tidegate.Gateway.Tests.Tls;

public sealed class CipherTokenTests
{
    private readonly List<string> _warnings = [];

    [Theory]
    // What the old gateway had without a word, with a token that means nothing any more.
    [InlineData("HIGH,MEDIUM,!ADH,!KRB5", "HIGH:!ADH:!aNULL:!eNULL")]
    [InlineData("DEFAULTS,!SHA1", "DEFAULT:!SHA1:!aNULL:!eNULL")]
    [InlineData("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256:!aNULL:!eNULL")]
    [InlineData("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,SSL_RSA_WITH_AES_128_CBC_SHA", "ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA:!aNULL:!eNULL")]
    [InlineData("ECDHE+AESGCM:-AES256", "ECDHE+AESGCM:-AES256:!aNULL:!eNULL")]
    public void Words_and_names_of_either_world_become_a_list_of_openssl(string configured, string list)
    {
        TlsParameters parameters = Apply(configured);
        string expected = TlsCiphers.Selects("MEDIUM") ? list.Replace("HIGH:!ADH", "HIGH:MEDIUM:!ADH", StringComparison.Ordinal) : list;
        Assert.Equal(expected, parameters.CipherList);
        Assert.Equal(SslProtocols.Tls12 | SslProtocols.Tls13, parameters.Protocols);
        Assert.Null(parameters.CipherSuites);
        TlsContext.ForClient(null, parameters).Dispose();
    }

    [Fact]
    public void Suites_of_tls_1_3_alone_leave_no_other_version()
    {
        TlsParameters parameters = Apply("TLS_AES_128_GCM_SHA256,TLS_CHACHA20_POLY1305_SHA256");
        Assert.Equal(SslProtocols.Tls13, parameters.Protocols);
        Assert.Equal("TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256", parameters.CipherSuites);
        Assert.Null(parameters.CipherList);
    }

    [Fact]
    public void Suites_of_both_kinds_are_told_apart()
    {
        TlsParameters parameters = Apply("TLS_AES_256_GCM_SHA384,HIGH");
        Assert.Equal("TLS_AES_256_GCM_SHA384", parameters.CipherSuites);
        Assert.Equal("HIGH:!aNULL:!eNULL", parameters.CipherList);
    }

    [Theory]
    [InlineData("HIGH,KRB5", "KRB5 selects no cipher")]
    [InlineData("HIGH,EXPORT40", "EXPORT40 selects no cipher")]
    [InlineData("HIGH,TLS_KRB5_WITH_RC4_128_SHA", "TLS_KRB5_WITH_RC4_128_SHA selects no cipher")]
    [InlineData("HIGH,ADH", "ADH selects ciphers that do not encrypt")]
    [InlineData("HIGH,SSL_RSA_WITH_NULL_SHA", "SSL_RSA_WITH_NULL_SHA selects ciphers that do not encrypt")]
    [InlineData("HIGH,NULL", "NULL selects ciphers that do not encrypt")]
    public void What_selects_nothing_or_protects_nothing_is_left_out_with_a_warning(string configured, string warning)
    {
        Assert.Equal("HIGH:!aNULL:!eNULL", Apply(configured).CipherList);
        Assert.Contains(warning, Assert.Single(_warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("KRB5", "No ciphersuites matching configured <ssl.ciphers> found")]
    [InlineData("!HIGH", "No ciphersuites matching configured <ssl.ciphers> found")]
    [InlineData("HIGH,DEFAULT", "DEFAULT must be the first cipher string specified")]
    public void What_can_not_be_meant_is_an_error_in_the_words_of_the_old_gateway(string configured, string words) =>
        Assert.Contains(words, Assert.Throws<TlsException>(() => Apply(configured)).Message, StringComparison.Ordinal);

    private TlsParameters Apply(string ciphers) => CipherTokens.Apply(new TlsOptions { Ciphers = ciphers }, _warnings.Add);
}
