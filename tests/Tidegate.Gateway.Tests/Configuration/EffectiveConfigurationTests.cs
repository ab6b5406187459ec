using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class EffectiveConfigurationTests
{
    [Fact]
    public void Defaults_parameters_and_service_defaults_are_filled_in()
    {
        string text = Write(
            "<service-defaults><accept-options><ws.compression>enabled</ws.compression></accept-options></service-defaults>"
            + Echo("<description>on ${hostname}, $${here}</description>"));

        Assert.Equal(
            """
            <gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
              <service>
                <name>e</name>
                <description>on here.example, $${here}</description>
                <accept>ws://localhost:8000/echo</accept>
                <type>echo</type>
                <properties>
                  <repeat>1</repeat>
                </properties>
                <accept-options>
                  <ws.maximum.message.size>128k</ws.maximum.message.size>
                  <ws.inactivity.timeout>0 seconds</ws.inactivity.timeout>
                  <http.keepalive.timeout>30 seconds</http.keepalive.timeout>
                  <ws.compression>enabled</ws.compression>
                  <ws.http2>enabled</ws.http2>
                  <ws.transports>all</ws.transports>
                  <http.http2>enabled</http.http2>
                  <ssl.protocols>TLSv1.2,TLSv1.3</ssl.protocols>
                  <ssl.encryption>enabled</ssl.encryption>
                  <ssl.verify-client>none</ssl.verify-client>
                  <http.maximum.redirects>0</http.maximum.redirects>
                  <http.server.header>disabled</http.server.header>
                </accept-options>
              </service>
            </gateway-config>

            """,
            text);
    }

    [Fact]
    public void Secrets_are_masked_and_places_of_secrets_are_not()
    {
        string text = Write(
            """
            <cluster><name>c</name><connect>aws://security-group:5942</connect><connect-options><aws.access-key-id>id</aws.access-key-id>
            <aws.secret-key>hush1</aws.secret-key></connect-options></cluster>
            <security><realm><name>r</name><authentication><login-modules><login-module><type>ldap</type><success>required</success><options>
            <bindPassword>hush2</bindPassword><keyStorePasswordURL>file:///pw</keyStorePasswordURL></options></login-module></login-modules>
            </authentication></realm></security><service><name>j</name><accept>ws://h/</accept><type>jms</type><properties><login>
            <client.secret>hush3</client.secret><passcode>hush4</passcode><userPwd>hush5</userPwd></login></properties></service>
            """);

        Assert.DoesNotContain("hush", text, StringComparison.Ordinal);
        Assert.Contains("<aws.secret-key>********</aws.secret-key>", text, StringComparison.Ordinal);
        Assert.Contains("<bindPassword>********</bindPassword>", text, StringComparison.Ordinal);
        Assert.Contains("<client.secret>********</client.secret>", text, StringComparison.Ordinal);
        Assert.Contains("<keyStorePasswordURL>file:///pw</keyStorePasswordURL>", text, StringComparison.Ordinal);
        Assert.Contains("<aws.access-key-id>id</aws.access-key-id>", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_sample_is_printed_so_that_it_reads_back_equal() =>
        Assert.All(Samples.All(), path =>
        {
            GatewayConfiguration read = ConfigurationReader.Read(path, Nothing);

            Assert.Equal(Model.Show(read), Model.Show(ConfigurationReader.Parse(ConfigurationWriter.Write(read, showSecrets: true), path, Nothing)));
        });

    [Fact]
    public void A_value_that_no_file_could_hold_is_shown_all_the_same()
    {
        GatewayConfiguration configuration = Read(
            Echo("<description>${odd}</description>"), Nothing with { Definitions = new Dictionary<string, string> { ["odd"] = "a\u0001b" } });

        Assert.Contains("a&#x1;b", ConfigurationWriter.Write(configuration, showSecrets: false), StringComparison.Ordinal);
    }

    private static string Write(string content) => ConfigurationWriter.Write(Read(content), showSecrets: false);
}
