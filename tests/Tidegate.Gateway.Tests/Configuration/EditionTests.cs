using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Directory;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class EditionTests
{
    private const string June2016 = "http://xmlns.kaazing.org/2016/06/gateway";
    private const string November2015 = "http://xmlns.kaazing.org/2015/11/gateway";
    private const string September2014 = "http://xmlns.kaazing.org/2014/09/gateway";

    private const string Files =
        "<service><name>d</name><accept>http://h/</accept><type>directory</type><properties><directory>/</directory></properties></service>";

    private const string Realm = "<security><realm><name>demo</name></realm></security>";

    private const string Balancer = "<service><name>b</name>\n<accept>ws://b:80/x</accept><type>balancer</type></service>";

    [Theory]
    [InlineData(June2016)]
    [InlineData(November2015)]
    [InlineData(September2014)]
    [InlineData("http://xmlns.kaazing.com/2014/09/gateway")]
    [InlineData("http://xmlns.kaazing.com/2012/09/gateway")]
    [InlineData("http://xmlns.kaazing.com/2012/08/gateway")]
    [InlineData("http://xmlns.kaazing.com/2012/03/gateway")]
    [InlineData("http://xmlns.kaazing.com/gateway-config/excalibur")]
    [InlineData("http://xmlns.kaazing.com/gateway-config/dragonfire")]
    [InlineData("HTTP://XMLNS.KAAZING.ORG/2015/11/Gateway")]
    public void Every_namespace_that_was_ever_documented_loads(string ns) =>
        Assert.Equal("e", Assert.Single(In(ns, Echo("")).Services).Name);

    [Theory]
    [InlineData("management.snmp", "snmp management type is no longer supported.")]
    [InlineData("session", "session service type is no longer supported.")]
    public void Types_that_were_dropped_say_so_in_old_files_too(string type, string problem) =>
        Assert.Equal(problem, Assert.Single(ErrorsOf(September2014, $"<service><name>s</name><type>{type}</type></service>")).Problem);

    [Fact]
    public void Up_to_2014_browsers_keep_no_files_of_a_directory()
    {
        Assert.Equal("**/* max-age=0", Assert.Single(LocationsOf(In(September2014, Files))));
        Assert.Empty(LocationsOf(In(November2015, Files)));
        Assert.Empty(LocationsOf(In(June2016, Files)));
    }

    [Fact]
    public void A_realm_name_alone_protects_from_2016_on()
    {
        ServiceConfiguration service = Assert.Single(In(June2016, Realm + Echo("<realm-name>demo</realm-name>")).Services);

        Assert.Equal("demo", service.RealmName);
        Assert.Equal(["*"], service.RequiredRoles.AsEnumerable());
    }

    [Theory]
    [InlineData(November2015)]
    [InlineData(September2014)]
    public void A_realm_name_alone_protected_nothing_before_and_earns_a_warning(string ns)
    {
        GatewayConfiguration configuration = In(ns, Realm + Echo("<realm-name>demo</realm-name>"));

        Assert.Null(Assert.Single(configuration.Services).RealmName);
        Assert.Empty(Assert.Single(configuration.Services).RequiredRoles);
        Assert.Empty(configuration.Unserved);
        Assert.Contains("protects nothing", Assert.Single(configuration.Warnings).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(June2016)]
    [InlineData(September2014)]
    public void A_constraint_protects_in_every_edition(string ns)
    {
        ServiceConfiguration service = Assert.Single(In(
            ns,
            Realm + Echo("<realm-name>demo</realm-name><auth-constraint><require-role>A</require-role></auth-constraint>"
                + "<authorization-constraint><require-role>B</require-role><require-valid-user/></authorization-constraint>")).Services);

        Assert.Equal("demo", service.RealmName);
        Assert.Equal(["A", "B"], service.RequiredRoles.AsEnumerable());
    }

    [Theory]
    [InlineData(November2015)]
    [InlineData(September2014)]
    public void Until_2015_a_balance_without_its_balancer_is_an_error(string ns) =>
        Assert.Equal(
            "test.xml:3:10: balance URI: ws://b:8000/echo does not point to a balancer service's accept URI in the configuration file, "
            + "unable to launch the Gateway. Add a service of type balancer that accepts it, or correct the URI.",
            Assert.Single(ErrorsOf(ns, Echo("\n<balance>ws://b:8000/echo</balance>"))).ToString());

    [Theory]
    [InlineData(November2015)]
    [InlineData(September2014)]
    public void Until_2015_a_balancer_without_a_balance_is_an_error(string ns) =>
        Assert.Equal(
            "test.xml:3:9: Detected orphaned balancer accept URI: ws://b:80/x, no balance URIs in the configuration file point to this balancer "
            + "service.  Unable to launch the Gateway. Add it as <balance> to the services that clients are sent to, or remove it.",
            Assert.Single(ErrorsOf(ns, Balancer)).ToString());

    [Fact]
    public void From_2016_on_either_may_be_in_another_gateway()
    {
        GatewayConfiguration configuration = In(June2016, Balancer + Echo("\n<balance>ws://c:8000/echo</balance>"));

        Assert.Equal(
            ["test.xml:3:9: Detected orphaned balancer accept URI: ws://b:80/x, no balance URIs in the configuration file point to this balancer service. That is right if those services run in other gateways.",
                "test.xml:4:10: balance URI: ws://c:8000/echo does not point to a balancer service's accept URI in the configuration file. That is right if the balancer runs in another gateway."],
            configuration.Warnings.Select(w => w.ToString()));
    }

    [Theory]
    [InlineData(June2016)]
    [InlineData(November2015)]
    public void A_balance_that_leads_to_a_balancer_is_right(string ns)
    {
        GatewayConfiguration configuration = In(
            ns,
            "<service><name>b</name><accept>ws://b:8000/echo</accept><type>balancer</type></service>" + Echo("<balance>ws://B:8000/echo</balance>"));

        Assert.Empty(configuration.Warnings);
        Assert.Equal("ws://b:8000/echo", Assert.Single(configuration.Services[1].Balances).Uri.ToString());
    }

    [Theory]
    [InlineData(November2015)]
    [InlineData(September2014)]
    [InlineData("http://xmlns.kaazing.com/2012/09/gateway")]
    public void Until_2015_an_accept_that_differs_from_its_balance_in_more_than_the_host_is_an_error(string ns) =>
        Assert.Equal(
            "test.xml:4:10: Accept URI: [ws://localhost:8000/echo] does not match balance URI: [ws://b:80/x] in all but hostname. "
            + "Unable to launch Gateway. Give both the same scheme, port and path.",
            Assert.Single(ErrorsOf(ns, Balancer + Echo("\n<balance>ws://b:80/x</balance>"))).ToString());

    [Fact]
    public void From_2016_on_it_is_worth_a_warning() =>
        Assert.Contains(
            "Accept URI: [ws://localhost:8000/echo] does not match balance URI: [ws://b:80/x] in all but hostname.",
            In(June2016, Balancer + Echo("<balance>ws://b:80/x</balance>")).Warnings.Select(w => w.Problem));

    private static GatewayConfiguration In(string ns, string content) => ConfigurationReader.Parse(Around(content, ns), "test.xml", Nothing);

    private static ImmutableArray<ConfigurationError> ErrorsOf(string ns, string content) =>
        Assert.Throws<ConfigurationException>(() => In(ns, content)).Errors;

    private static IEnumerable<string> LocationsOf(GatewayConfiguration configuration) =>
        ((DirectoryOptions)Assert.Single(configuration.Services).Options).Locations.Select(l => $"{string.Join(' ', l.Patterns)} {l.CacheControl}");
}
