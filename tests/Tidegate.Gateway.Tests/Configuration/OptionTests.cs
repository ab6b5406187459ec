using System.Security.Authentication;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class OptionTests
{
    [Theory]
    [InlineData("ssl")]
    [InlineData("tls")]
    public void Options_of_tls_are_read_in_both_spellings(string spelling)
    {
        AcceptOptions options = ReadService(Echo(
            $"""
            <accept-options><{spelling}.ciphers>HIGH, MEDIUM,!ADH</{spelling}.ciphers><{spelling}.protocols>TLSv1.2,TLSv1.3</{spelling}.protocols>
            <{spelling}.encryption>disabled</{spelling}.encryption><{spelling}.verify-client>required</{spelling}.verify-client>
            <{spelling}.bind>[::1]:8443</{spelling}.bind><{spelling}.transport>tcp://127.0.0.1:9443</{spelling}.transport></accept-options>
            """)).AcceptOptions;

        Assert.Equal(
            new TlsOptions
            {
                Ciphers = "HIGH,MEDIUM,!ADH",
                Protocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                Encryption = false,
                VerifyClient = ClientVerification.Required,
            },
            options.Tls);
        Assert.Equal("[::1]:8443", options.Binds["ssl"].ToString());
        Assert.Equal("tcp://127.0.0.1:9443", options.Transports["ssl"].ToString());
    }

    [Fact]
    public void Every_layer_has_its_bind_option()
    {
        string[] layers = ["tcp", "http", "https", "ws", "wss", "ssl", "udp"];
        AcceptOptions options = ReadService(Echo(
            $"<accept-options>{string.Concat(layers.Select((layer, i) => $"<{layer}.bind>{9000 + i}</{layer}.bind>"))}</accept-options>")).AcceptOptions;

        Assert.Equal(layers.Select((layer, i) => $"{layer} {9000 + i}").Order(), options.Binds.Select(b => $"{b.Key} {b.Value}").Order());
    }

    [Theory]
    [InlineData("ws://localhost:1/", "<wss.bind>1</wss.bind>", "wss.bind")]
    [InlineData("ws://localhost:1/", "<ws.bind>1</ws.bind><tcp.bind>2</tcp.bind>", "tcp.bind")]
    [InlineData("wss://localhost:1/", "<wss.bind>1</wss.bind><tls.bind>2</tls.bind>", "ssl.bind")]
    [InlineData("tcp://localhost:1", "<tcp.bind>1</tcp.bind><tcp.transport>pipe://p</tcp.transport>", "tcp.bind")]
    [InlineData("pipe://p", "<tcp.bind>1</tcp.bind>", "tcp.bind")]
    [InlineData("ws://localhost:1/", "<ssl.verify-client>optional</ssl.verify-client>", "ssl.verify-client")]
    [InlineData("wss://localhost:1/", "<ssl.encryption>disabled</ssl.encryption><ssl.verify-client>required</ssl.verify-client>", "ssl.verify-client")]
    [InlineData("wss://localhost:1/", "<tls.encryption>disabled</tls.encryption><tls.verify-client>optional</tls.verify-client>", "ssl.verify-client")]
    [InlineData("ws://localhost:1/", "<ws.bind>1</ws.bind>", null)]
    [InlineData("wss://localhost:1/", "<ssl.verify-client>required</ssl.verify-client><ssl.bind>1</ssl.bind>", null)]
    [InlineData("tcp://localhost:1", "<ssl.verify-client>required</ssl.verify-client><tcp.transport>ssl://localhost:2</tcp.transport>", null)]
    [InlineData("tcp://localhost:1", "<ssl.verify-client>required</ssl.verify-client><tcp.transport>wss://localhost:2/</tcp.transport>", null)]
    [InlineData("ws://localhost:1/", "<ssl.verify-client>none</ssl.verify-client>", null)]
    [InlineData("wse://localhost:1/", "<tcp.bind>1</tcp.bind>", null)]
    public void An_option_that_somebody_counts_on_and_that_does_nothing_is_a_warning(string accept, string options, string? idle)
    {
        GatewayConfiguration configuration = Read(
            $"<service><name>e</name><accept>{accept}</accept><type>echo</type><accept-options>{options}</accept-options></service>");

        Assert.Equal(
            idle is null ? [] : [$"<{idle}> does nothing here"],
            configuration.Warnings.Select(warning => warning.Problem.Split(':')[0]));
    }

    [Fact]
    public void An_option_of_the_defaults_need_not_do_anything_in_each_service() =>
        Assert.Empty(Read(
            "<service-defaults><accept-options><wss.bind>1</wss.bind><ssl.verify-client>required</ssl.verify-client></accept-options></service-defaults>"
            + Echo("")).Warnings);

    [Fact]
    public void Certificates_that_the_defaults_ask_for_are_asked_of_nobody_where_no_tls_is_spoken()
    {
        GatewayConfiguration configuration = Read(
            "<service-defaults><accept-options><ssl.verify-client>required</ssl.verify-client></accept-options></service-defaults>"
            + Echo("") + "<service><name>s</name><accept>wss://localhost:1/</accept><type>echo</type></service>");

        Assert.Equal([ClientVerification.None, ClientVerification.Required], configuration.Services.Select(service => service.AcceptOptions.Tls.VerifyClient));
        Assert.Empty(ConfigurationReader.Parse(ConfigurationWriter.Write(configuration, showSecrets: false), "printed.xml", Nothing).Warnings);
    }

    [Fact]
    public void Connect_options_are_read_with_their_units()
    {
        ConnectOptions options = ReadService(
            "<service><name>p</name><accept>tcp://h:1</accept><connect>tcp://h:2</connect><type>proxy</type><connect-options>"
            + "<tls.protocols>TLSv1.3</tls.protocols><tcp.bind>127.0.0.1:0</tcp.bind><http.keepalive>disabled</http.keepalive>"
            + "<http.keepalive.timeout>1 minute</http.keepalive.timeout><http.keepalive.connections>7</http.keepalive.connections>"
            + "<http.maximum.redirects>3</http.maximum.redirects><http.max.authentication.attempts>2</http.max.authentication.attempts>"
            + "<ws.version>draft-75</ws.version><udp.interface>eth0</udp.interface><http.transport>tcp://h:3</http.transport></connect-options></service>").ConnectOptions;

        Assert.Equal(SslProtocols.Tls13, options.Tls.Protocols);
        Assert.Equal("127.0.0.1:0", options.TcpBind?.ToString());
        Assert.False(options.Keepalive);
        Assert.Equal(TimeSpan.FromMinutes(1), options.KeepaliveTimeout);
        Assert.Equal(7, options.KeepaliveConnections);
        Assert.Equal(3, options.MaximumRedirects);
        Assert.Equal(2, options.MaximumAuthenticationAttempts);
        Assert.Equal(WebSocketVersion.Draft75, options.WebSocketVersion);
        Assert.Equal("eth0", options.UdpInterface);
        Assert.Equal("tcp://h:3", options.Transports["http"].ToString());
    }

    [Fact]
    public void Protocols_that_are_gone_are_left_out_with_a_warning()
    {
        GatewayConfiguration configuration = Read(Echo(
            "<accept-options><ssl.protocols>SSLv2Hello,SSLv3,TLSv1.2</ssl.protocols></accept-options>"));

        Assert.Equal(SslProtocols.Tls12, Assert.Single(configuration.Services).AcceptOptions.Tls.Protocols);
        Assert.Contains("SSLv2Hello is not spoken any more", Assert.Single(configuration.Warnings).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Tls_in_the_defaults_gives_way_to_ssl_in_a_service()
    {
        ServiceConfiguration service = ReadService(
            "<service-defaults><accept-options><tls.ciphers>LOW</tls.ciphers></accept-options></service-defaults>"
            + Echo("<accept-options><ssl.ciphers>HIGH</ssl.ciphers></accept-options>"));

        Assert.Equal("HIGH", service.AcceptOptions.Tls.Ciphers);
    }

    [Fact]
    public void Cross_site_constraints_are_read_with_the_port_added()
    {
        ServiceConfiguration service = ReadService(Echo(
            "<cross-site-constraint><allow-origin>https://www.Example.com</allow-origin></cross-site-constraint>"
            + "<cross-site-constraint><allow-origin>http://h:8000</allow-origin><allow-methods>put, GET</allow-methods>"
            + "<allow-headers>X-One,x-two</allow-headers><maximum-age>1 second</maximum-age></cross-site-constraint>"));

        Assert.Equal(["https://www.example.com:443", "http://h:8000"], service.CrossSiteConstraints.Select(c => c.AllowOrigin));
        Assert.Equal(["GET", "POST"], service.CrossSiteConstraints[0].AllowMethods.AsEnumerable());
        Assert.Null(service.CrossSiteConstraints[0].MaximumAge);
        Assert.Equal(["PUT", "GET"], service.CrossSiteConstraints[1].AllowMethods.AsEnumerable());
        Assert.Equal(["X-One", "x-two"], service.CrossSiteConstraints[1].AllowHeaders.AsEnumerable());
        Assert.Equal(TimeSpan.FromSeconds(1), service.CrossSiteConstraints[1].MaximumAge);
    }

    [Fact]
    public void Media_types_of_a_service_win_over_those_of_the_defaults()
    {
        ServiceConfiguration service = ReadService(
            "<service-defaults><mime-mapping><extension>.HTML</extension><mime-type>text/html</mime-type></mime-mapping>"
            + "<mime-mapping><extension>txt</extension><mime-type>text/plain</mime-type></mime-mapping></service-defaults>"
            + "<service><name>d</name><accept>http://h/</accept><type>directory</type><properties><directory>/</directory></properties>"
            + "<mime-mapping><extension>html</extension><mime-type>application/xhtml+xml</mime-type></mime-mapping></service>");

        Assert.Equal("application/xhtml+xml", service.MimeTypes["html"]);
        Assert.Equal("text/plain", service.MimeTypes["txt"]);
    }

    [Fact]
    public void Stores_are_relative_to_the_directory_of_the_file()
    {
        SecurityConfiguration security = ConfigurationReader.Parse(
            Around("<security><keystore><type>JCEKS</type><file>keystore.db</file><password-file>../pw</password-file></keystore>"
                + "<truststore><file>/etc/trust.pem</file></truststore></security>" + Echo("")),
            "/srv/gateway/conf/gateway-config.xml",
            Nothing).Security;

        Assert.Equal("JCEKS", security.Keystore?.Type);
        Assert.Equal("/srv/gateway/conf/keystore.db", security.Keystore?.File);
        Assert.Equal("/srv/gateway/pw", security.Keystore?.PasswordFile);
        Assert.Equal("/etc/trust.pem", security.Truststore?.File);
        Assert.Null(security.Truststore?.PasswordFile);
    }
}
