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
}
