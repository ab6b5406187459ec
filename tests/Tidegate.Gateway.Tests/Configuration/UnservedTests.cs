using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class UnservedTests
{
    private const string Second = "<service><name>second</name><accept>ws://localhost:8000/second</accept><type>echo</type></service>";

    private static readonly string s_first = Echo("\n<accept-options><tcp.maximum.outbound.rate>1kB/s</tcp.maximum.outbound.rate></accept-options>");

    [Fact]
    public void What_is_documented_and_not_served_is_read_and_noted_with_its_place() =>
        Assert.Equal(
            [new UnservedPart("e", new(new("test.xml", 3, 17), "Tidegate does not serve <tcp.maximum.outbound.rate> yet.", "Remove it if the service may run without it."))],
            Read(s_first).Unserved.AsEnumerable());

    [Theory]
    [InlineData("udp://h:1")]
    [InlineData("wse://h:1/x")]
    [InlineData("wsx+ssl://h/x")]
    public void An_accept_of_a_documented_scheme_that_is_not_served_is_read_and_noted(string accept) =>
        Assert.Equal(
            $"Tidegate does not serve {new Uri(accept).Scheme} (\"{accept}\") yet.",
            Assert.Single(Read($"<service><name>e</name><accept>{accept}</accept><type>echo</type></service>").Unserved).Finding.Problem);

    [Theory]
    [InlineData("notify", "<notify>apns://h</notify>")]
    [InlineData("notify-options", "<notify-options><apns.feedback.transport>ssl://h:2196</apns.feedback.transport><ssl.ciphers>HIGH</ssl.ciphers></notify-options>")]
    [InlineData("notify-options", "<notify-options/>")]
    [InlineData("ws-extension", "<ws-extension>x-acme-compress</ws-extension>")]
    [InlineData("ws-extension", "<ws-extension><name>x-acme-compress</name></ws-extension><ws-extension/>")]
    [InlineData("udp.padding.alignment", "<accept-options><udp.padding.alignment>4</udp.padding.alignment></accept-options>")]
    [InlineData("socks.mode", "<accept-options><socks.mode>reverse</socks.mode></accept-options>")]
    [InlineData("socks.retry.maximum.interval", "<accept-options><socks.retry.maximum.interval>1 second</socks.retry.maximum.interval></accept-options>")]
    [InlineData("socks.transport", "<accept-options><socks.transport>wsn+ssl://h:1080/shield</socks.transport></accept-options>")]
    [InlineData("socks.tls.ciphers", "<accept-options><socks.tls.ciphers>NULL</socks.tls.ciphers></accept-options>")]
    [InlineData("socks.ssl.protocols", "<accept-options><socks.ssl.protocols>TLSv1.2</socks.ssl.protocols></accept-options>")]
    [InlineData("socks.ssl.verify-client", "<accept-options><socks.ssl.verify-client>required</socks.ssl.verify-client></accept-options>")]
    [InlineData("socks.bind", "<accept-options><socks.bind>1080</socks.bind></accept-options>")]
    [InlineData("wsn.bind", "<accept-options><wsn.bind>8001</wsn.bind></accept-options>")]
    public void What_no_schema_had_and_the_documents_did_is_read_and_start_refuses_it_by_name(string element, string content)
    {
        GatewayConfiguration configuration = Read(Echo(content) + Second);

        Assert.Empty(configuration.Warnings);
        Assert.All(configuration.Unserved, part => Assert.Equal(("e", $"Tidegate does not serve <{element}> yet."), (part.Service, part.Finding.Problem)));
        Assert.NotEmpty(Assert.Throws<ConfigurationException>(() => configuration.Servable(lenient: false)).Errors);
        Assert.Equal(["second"], configuration.Servable(lenient: true).Services.Select(s => s.Name));
    }

    [Fact]
    public void Connects_have_theirs_too() =>
        Assert.Equal(
            ["socks.timeout", "ssl.verify-client", "socks.mode", "udp.padding.alignment"],
            Read(
                "<service><name>p</name><accept>tcp://h:1</accept><connect>tcp://h:2</connect><type>proxy</type><connect-options>"
                + "<socks.timeout>10 sec</socks.timeout><ssl.verify-client>required</ssl.verify-client><socks.mode>forward</socks.mode>"
                + "<udp.padding.alignment>8</udp.padding.alignment></connect-options></service>")
                .Unserved.Select(part => part.Finding.Problem.Split('<', '>')[1]));

    [Fact]
    public void It_keeps_the_gateway_from_starting()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => Read(s_first + Second).Servable(lenient: false));

        Assert.Equal("Tidegate does not serve <tcp.maximum.outbound.rate> yet.", Assert.Single(e.Errors).Problem);
    }

    [Fact]
    public async Task It_does_so_whoever_starts_it()
    {
        using var scratch = new ScratchDirectory();

        await Assert.ThrowsAsync<ConfigurationException>(() => GatewayServer.StartAsync(
            Read(s_first), new GatewayServerOptions { WebDirectory = scratch.Path }, NullLoggerFactory.Instance, CancellationToken.None));
    }

    [Fact]
    public void Lenience_leaves_that_service_alone_out_and_says_so()
    {
        GatewayConfiguration servable = Read(s_first + Second).Servable(lenient: true);

        Assert.Equal(["second"], servable.Services.Select(s => s.Name));
        Assert.Equal("The service 'e' is left out.", Assert.Single(servable.Warnings).Cure);
        Assert.Empty(servable.Unserved);
    }

    [Fact]
    public void What_the_defaults_ask_for_every_service_asks_for()
    {
        GatewayConfiguration configuration = Read(
            "<service-defaults><accept-options><tcp.maximum.outbound.rate>1</tcp.maximum.outbound.rate></accept-options></service-defaults>" + Echo("") + Second);

        Assert.Equal(["e", "second"], configuration.Unserved.Select(part => part.Service));
        Assert.Empty(configuration.Servable(lenient: true).Services);
    }

    [Fact]
    public void A_value_that_is_the_default_anyway_is_no_reason_to_refuse() =>
        Assert.Empty(Read(
            "<service><name>p</name><accept>tcp://h:1</accept><connect>tcp://h:2</connect><type>proxy</type><connect-options>"
            + "<ws.version>rfc6455</ws.version><http.maximum.redirects>0</http.maximum.redirects><ssl.verify-client>none</ssl.verify-client></connect-options></service>").Unserved);

    [Fact]
    public void What_asks_for_protection_says_that_it_is_never_started_open() =>
        Assert.StartsWith(
            "Tidegate never starts a service without the protection that its file asks for",
            Assert.Single(Read(
                "<security><realm><name>a</name></realm></security>" + Echo("<accept-options><tcp.realm>a</tcp.realm></accept-options><realm-name>a</realm-name>")).Unserved).Finding.Cure,
            StringComparison.Ordinal);

    [Fact]
    public void A_configuration_that_no_file_holds_is_not_started_open_either()
    {
        GatewayConfiguration configuration = Read(Echo("") + Second);
        GatewayConfiguration closed = configuration with { Services = [configuration.Services[0] with { RequiredRoles = ["*"] }, configuration.Services[1]] };

        Assert.Throws<ConfigurationException>(() => closed.Servable(lenient: false));
        Assert.Equal(["second"], closed.Servable(lenient: true).Services.Select(s => s.Name));
    }

    [Fact]
    public void What_is_not_served_is_named_in_the_order_of_the_file() =>
        Assert.Equal(
            [2, 3],
            Read("<cluster><name>c</name><connect>tcp://h:1</connect></cluster>\n" + Echo("<accept-options><udp.interface>eth0</udp.interface></accept-options>"))
                .Unserved.Select(part => part.Finding.Position.Line));
}
