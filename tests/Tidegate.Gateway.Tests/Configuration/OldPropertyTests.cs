using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>The properties that services had up to 2014/09 (docs/spec/compat.md 1.2).</summary>
public sealed class OldPropertyTests
{
    private const string All =
        "\n<service.domain>example.com</service.domain>\n<encryption.key.alias>session</encryption.key.alias>"
        + "\n<authentication.connect>ws://h/krb</authentication.connect>\n<authentication.identifier>one</authentication.identifier>";

    public static TheoryData<string> OldNamespaces =>
        [.. GatewayNamespaces.All.Where(ns => ns.Edition == GatewayEdition.September2014).Select(ns => ns.Uri)];

    [Theory]
    [MemberData(nameof(OldNamespaces))]
    public void In_files_of_their_time_each_earns_a_warning_that_says_what_it_was_and_what_to_do(string ns)
    {
        foreach (string service in (string[])
        [
            $"<type>echo</type><properties><repeat>2</repeat>{All}</properties>",
            $"<connect>tcp://h:1</connect><type>proxy</type><properties><maximum.pending.bytes>128kB</maximum.pending.bytes>{All}</properties>",
            $"<connect>tcp://h:1</connect><type>broadcast</type><properties>{All}</properties>",
        ])
        {
            GatewayConfiguration configuration = ConfigurationReader.Parse(
                Around($"<service><name>s</name><accept>ws://h/s</accept>{service}</service>", ns), "test.xml", Nothing);

            Assert.Equal(
                [
                    "test.xml:3:1: <service.domain> does nothing any more. It was the domain of cookies that clients deleted through the gateway. Remove it: no domain is needed any more.",
                    "test.xml:4:1: <encryption.key.alias> does nothing any more. It was the key in the keystore that the sessions of clients were encrypted with. Remove it: no such key is needed any more.",
                    "test.xml:5:1: <authentication.connect> does nothing any more. It was the URI where a challenge of the scheme Application Negotiate sent clients for their ticket. Remove it, and give clients the URI in their Kerberos challenge handler.",
                    "test.xml:6:1: <authentication.identifier> does nothing any more. It was the text that followed authentication.connect in a challenge of the scheme Application Negotiate. Remove it, and give clients the URI in their Kerberos challenge handler.",
                ],
                configuration.Warnings.Select(warning => warning.ToString()));
        }
    }

    [Theory]
    [InlineData("http://xmlns.kaazing.org/2015/11/gateway")]
    [InlineData("http://xmlns.kaazing.org/2016/06/gateway")]
    public void In_later_files_they_are_errors_that_say_the_same(string ns) =>
        Assert.Equal(
            "test.xml:2:94: Unknown element <service.domain> in the properties of an echo service. Among the properties of a service it was, "
            + "up to 2014/09, the domain of cookies that clients deleted through the gateway. Remove it: no domain is needed any more.",
            Assert.Single(Assert.Throws<ConfigurationException>(() => ConfigurationReader.Parse(
                Around(Echo("<properties><service.domain>a</service.domain></properties>"), ns), "test.xml", Nothing)).Errors).ToString());

    [Fact]
    public void A_type_whose_properties_are_kept_as_written_keeps_them()
    {
        GatewayConfiguration configuration = ConfigurationReader.Parse(
            Around(
                "<service><name>a</name><accept>ws://h/amqp</accept><connect>tcp://h:5672</connect><type>amqp.proxy</type>"
                + "<properties><service.domain>a</service.domain></properties></service>",
                "http://xmlns.kaazing.org/2014/09/gateway"),
            "test.xml",
            Nothing);

        Assert.Equal("service.domain", Assert.Single(((PlannedServiceOptions)Assert.Single(configuration.Services).Options).Properties).Name);
        Assert.Empty(configuration.Warnings);
    }
}
