using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Directory;
using Tidegate.Gateway.Services.Echo;
using Tidegate.Gateway.Services.Proxy;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class ConfigurationReaderTests
{
    [Fact]
    public void A_service_is_read_with_all_that_it_holds_and_where_it_stands()
    {
        ServiceConfiguration service = ReadService(
            """
              <service>
                <name> my
                  proxy </name>
                <description>to Redis</description>
                <accept>ws://localhost:8000/redis</accept>
                <accept>tcp://localhost:9000</accept>
                <connect>tcp://127.0.0.1:6379</connect>
                <connect>ws://backup.example/redis</connect>
                <type>proxy</type>
                <properties>
                  <maximum.pending.bytes>1k</maximum.pending.bytes>
                  <maximum.recovery.interval>5</maximum.recovery.interval>
                  <prepared.connection.count>3</prepared.connection.count>
                </properties>
              </service>
            """);

        Assert.Equal("my proxy", service.Name);
        Assert.Equal("to Redis", service.Description);
        Assert.Equal("proxy", service.Type);
        Assert.Equal(["ws://localhost:8000/redis", "tcp://localhost:9000"], service.Accepts.Select(a => a.Uri.ToString()));
        Assert.Equal(["tcp://127.0.0.1:6379", "ws://backup.example/redis"], service.Connects.Select(c => c.Uri.ToString()));
        Assert.Equal(new SourcePosition("test.xml", 2, 3), service.Position);
        Assert.Equal(new SourcePosition("test.xml", 6, 13), service.Accepts[0].Position);
        Assert.Equal(
            new ProxyOptions
            {
                MaximumPendingBytes = 1024,
                MaximumRecoveryInterval = TimeSpan.FromSeconds(5),
                PreparedConnectionCount = 3,
                ConnectStrategy = ConnectStrategy.Prepared,
            },
            service.Options);
    }

    [Fact]
    public void What_is_not_written_has_the_documented_default()
    {
        ServiceConfiguration service = ReadService(Echo(""));

        Assert.Equal(131072, service.AcceptOptions.MaximumMessageSize);
        Assert.Equal(TimeSpan.Zero, service.AcceptOptions.InactivityTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), service.AcceptOptions.KeepaliveTimeout);
        Assert.Empty(service.AcceptOptions.Subprotocols);
        Assert.False(service.AcceptOptions.Compression);
        Assert.Null(service.AcceptOptions.BindFor(UriScheme.Ws));
        Assert.Equal(new ConnectOptions(), service.ConnectOptions);
        Assert.Equal(new EchoOptions { Repeat = 1 }, service.Options);
        Assert.Null(service.Description);
        Assert.Empty(service.Connects);
    }

    [Fact]
    public void A_proxy_without_properties_has_the_documented_defaults()
    {
        ServiceConfiguration service = ReadService(
            "<service><name>p</name><accept>tcp://localhost:1</accept><connect>tcp://localhost:2</connect><type>proxy</type></service>");

        Assert.Equal(
            new ProxyOptions
            {
                MaximumPendingBytes = 64000,
                MaximumRecoveryInterval = TimeSpan.Zero,
                PreparedConnectionCount = 0,
                ConnectStrategy = ConnectStrategy.Immediate,
            },
            service.Options);
    }

    [Fact]
    public void A_proxy_may_have_its_connects_among_its_properties()
    {
        ServiceConfiguration service = ReadService(
            "<service><name>p</name><accept>tcp://localhost:1</accept><type>proxy</type>"
            + "<properties><connect>tcp://a:2</connect><connect>tcp://b:3</connect></properties></service>");

        Assert.Equal(["tcp://a:2", "tcp://b:3"], service.Connects.Select(c => c.Uri.ToString()));
    }

    [Fact]
    public void A_directory_is_relative_to_the_web_directory_even_with_a_slash_in_front()
    {
        var options = (DirectoryOptions)ReadService(
            "<service><name>d</name><accept>http://localhost/</accept><type>directory</type><properties><directory>/base</directory>"
            + "<welcome-file>index.html</welcome-file><error-pages-directory>/errors</error-pages-directory></properties></service>").Options;

        Assert.Equal("/srv/gateway/web/base", options.DirectoryIn("/srv/gateway/web"));
        Assert.Equal("/srv/gateway/errors", options.ErrorPagesDirectoryIn("/srv/gateway/web"));
        Assert.Equal("index.html", options.WelcomeFile);
        Assert.Equal("/x y", (options with { Directory = "file:///x%20y" }).DirectoryIn("/srv/gateway/web"));
    }

    [Fact]
    public void Options_are_read_with_their_units()
    {
        AcceptOptions options = ReadService(Echo(
            "<accept-options><ws.maximum.message.size>128kB</ws.maximum.message.size><ws.inactivity.timeout>1.5 minutes</ws.inactivity.timeout>"
            + "<http.keepalive.timeout>2 hours</http.keepalive.timeout><ws.subprotocols>v2.chat, v1.chat</ws.subprotocols>"
            + "<ws.compression>enabled</ws.compression><tcp.bind>8001</tcp.bind><ws.bind>[::1]:8002</ws.bind></accept-options>")).AcceptOptions;

        Assert.Equal(131072, options.MaximumMessageSize);
        Assert.Equal(TimeSpan.FromSeconds(90), options.InactivityTimeout);
        Assert.Equal(TimeSpan.FromHours(2), options.KeepaliveTimeout);
        Assert.Equal(["v2.chat", "v1.chat"], options.Subprotocols.AsEnumerable());
        Assert.True(options.Compression);
        Assert.Equal("[::1]:8002", options.BindFor(UriScheme.Ws)!.ToString());
        Assert.Equal("8001", options.BindFor(UriScheme.Http)!.ToString());
    }

    [Fact]
    public void Service_defaults_hold_where_a_service_is_silent_wherever_they_stand()
    {
        ServiceConfiguration service = ReadService(
            "<service><name>p</name><accept>ws://h/</accept><connect>tcp://h:1</connect><type>proxy</type>"
            + "<accept-options><ws.compression>disabled</ws.compression></accept-options></service>"
            + "<service-defaults><accept-options><ws.compression>enabled</ws.compression><ws.maximum.message.size>1M</ws.maximum.message.size>"
            + "</accept-options><connect-options><tcp.connect.timeout>500 ms</tcp.connect.timeout></connect-options></service-defaults>");

        Assert.False(service.AcceptOptions.Compression);
        Assert.Equal(1024 * 1024, service.AcceptOptions.MaximumMessageSize);
        Assert.Equal(TimeSpan.FromMilliseconds(500), service.ConnectOptions.ConnectTimeout);
    }

    [Fact]
    public void An_inactivity_timeout_alone_holds_for_http_connections_too()
    {
        ServiceConfiguration service = ReadService(
            Echo("<accept-options><ws.inactivity.timeout>90</ws.inactivity.timeout></accept-options>"));

        Assert.Equal(TimeSpan.FromSeconds(90), service.AcceptOptions.KeepaliveTimeout);
    }

    [Fact]
    public void A_keepalive_shorter_than_the_inactivity_timeout_earns_a_warning()
    {
        GatewayConfiguration configuration = Read(Echo(
            "<accept-options><ws.inactivity.timeout>90</ws.inactivity.timeout><http.keepalive.timeout>30</http.keepalive.timeout></accept-options>"));

        Assert.Contains(
            "http.keepalive.timeout=30 should be greater-than-or-equal-to ws.inactivity.timeout=90 in accept-options",
            Assert.Single(configuration.Warnings).Problem,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_services_is_read_with_a_warning() =>
        Assert.Single(Read("").Warnings);

    [Fact]
    public void Comments_entities_and_character_data_are_what_xml_says_they_are()
    {
        ServiceConfiguration service = ReadService(Echo("<description>a &amp; <!-- no -->b <![CDATA[<c>]]></description>"));

        Assert.Equal("a & b <c>", service.Description);
    }

    [Fact]
    public void The_default_configuration_of_the_repository_is_valid()
    {
        GatewayConfiguration configuration = ConfigurationReader.Read(Repository.File("conf", "gateway-config.xml"), Nothing);

        Assert.Equal(["welcome", "echo", "proxy"], configuration.Services.Select(s => s.Name));
        Assert.Empty(configuration.Warnings);
    }
}
