using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class ParameterTests
{
    private const string Properties =
        "<properties><property><name>a</name><value>from file</value></property>"
        + "<property><name>raw</name><value>${a}</value></property></properties>";

    private static string? Describe(string text, ParameterSources? parameters = null) =>
        Assert.Single(Read(Properties + Echo($"<description>{text}</description>"), parameters).Services).Description;

    [Fact]
    public void The_command_line_wins_over_the_environment_and_that_over_the_file()
    {
        ParameterSources environment = Nothing with { Environment = name => name == "a" ? "from environment" : null };
        ParameterSources both = environment with { Definitions = new Dictionary<string, string> { ["a"] = "from command line" } };

        Assert.Equal("from file", Describe("${a}"));
        Assert.Equal("from environment", Describe("${a}", environment));
        Assert.Equal("from command line", Describe("${a}", both));
    }

    [Fact]
    public void An_empty_value_counts_as_none()
    {
        ParameterSources empty = Nothing with { Definitions = new Dictionary<string, string> { ["a"] = "" }, Environment = _ => "" };

        Assert.Equal("from file", Describe("${a}", empty));
    }

    [Theory]
    [InlineData("${hostname}", "here.example")]
    [InlineData("${missing:a default}", "a default")]
    [InlineData("${a:a default}", "from file")]
    [InlineData("${raw}", "${a}")]
    [InlineData("$${a}", "${a}")]
    [InlineData("$$${a}", "$${a}")]
    [InlineData("${a} and ${a}", "from file and from file")]
    [InlineData("$a ${ {a", "$a ${ {a")]
    public void A_parameter_is_replaced_once(string text, string expected) =>
        Assert.Equal(expected, Describe(text));

    [Fact]
    public void A_parameter_without_a_value_is_an_error_at_its_place() =>
        Assert.StartsWith(
            "test.xml:3:10: Could not determine non-null value for parameter definition ${nothing}. Define it: -Dnothing=…",
            Assert.Single(ErrorsIn("<service><name>e</name><type>echo</type>\n <accept>ws://${nothing}/</accept></service>")),
            StringComparison.Ordinal);

    [Fact]
    public void Of_two_properties_with_one_name_the_last_wins() =>
        Assert.Equal("2", Assert.Single(Read(
            "<properties><property><name>x</name><value>1</value></property><property><name>x</name><value>2</value></property></properties>"
            + Echo("<description>${x}</description>")).Services).Description);

    [Fact]
    public void The_property_that_was_dropped_long_ago_still_says_so() =>
        Assert.Contains(
            "System property org.kaazing.gateway.transport.ws.INACTIVITY_TIMEOUT is no longer supported, please use accept-option "
            + "ws.inactivity.timeout instead in the gateway configuration file.",
            Assert.Single(ErrorsIn(
                Echo(""), Nothing with { Definitions = new Dictionary<string, string> { ["org.kaazing.gateway.transport.ws.INACTIVITY_TIMEOUT"] = "5" } })),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("wsn", "", WebSocketOffer.Native)]
    [InlineData("wseb", "", WebSocketOffer.Emulated)]
    [InlineData(" wseb , wsn ", "", WebSocketOffer.All)]
    // What a service says of itself goes before what is said for all.
    [InlineData("wsn", "<accept-options><ws.transports>emulated</ws.transports></accept-options>", WebSocketOffer.Emulated)]
    public void The_property_that_limited_the_ways_to_a_websocket_still_does(string value, string options, WebSocketOffer offer) =>
        Assert.Equal(offer, Assert.Single(Read(Echo(options), Given(EnabledTransports, value)).Services).AcceptOptions.Offer);

    [Theory]
    [InlineData("wsn,wsx", "Invalid value 'wsx' for property '" + EnabledTransports + "'.")]
    [InlineData(" , ", "No values provided for property '" + EnabledTransports + "'.")]
    public void A_wrong_value_of_it_is_an_error_in_the_old_words(string value, string error) =>
        Assert.Contains(error, Assert.Single(ErrorsIn(Echo(""), Given(EnabledTransports, value))), StringComparison.Ordinal);

    [Theory]
    [InlineData("com.kaazing.gateway.server.transport.httpxe.SPECIFICATION", "System property {0} is one of the old gateway's and does nothing.")]
    [InlineData("NioWorkerPool.DEBUG", "System property {0} is one of the old gateway's and does nothing.")]
    [InlineData("gateway.hostname", "-D{0} does nothing: there is no ${{{0}}} in the file.")]
    [InlineData("used", null)]
    [InlineData("has.default", null)]
    [InlineData("org.kaazing.gateway.transport.wse.IDLE_TIMEOUT", null)]
    public void What_is_given_and_does_nothing_is_a_warning(string name, string? warning) =>
        Assert.Equal(
            warning is null ? [] : [string.Format(System.Globalization.CultureInfo.InvariantCulture, warning, name)],
            Read(Echo("<description>${used:} ${has.default:x}</description>"), Given(name, "5")).Warnings.Select(found => found.Problem));

    [Fact]
    public void Options_of_Java_are_named_in_a_warning() =>
        Assert.Equal(
            "GATEWAY_OPTS holds options of Java, which do nothing: -Xmx512m -server",
            Assert.Single(Read(Echo(""), Nothing with { JavaOptions = ["-Xmx512m", "-server"] }).Warnings).Problem);

    [Theory]
    [InlineData("ws.CLOSE_TIMEOUT", "ws.close.timeout", "2 seconds")]
    [InlineData("wse.IDLE_TIMEOUT", "wse.idle.timeout", "2 seconds")]
    public void Times_that_were_properties_hold_for_services_that_say_nothing_else(string property, string option, string own)
    {
        GatewayConfiguration read = Read(
            Echo("") + Echo($"<accept-options><{option}>{own}</{option}></accept-options>").Replace("<name>", "<name>other-", StringComparison.Ordinal).Replace("ws://", "ws://other.", StringComparison.Ordinal),
            Given("org.kaazing.gateway.transport." + property, "7"));
        Assert.Equal(
            [7.0, 2.0],
            read.Services.Select(service => (option == "ws.close.timeout" ? service.AcceptOptions.CloseTimeout : service.AcceptOptions.Emulation.IdleTimeout!.Value).TotalSeconds));
        Assert.Equal(TimeSpan.FromSeconds(5), Assert.Single(Read(Echo("")).Services).AcceptOptions.CloseTimeout);
    }

    [Fact]
    public void The_close_timeout_may_have_a_unit_as_it_always_had() =>
        Assert.Equal(TimeSpan.FromSeconds(5), Assert.Single(Read(Echo(""), Given("org.kaazing.gateway.transport.ws.CLOSE_TIMEOUT", "5sec")).Services).AcceptOptions.CloseTimeout);

    [Theory]
    [InlineData("TRUE", true)]
    [InlineData("yes", false)]
    public void The_specification_mode_can_be_given_so_too(string value, bool strict) =>
        Assert.Equal(strict, Assert.Single(Read(Echo(""), Given("com.kaazing.gateway.server.transport.wse.SPECIFICATION", value)).Services).AcceptOptions.Emulation.Specification);

    [Theory]
    [InlineData("org.kaazing.gateway.transport.ws.CLOSE_TIMEOUT", "0", "ws.close.timeout")]
    [InlineData("org.kaazing.gateway.transport.ws.CLOSE_TIMEOUT", "soon", "ws.close.timeout")]
    [InlineData("org.kaazing.gateway.transport.wse.IDLE_TIMEOUT", "0", "wse.idle.timeout")]
    [InlineData("org.kaazing.gateway.transport.wse.IDLE_TIMEOUT", "60 seconds", "wse.idle.timeout")]
    public void A_wrong_time_is_an_error_that_names_the_option(string name, string value, string option)
    {
        string error = Assert.Single(ErrorsIn(Echo(""), Given(name, value)));
        Assert.Contains($"System property {name}: ", error, StringComparison.Ordinal);
        Assert.Contains($"{option} in accept-options.", error, StringComparison.Ordinal);
    }

    private const string EnabledTransports = "org.kaazing.gateway.server.transport.ws.ENABLED_TRANSPORTS";

    private static ParameterSources Given(string name, string value) => Nothing with { Definitions = new Dictionary<string, string> { [name] = value } };
}
