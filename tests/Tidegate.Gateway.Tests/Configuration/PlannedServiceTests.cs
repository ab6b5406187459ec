using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class PlannedServiceTests
{
    private const string Realm = "<security><realm><name>demo</name></realm></security>";

    public static TheoryData<string, string> Types => new()
    {
        { "amqp.proxy", "<accept>ws://h/amqp</accept><connect>tcp://h:5672</connect><properties><virtual.host>/x</virtual.host></properties>" },
        { "turn.rest", "<accept>http://h/</accept><properties><key.alias>k</key.alias><credentials.generator>class:a.B</credentials.generator><url>turn:h</url></properties>" },
        { "update.check", "" },
        { "kerberos5.proxy", "<accept>tcp://h:88</accept><connect>tcp://i:88</connect>" },
        { "jms", "<accept>ws://h/jms</accept><properties><connection.factory.name>f</connection.factory.name><env.properties><a>b</a></env.properties></properties>" },
        { "stomp.jms-extension", "<accept>ws://h/x</accept><properties><any>thing</any></properties>" },
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_documented_type_is_read_and_start_refuses_it_by_name(string type, string content)
    {
        GatewayConfiguration configuration = Read($"<service><name>s</name><type>{type}</type>{content}</service>");

        Assert.Equal(type, Assert.Single(configuration.Services).Type);
        Assert.Contains($"Tidegate does not serve services of type {type} yet.", configuration.Unserved.Select(part => part.Finding.Problem));
        Assert.Throws<ConfigurationException>(() => configuration.Servable(lenient: false));
        Assert.Empty(configuration.Servable(lenient: true).Services);
    }

    [Fact]
    public void Properties_of_such_a_type_are_kept_as_written()
    {
        var options = (PlannedServiceOptions)ReadService(
            "<service><name>s</name><accept>ws://h/</accept><type>jms</type><properties><a>1</a><b><c>2</c><c>3</c></b></properties></service>").Options;

        Assert.Equal("a=1 b(c=2 c=3)", Show(options.Properties));
    }

    [Theory]
    [InlineData("http.redirect", "<accept>http://h/</accept>", "Missing required property: location")]
    [InlineData("http.redirect", "<accept>http://h/</accept><properties><location>x</location><status-code>200</status-code></properties>", "<status-code>: Wrong value for status-code:200. Valid values are integers between 300 and 399.")]
    [InlineData("http.proxy", "<accept>http://h/</accept>", "Missing required element: <connect>")]
    [InlineData("http.proxy", "<accept>http://h/</accept><connect>http://i/</connect><properties><use-forwarde>inject</use-forwarde></properties>", "Unknown element <use-forwarde> in the properties of an http.proxy service.")]
    [InlineData("balancer", "<accept>tcp://h:1</accept>", "This service does not accept tcp (\"tcp://h:1\").")]
    [InlineData("update.check", "<properties><a>b</a></properties>", "Unknown element <a> in the properties of an update.check service.")]
    public void What_is_wrong_with_one_is_an_error_all_the_same(string type, string content, string problem) =>
        Assert.Equal(problem, Assert.Single(
            Assert.Throws<ConfigurationException>(() => Read($"<service><name>s</name><type>{type}</type>{content}</service>")).Errors).Problem);

    [Fact]
    public void Management_jmx_loads_with_one_warning_and_is_left_out()
    {
        GatewayConfiguration configuration = Read(
            Realm + Echo("") + "<service><name>jmx</name>\n<type>management.jmx</type><realm-name>demo</realm-name>"
            + "<authorization-constraint><require-role>ADMINISTRATOR</require-role></authorization-constraint></service>");

        GatewayConfiguration servable = configuration.Servable(lenient: false);
        Assert.Equal(["e"], servable.Services.Select(s => s.Name));
        Assert.Equal(
            "test.xml:3:7: There is no Java in Tidegate for management.jmx to show. The service is left out.", Assert.Single(servable.Warnings).ToString());
    }

    [Theory]
    [InlineData("<realm-name>demo</realm-name>", "The realm \"demo\" does not say how clients are asked.")]
    [InlineData("<accept-options><http.realm>demo</http.realm></accept-options>", "The realm \"demo\" does not say how clients are asked.")]
    [InlineData("<notify>apns://h</notify>", "Tidegate does not serve <notify> yet.")]
    public void What_a_service_asks_for_besides_its_type_is_never_ignored(string content, string problem)
    {
        GatewayConfiguration configuration = Read(
            Realm + Echo(content) + "<service><name>open</name><accept>ws://localhost:8000/open</accept><type>echo</type></service>");

        Assert.Contains(problem, configuration.AllUnserved.Select(part => part.Finding.Problem));
        Assert.Equal(["open"], configuration.Servable(lenient: true).Services.Select(s => s.Name));
    }

    [Fact]
    public void A_cluster_is_read()
    {
        GatewayConfiguration configuration = Read(
            "<cluster><name>c</name><accept>tcp://@eth0:5942</accept><accept>tcp://[::1]:5942</accept><connect>tcp://[::1]:5942</connect><connect>udp://224.2.2.3:54327</connect></cluster>" + Echo(""));

        Assert.Equal(["tcp://@eth0:5942", "tcp://[::1]:5942"], configuration.Cluster!.Accepts.Select(a => a.ToString()));
        Assert.Equal([new ClusterAddress("tcp", "[::1]", 5942, ""), new ClusterAddress("udp", "224.2.2.3", 54327, "")], configuration.Cluster.Connects.AsEnumerable());
        Assert.Same(configuration, configuration.Servable(lenient: false));
    }

    [Theory]
    [InlineData("<connect>tcp://h:5942</connect>", "a <cluster> without <accept>")]
    [InlineData(
        "<accept>tcp://h:5942</accept><connect>aws://security-group:5942/g</connect><connect-options><aws.access-key-id>i</aws.access-key-id><aws.secret-key>s</aws.secret-key></connect-options>",
        "discovery by aws://")]
    [InlineData("<accept>tcp://h:5942</accept><connect>aws://h:1</connect><connect>tcp://i:5942</connect>", "discovery by aws://")]
    public void What_a_cluster_can_not_do_is_refused_by_name_and_with_lenience_the_gateway_is_alone(string content, string what)
    {
        GatewayConfiguration configuration = Read($"<cluster><name>c</name>{content}</cluster>" + Echo(""));

        Assert.Equal(
            $"Tidegate does not serve {what} yet.",
            Assert.Single(Assert.Throws<ConfigurationException>(() => configuration.Servable(lenient: false)).Errors).Problem);
        GatewayConfiguration servable = configuration.Servable(lenient: true);
        Assert.Null(servable.Cluster);
        Assert.Single(servable.Services);
        Assert.Equal("The gateway starts on its own, without <cluster>.", Assert.Single(servable.Warnings).Cure);
    }

    [Fact]
    public void A_realm_is_read_with_its_login_modules()
    {
        RealmConfiguration realm = Assert.Single(Read(
            """
            <security><realm><name>demo</name><description>The demo</description><user-principal-class>a.B</user-principal-class>
            <user-principal-class>c.D</user-principal-class><authentication><http-challenge-scheme>application basic</http-challenge-scheme>
            <http-header>X-Auth</http-header><http-query-parameter>auth</http-query-parameter><http-cookie>a</http-cookie><http-cookie>b</http-cookie>
            <authorization-mode>validate</authorization-mode><session-timeout>30 minutes</session-timeout><login-modules><login-module>
            <type>file</type><success>requisite</success><options><file>jaas-config.xml</file></options></login-module><login-module>
            <type>class:com.example.Module</type><success>optional</success></login-module></login-modules></authentication></realm></security>
            """ + Echo("")).Security.Realms);

        Assert.Equal("The demo", realm.Description);
        Assert.Equal(["a.B", "c.D"], realm.UserPrincipalClasses.AsEnumerable());
        AuthenticationConfiguration authentication = realm.Authentication!;
        Assert.Equal("Application Basic", authentication.ChallengeScheme);
        Assert.Equal(["X-Auth"], authentication.HttpHeaders.AsEnumerable());
        Assert.Equal(["auth"], authentication.HttpQueryParameters.AsEnumerable());
        Assert.Equal(["a", "b"], authentication.HttpCookies.AsEnumerable());
        Assert.Equal("validate", authentication.AuthorizationMode);
        Assert.Equal(TimeSpan.FromMinutes(30), authentication.SessionTimeout);
        Assert.Equal(["file Requisite file=jaas-config.xml", "class:com.example.Module Optional "],
            authentication.LoginModules.Select(m => $"{m.Type} {m.Success} {Show(m.Options)}"));
    }

    [Fact]
    public void The_deprecated_challenge_scheme_earns_the_old_warning() =>
        Assert.Equal(
            "Setting http-challenge-scheme to \"Application Negotiate\" is deprecated.",
            Assert.Single(Read("<security><realm><name>a</name><authentication><http-challenge-scheme>Application Negotiate</http-challenge-scheme>"
                + "</authentication></realm></security>" + Echo("")).Warnings).Problem[("<http-challenge-scheme>: ".Length)..]);

    private static string Show(ImmutableArray<PropertyElement> elements) =>
        string.Join(' ', elements.Select(e => e.Children.IsEmpty ? $"{e.Name}={e.Text}" : $"{e.Name}({Show(e.Children)})"));
}
