using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>
/// The messages of the old gateway, under the condition that each one belongs to, word by word as docs/spec/compat.md has them: people
/// search for them. Those of clusters are in OldClusterMessageTests, those of keystores in CertificateStoreTests, those of interfaces and names in the tests of addresses.
/// </summary>
public sealed class OldMessageTests
{
    private const string November2015 = "http://xmlns.kaazing.org/2015/11/gateway";
    private const string Realm = "<security><realm><name>demo</name></realm></security>";

    /// <summary>Where it is documented, what is in the file, and the words.</summary>
    public static TheoryData<string, string, string> Table => new()
    {
        { "1.3", Service("", "management.snmp"), "snmp management type is no longer supported." },
        { "1.3", Service("", "session"), "session service type is no longer supported." },

        { "1.8", Accept("<ws.inactivity.timeout>soon</ws.inactivity.timeout>"), "Illegal timeIntervalValue value \"soon\"." },
        { "1.8", Accept("<ws.inactivity.timeout>soon</ws.inactivity.timeout>"), "Time intervals can be specified as numeric amounts of the following units: millisecond, second, minute, hour." },
        { "1.8", Accept("<ws.inactivity.timeout>soon</ws.inactivity.timeout>"), "For example, \"1800 second\" or \"30 minutes\" or \"0.5 hour\"." },
        { "1.8", Accept("<http.keepalive.timeout/>"), "Illegal timeInterval value, empty string not allowed." },
        { "1.8", Accept("<http.keepalive.timeout>-1 s</http.keepalive.timeout>"), "Expected a non-negative time interval, received \"-1 s\"" },
        { "1.8", Accept("<ws.maximum.message.size>128KBit</ws.maximum.message.size>"), "string value '128KBit' does not match pattern for DataSizeString in namespace " },
        { "1.8", Echo("<description>${nothing}</description>"), "Could not determine non-null value for parameter definition ${nothing}" },
        { "1.8", Echo("<accept>tcp://h</accept>"), "Missing port number in URI \"tcp://h\". You must include an explicit port number in this URI in your gateway configuration file." },
        { "1.8", Echo("<accept>tcp://h</accept>"), "Missing port for URI \"tcp://h\"" },
        { "1.8", Echo("<accept>pipe://p:1</accept>"), "Port number not allowed in URI \"pipe://p:1\". You must remove the port number from this URI in your gateway configuration file." },
        { "1.8", Echo("<accept>pipe://p:1</accept>"), "Port not allowed in URI \"pipe://p:1\"" },

        { "1.9", Accept("<tcp.maximum.outbound.rate>5kb</tcp.maximum.outbound.rate>"), "(permitted data rate units are B/s, kB/s, KiB/s, kB/s, MB/s, and MiB/s)" },
        { "1.9", Echo("<notify>apns://h</notify>"), "Could not start because of references to APNs in the configuration. APNs is not supported in this version of the gateway, but will be added in a future release." },
        { "1.9", Echo("<notify-options><apns.notify.transport>ssl://h:1</apns.notify.transport></notify-options>"), "Could not start because of references to APNs in the configuration. APNs is not supported in this version of the gateway, but will be added in a future release." },
        { "1.9", "<service><name/><accept>ws://h/</accept><type>echo</type></service>", "All services must have unique non-empty names" },
        { "1.9", Echo("") + Service("<accept>ws://h/x</accept>", "echo"), "Service name must be unique. More than one service named 'e'" },
        { "1.9", "<security/><security/>", "Multiple <security> elements found; only one allowed" },
        { "1.9", "<service-defaults/><service-defaults/>", "Multiple <service-defaults> elements found; only one allowed" },
        { "1.9", Cluster("<accept>tcp://h:1</accept>") + Cluster("<accept>tcp://h:1</accept>"), "Multiple <cluster> elements found; only one allowed" },
        { "1.9", Service("<accept>ws://h/</accept>", "nothing"), "Unrecognized service type: nothing" },
        { "1.9", Service("<accept>ws://h/</accept>", "class:a.B"), "Unknown gateway service class: a.B" },
        { "1.9", Echo("<realm-name>x</realm-name>"), "Unrecognized realm name \"x\"." },
        { "1.9", "<security><realm><name>a</name></realm><realm><name>a</name></realm></security>", "Found 2 duplicate <realm> elements in <security> element" },
        { "1.9", Module("x"), "Unrecognized login module type: x" },
        { "1.9", Module("class:a.B"), "Unable to find the login module class: a.B" },
        { "1.9", "<security><realm><name>demo</name><user-principal-class>a.B</user-principal-class></realm></security>" + Echo(""), "Class a.B could not be loaded. Please check the gateway configuration xml and confirm that user-principal-class value(s) are spelled correctly for realm demo." },
        { "1.9", Realm + Echo("<realm-name>demo</realm-name><authorization-constraint><require-role>*</require-role><require-role>A</require-role></authorization-constraint>"), "Conflicting security constraints specified for service \"ws://localhost:8000/echo\". Remove the wildcard to specify restricted roles" },
        { "1.9", Echo(Origin("*") + Origin("http://h:1")), "Conflicting cross site constraints specified for service \"ws://localhost:8000/echo\". Remove the wildcard to specify more restrictive cross site constraints" },
        { "1.9", Echo(Origin("http://h:1") + Origin("http://h:1")), "Duplicate cross-site-constraint for service ws://localhost:8000/echo with allow-origin http://h:1" },
        { "1.9", Echo(Origin("ftp://h")), "Cross-site allow-origin must have URI syntax with http or https scheme" },
        { "1.9", Echo(Origin("http://h/x?y")), "Cross-site allow-origin must have URI syntax without path, query or fragment" },
        { "1.9", Echo("<accept>ws://:80/</accept>"), "Host is required for service \"ws://:80/\"." },
        { "1.9", Accept("<http.transport>here</http.transport>"), "http.transport must contain an absolute URI, not \"here\"" },
        { "1.9", Connect("<http.keepalive.connections>0</http.keepalive.connections>"), "http.keepalive.connections = 0 must be > 0" },
        { "1.9", Accept("<wss.bind>here</wss.bind>"), "Failed to add bind for scheme wss to port here" },
        { "1.9", Accept("<xyz.bind>1</xyz.bind>"), "Cannot apply unknown bind option 'xyz'." },
        { "1.9", Realm + Echo("<realm-name>demo</realm-name><accept-options><http.realm>demo</http.realm></accept-options>"), "Specified both realm-name and http.realm" },
        { "1.9", Accept("<http.realm>x</http.realm>"), "Specified accept option http.realm x has no corrisponding realm" },
        { "1.9", Echo("<accept>xyz://h:1/</accept>"), "Missing scheme \"xyz\"" },
        { "1.9", Echo("<accept>rtmp://h:1/</accept>"), "Missing transport \"rtmp\"" },
        { "1.9", Echo("<accept>socks://h:1</accept>"), "Missing transport \"socks\"" },
        { "1.9", "<security><realm><name>a</name><authentication><http-challenge-scheme>Application Negotiate</http-challenge-scheme></authentication></realm></security>" + Echo(""), "Setting http-challenge-scheme to \"Application Negotiate\" is deprecated. Use \"Negotiate\"instead. See \"http-challenge-scheme\" in the documentation for more information." },

        { "1.6", Accept("<ws.inactivity.timeout>60</ws.inactivity.timeout><http.keepalive.timeout>30</http.keepalive.timeout>"), "http.keepalive.timeout=30 should be greater-than-or-equal-to ws.inactivity.timeout=60 in accept-options" },
        { "1.6", Connect("<ws.inactivity.timeout>60</ws.inactivity.timeout><http.keepalive.timeout>30</http.keepalive.timeout>"), "http.keepalive.timeout=30 should be greater-than-or-equal-to ws.inactivity.timeout=60 in connect-options" },
        { "1.6", Realm + Accept("<tcp.realm>x</tcp.realm>"), "tcp.realm needs to be the same as the configured realm" },

        { "2.3", Service("<accept>tcp://h:1</accept>", "proxy"), "Missing required element: <connect>" },
        { "2.3", Connect("", "<properties><connect.strategy>lazy</connect.strategy></properties>"), "Unexpected value for connect strategy: lazy" },
        { "2.7", Service("<accept>http://h/</accept>", "directory"), "Missing required property: directory" },

        { "3.1", Echo("<accept>tcp://h:1/x</accept>"), "Unexpected path \"/x\" in URI: tcp://h:1/x" },
        { "3.1", Echo("<accept>tcp://:1</accept>"), "Missing host in URI: tcp://:1" },
        { "3.1", Echo("<accept>tcp://h</accept>"), "Missing port in URI: tcp://h" },
        { "3.1", Echo("<accept>mcp://10.0.0.1:9</accept>"), "Expected multicast address in URI: mcp://10.0.0.1:9" },
        { "3.1", Echo("<accept>pipe://</accept>"), "URI pipe:// missing pipe name" },
        { "3.1", Echo("<accept>pipe://p/x</accept>"), "Use pipe://p instead of pipe://p/x because named pipe URIs shouldn't contain paths." },
        { "3.1", Accept("<tcp.bind>a:b:c</tcp.bind>"), "Bind address \"a:b:c\" should be in \"host/ipv4:port\", \"[ipv6]:port\", \"@network_interface:port\", \"[@network interface]:port\" or \"port\" format." },
    };

    /// <summary>The three of the troubleshooting page for high availability, and how they begin in 2016/06.</summary>
    public static TheoryData<string, string> Balances => new()
    {
        { Echo("<balance>ws://b:8000/echo</balance>"), "balance URI: ws://b:8000/echo does not point to a balancer service's accept URI in the configuration file, unable to launch the Gateway" },
        { "<service><name>b</name><accept>ws://b:80/x</accept><type>balancer</type></service>", "Detected orphaned balancer accept URI: ws://b:80/x, no balance URIs in the configuration file point to this balancer service.  Unable to launch the Gateway." },
        { Echo("<balance>ws://b:80/x</balance>") + "<service><name>b</name><accept>ws://b:80/x</accept><type>balancer</type></service>", "Accept URI: [ws://localhost:8000/echo] does not match balance URI: [ws://b:80/x] in all but hostname. Unable to launch Gateway" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Old_messages_keep_their_words(string chapter, string content, string words)
    {
        Assert.NotEmpty(chapter);
        Assert.Contains(Said(content), said => said.Contains(words, StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Balances))]
    public void Up_to_2015_the_checks_of_balancers_refuse_the_file_in_their_old_words(string content, string words)
    {
        Assert.All(
            GatewayNamespaces.All.Where(ns => ns.Edition < GatewayEdition.June2016),
            ns => Assert.Contains(words, Assert.Single(ErrorsOf(content, ns.Uri)), StringComparison.Ordinal));
        Assert.Contains(Read(content).Warnings, warning => warning.Problem.StartsWith(words[..20], StringComparison.Ordinal));
    }

    [Fact]
    public void The_report_begins_as_it_always_did() =>
        Assert.StartsWith(
            "Validation errors in gateway configuration file\n",
            Assert.Throws<ConfigurationException>(() => ConfigurationReader.Parse(Around("<x/>", November2015), "test.xml", Nothing)).Message,
            StringComparison.Ordinal);

    private static string Service(string content, string type) => $"<service><name>e</name>{content}<type>{type}</type></service>";

    private static string Accept(string options) => Echo($"<accept-options>{options}</accept-options>");

    private static string Connect(string options, string more = "") =>
        Service($"<accept>tcp://h:1</accept><connect>tcp://h:2</connect>{more}<connect-options>{options}</connect-options>", "proxy");

    private static string Cluster(string content) => $"<cluster><name>c</name>{content}</cluster>";

    private static string Origin(string origin) => $"<cross-site-constraint><allow-origin>{origin}</allow-origin></cross-site-constraint>";

    private static string Module(string type) =>
        $"<security><realm><name>a</name><authentication><login-modules><login-module><type>{type}</type><success>required</success></login-module></login-modules></authentication></realm></security>"
        + Echo("");

    private static string[] ErrorsOf(string content, string ns) =>
        [.. Assert.Throws<ConfigurationException>(() => ConfigurationReader.Parse(Around(content, ns), "test.xml", Nothing)).Errors.Select(e => e.ToString())];

    private static string[] Said(string content)
    {
        try
        {
            GatewayConfiguration configuration = Read(content);
            return [.. configuration.Warnings.Concat(configuration.Unserved.Select(part => part.Finding)).Select(finding => finding.ToString())];
        }
        catch (ConfigurationException e)
        {
            return [.. e.Errors.Select(error => error.ToString())];
        }
    }
}
