using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

public sealed class ConfigurationErrorTests
{
    private const string Proxy = "<service><name>p</name><accept>tcp://h:1</accept><connect>tcp://h:2</connect><type>proxy</type>\n";


    private const string Realm = "<security><realm><name>demo</name></realm></security>";

    private static string Module(string content) =>
        $"<security><realm><name>a</name><authentication><login-modules><login-module>{content}</login-module></login-modules></authentication></realm></security>";

    private static string Cluster(string content) => $"<cluster><name>c</name>{content}</cluster>";

    /// <summary>What is in the file from line 2 on, and the whole message it earns.</summary>
    public static TheoryData<string, string> Table => new()
    {
        { "<servcie/>", "2:1: Unknown element <servcie> in <gateway-config>. Did you mean <service>?" },
        { "<nonsense/>", "2:1: Unknown element <nonsense> in <gateway-config>. Allowed here: cluster, properties, security, service, service-defaults." },
        { " loose", "2:2: There is text directly in <gateway-config>: \"loose\". Put it into an element, or make it a comment: <!-- … -->." },
        { Echo("\n <acept>x</acept>"), "3:2: Unknown element <acept> in <service>. Did you mean <accept>?" },
        { Echo("\n <description>a<b/></description>"), "3:16: <description> holds text only; there is a <b> in it. Close <description> before it." },
        { Echo("\n <description/>"), "3:2: <description> is empty. Write its value, or remove the element." },
        { Echo("\n <name>f</name>"), "3:2: Multiple <name> elements found; only one allowed. Keep one in this <service>." },
        { Echo("\n <accept x='1'>ws://h/</accept>"), "3:10: <accept> has an attribute \"x\"; no element here takes attributes. Remove it, or write <x> as an element if it belongs inside." },
        { Echo("\n <accept>ws://h</accept>\n <accept>ws://H:80/</accept>"), "4:10: ws://h:80/ is accepted twice: here and in line 3 (service 'e'). Change one of the two." },
        { Echo("\n <accept>http://h/</accept>"), "3:10: This service does not accept http (\"http://h/\"). Schemes allowed here: ws, wss, tcp, ssl, pipe." },
        { Echo("\n <connect>tcp://h:1</connect>"), "3:2: A service of type echo takes no <connect>. Remove this one." },
        { Echo("\n <connect-options/>"), "3:2: A service of type echo does not connect to anything; it takes no <connect-options>. Remove them." },
        { "<service><name>u</name><type>update.check</type>\n <accept-options/></service>", "3:2: A service of type update.check does not accept anything; it takes no <accept-options>. Remove them." },
        { Echo("\n <x:accept xmlns:x='urn:x'>ws://h/</x:accept>"), "3:2: <accept> is in the namespace \"urn:x\". Remove its xmlns attribute or prefix, so that it is in the namespace of <gateway-config>." },
        { Echo("") + "\n<service><name>e</name><accept>ws://h/</accept><type>echo</type></service>", "3:16: Service name must be unique. More than one service named 'e'. The other is in line 2; rename one." },
        { "<service><accept>ws://h/</accept><type>echo</type></service>", "2:1: Missing required element: <name> in this <service>. The service's name, different from all others in the file." },
        { "<service><name>e</name><accept>ws://h/</accept></service>", "2:1: Missing required element: <type> in this <service>. What the service does, such as echo or proxy." },
        { "<service><name>e</name><type>echo</type></service>", "2:1: Missing required element: <accept> in this <service>; it takes a URI (ws, wss, tcp, ssl, pipe)." },
        { "<service><name>p</name><accept>tcp://h:1</accept><type>proxy</type></service>", "2:1: Missing required element: <connect> in this <service>; it takes a URI (tcp, ssl, ws, wss, pipe)." },
        { "<service><name>d</name><accept>http://h/</accept><type>directory</type></service>", "2:1: Missing required property: directory in the properties of a directory service. The directory to serve: relative to the web directory, or a file:// URI." },
        { "<service><name>e</name><accept>ws://h/</accept><type>\n eco</type></service>", "3:2: Unrecognized service type: eco. Did you mean echo?" },
        { "<service><name>e</name><accept>ws://h/</accept><type>brodcast</type></service>", "2:54: Unrecognized service type: brodcast. Did you mean broadcast?" },
        { "<service><name>e</name><accept>ws://h/</accept><type>class:a.B</type></service>", "2:54: Unknown gateway service class: a.B. Tidegate runs no Java. Types served: balancer, broadcast, directory, echo, http.proxy, http.redirect, proxy." },
        { "<service><name>e</name><type>session</type></service>", "2:30: session service type is no longer supported. Remove the service." },
        { "<service><name>e</name><type>management.snmp</type></service>", "2:30: snmp management type is no longer supported. Remove the service." },
        { Echo("<properties><repeat>0</repeat></properties>"), "2:102: <repeat>: \"0\" is not a whole number from 1 to 1000. Write a whole number from 1 to 1000." },
        { Echo("\n<properties><repaet>1</repaet></properties>"), "3:13: Unknown element <repaet> in the properties of an echo service. Did you mean <repeat>?" },
        { Echo("\n<properties><repeat>1</repeat><repeat>2</repeat></properties>"), "3:31: <repeat> stands twice in the properties of an echo service. Keep one of them." },
        { Proxy + "<properties><connect.strategy>lazy</connect.strategy></properties></service>", "3:31: <connect.strategy>: Unexpected value for connect strategy: lazy. Write prepared or immediate or deferred." },
        { Proxy + "<properties><connect.strategy>deferred</connect.strategy><prepared.connection.count>1</prepared.connection.count></properties></service>", "3:31: Must not prepare connections for connect strategy: DEFERRED. Remove prepared.connection.count, or write prepared." },
        { Echo("\n<accept-options><ws.inactivity.timeout>soon</ws.inactivity.timeout></accept-options>"), "3:40: <ws.inactivity.timeout>: Illegal timeIntervalValue value \"soon\". Time intervals can be specified as numeric amounts of the following units: millisecond, second, minute, hour. For example, \"1800 second\" or \"30 minutes\" or \"0.5 hour\". Day and week are units, too." },
        { Echo("\n<accept-options><ws.maximum.message.size>3G</ws.maximum.message.size></accept-options>"), "3:42: <ws.maximum.message.size>: \"3G\" is not a data size: string value '3G' does not match pattern for DataSizeString in namespace http://xmlns.kaazing.org/2016/06/gateway. Write a whole number of bytes, or one with k (1024) or M (1024 k), as in 128k or 1MB." },
        { Echo("\n<accept-options><ws.compression>enable</ws.compression></accept-options>"), "3:33: <ws.compression>: \"enable\" is not one of the values allowed here. Did you mean enabled?" },
        { Echo("\n<accept-options><ws.subprotocols>a b</ws.subprotocols></accept-options>"), "3:34: <ws.subprotocols>: \"a b\" in \"a b\" is not a name that HTTP allows. Use letters, digits, dots and hyphens, with commas between names." },
        { Echo("\n<accept-options><tcp.bind>host</tcp.bind></accept-options>"), "3:27: <tcp.bind>: Failed to add bind for scheme tcp to port host. The bind address \"host\" has no port. Bind address \"host\" should be in \"host/ipv4:port\", \"[ipv6]:port\", \"@network_interface:port\", \"[@network interface]:port\" or \"port\" format." },
        { Echo("\n<accept-options><ssl.ciphers>H;GH</ssl.ciphers></accept-options>"), "3:30: <ssl.ciphers>: There is a ; in \"H;GH\". Write names such as HIGH,!ADH with commas between." },
        { Echo("\n<accept-options><ssl.ciphers>HIGH</ssl.ciphers><tls.ciphers>LOW</tls.ciphers></accept-options>"), "3:48: <tls.ciphers> is another spelling of <ssl.ciphers>, which stands in <accept-options> too. Keep one of them." },
        { Echo("\n<accept-options><tls.protocols>TLSv1.2,TSLv1.3</tls.protocols></accept-options>"), "3:32: <tls.protocols>: \"TSLv1.3\" in \"TLSv1.2,TSLv1.3\" is not a version of TLS. Did you mean TLSv1.3?" },
        { Echo("\n<accept-options><ssl.protocols>SSLv3</ssl.protocols></accept-options>"), "3:32: <ssl.protocols>: None of the protocols in \"SSLv3\" is spoken any more. Write TLSv1.2,TLSv1.3, or remove the element." },
        { Echo("\n<accept-options><ssl.verify-client>yes</ssl.verify-client></accept-options>"), "3:36: <ssl.verify-client>: \"yes\" is not one of the values allowed here. Write none or optional or required." },
        { Echo("\n<accept-options><tls.cipher>HIGH</tls.cipher></accept-options>"), "3:17: Unknown element <tls.cipher> in <accept-options>. Did you mean <tls.ciphers>?" },
        { Echo("\n<accept-options><ssl.cipher>HIGH</ssl.cipher></accept-options>"), "3:17: Unknown element <ssl.cipher> in <accept-options>. Did you mean <ssl.ciphers>?" },
        { Echo("\n<accept-options><tsl.verify-client>none</tsl.verify-client></accept-options>"), "3:17: Unknown element <tsl.verify-client> in <accept-options>. Did you mean <tls.verify-client>?" },
        { Echo("\n<accept-options><tls.bnd>1</tls.bnd></accept-options>"), "3:17: Unknown element <tls.bnd> in <accept-options>. Did you mean <tls.bind>?" },
        { Echo("\n<accept-options><https.bid>1</https.bid></accept-options>"), "3:17: Unknown element <https.bid> in <accept-options>. Did you mean <https.bind>?" },
        { Echo("\n<accept-options><sse.bind>1</sse.bind></accept-options>"), "3:17: Unknown element <sse.bind> in <accept-options>. Cannot apply unknown bind option 'sse'. Did you mean <ssl.bind>?" },
        { Echo("\n<accept-options><ssl.verify-client>required</ssl.verify-client></accept-options>"), "3:36: <ssl.verify-client> does nothing here: the gateway speaks TLS at no accept of this service, so it asks no client for a certificate. Accept wss, https or ssl. Or remove it, and everyone who reaches the port is let in." },
        { Echo("\n<auth-constrain/>"), "3:1: Unknown element <auth-constrain> in <service>. Did you mean <auth-constraint>?" },
        { Echo("\n<accept-options x='1'/>"), "3:17: <accept-options> has an attribute \"x\"; no element here takes attributes. Remove it, or write <x> as an element if it belongs inside." },
        { Echo("\n<accept-options><http.transport>8000</http.transport></accept-options>"), "3:33: <http.transport>: http.transport must contain an absolute URI, not \"8000\". Write one with its scheme, such as tcp://127.0.0.1:8080." },
        { Echo("\n<accept-options><tcp.maximum.outbound.rate>5</tcp.maximum.outbound.rate><tcp.maximum.outbound.rate>5</tcp.maximum.outbound.rate></accept-options>"), "3:73: <tcp.maximum.outbound.rate> stands twice in <accept-options>. Keep one of them." },
        { Echo("\n<accept-options><tcp.maximum.outbound.rate>5kb</tcp.maximum.outbound.rate></accept-options>"), "3:44: <tcp.maximum.outbound.rate>: \"5kb\" is not a data rate (permitted data rate units are B/s, kB/s, KiB/s, kB/s, MB/s, and MiB/s). Write a whole number and one of them, as in 100kB/s." },
        { Proxy + "<connect-options><http.keepalive.connections>0</http.keepalive.connections></connect-options></service>", "3:46: <http.keepalive.connections>: http.keepalive.connections = 0 must be > 0. Write a whole number from 1 to 10000." },
        { Echo("\n<cross-site-constraint><allow-methods>GET</allow-methods></cross-site-constraint>"), "3:1: Missing required element: <allow-origin> in <cross-site-constraint>. The origin whose pages may use the service, or * for every origin." },
        { Echo("\n<cross-site-constraint><allow-origin>www.example.com</allow-origin></cross-site-constraint>"), "3:38: <allow-origin>: Cross-site allow-origin must have URI syntax with http or https scheme, not \"www.example.com\". Write one such as https://www.example.com, or * for every origin." },
        { Echo("\n<cross-site-constraint><allow-origin>http://h:81/x</allow-origin></cross-site-constraint>"), "3:38: <allow-origin>: Cross-site allow-origin must have URI syntax without path, query or fragment, not \"http://h:81/x\". Write http://h:81." },
        { Echo("\n<cross-site-constraint><allow-origin>*</allow-origin><allow-methods>GTE</allow-methods></cross-site-constraint>"), "3:69: <allow-methods>: \"GTE\" in \"GTE\" is not an HTTP method. Did you mean GET?" },
        { Echo("\n<cross-site-constraint><allow-origin>http://h</allow-origin></cross-site-constraint>\n<cross-site-constraint><allow-origin>HTTP://H:80</allow-origin></cross-site-constraint>"), "4:1: Duplicate cross-site-constraint for service ws://localhost:8000/echo with allow-origin http://h:80. The other is in line 3; keep one." },
        { Echo("\n<cross-site-constraint><allow-origin>http://h</allow-origin></cross-site-constraint>\n<cross-site-constraint><allow-origin>*</allow-origin></cross-site-constraint>"), "4:1: Conflicting cross site constraints specified for service \"ws://localhost:8000/echo\". Remove the wildcard to specify more restrictive cross site constraints." },
        { "<service><name>d</name><accept>http://h/</accept><type>directory</type><properties><directory>/</directory></properties>\n<mime-mapping><extension>html</extension><mime-type>html</mime-type></mime-mapping></service>", "3:53: <mime-type>: \"html\" is not a media type. Write one such as text/html or text/html; charset=utf-8." },
        { "<security><keystore><password-file>pw</password-file></keystore></security>", "2:11: Missing required element: <file> in <keystore>. The file, relative to the directory of this configuration file." },
        { Echo("\n<mime-mapping><extension>a</extension><mime-type>a/b</mime-type></mime-mapping>"), "3:1: A service of type echo serves no files; it takes no <mime-mapping>. Remove it." },
        { Echo("\n<realm-name>demo</realm-name>"), "3:13: Unrecognized realm name \"demo\". Add a <realm> of that name to <security>." },
        { Echo("\n<realm-name>dmeo</realm-name>") + Realm, "3:13: Unrecognized realm name \"dmeo\". Did you mean demo?" },
        { Echo("\n<realm-name>other</realm-name>") + Realm, "3:13: Unrecognized realm name \"other\". Realms in <security>: demo." },
        { Echo("\n<authorization-constraint><require-valid-user/></authorization-constraint>"), "3:1: The service \"e\" asks for authorization, but no realm says who its clients are. Write <realm-name> with the name of a realm in <security>." },
        { Echo("\n<realm-name>demo</realm-name><authorization-constraint/>") + Realm, "3:30: <authorization-constraint> is empty. Write <require-role> with the name of a role in it, or <require-valid-user/>." },
        { Echo("\n<realm-name>demo</realm-name><auth-constraint><require-role>*</require-role><require-role>A</require-role></auth-constraint>") + Realm, "3:30: Conflicting security constraints specified for service \"ws://localhost:8000/echo\". Remove the wildcard to specify restricted roles." },
        { Echo("\n<realm-name>demo</realm-name><authorization-constraint><require-valid-user>joe</require-valid-user></authorization-constraint>") + Realm, "3:76: <require-valid-user>: There is text in it: \"joe\". Leave it empty." },
        { Echo("\n<realm-name>demo</realm-name><accept-options><http.realm>demo</http.realm></accept-options>") + Realm, "3:13: Specified both realm-name and http.realm. Keep one of them." },
        { Echo("\n<accept-options><http.realm>demo two</http.realm></accept-options>") + Realm, "3:29: Specified accept option http.realm two has no corrisponding realm. Realms in <security>: demo." },
        { Echo("\n<realm-name>demo</realm-name><accept-options><tcp.realm>two</tcp.realm></accept-options>") + Realm, "3:57: tcp.realm needs to be the same as the configured realm. Write in it what realm-name says." },
        { "<security><realm><name>a</name></realm>\n<realm><name>a</name></realm></security>", "3:1: Found 2 duplicate <realm> elements in <security> element. The realm 'a' stands in line 2 too; rename or remove one." },
        { Module("\n<type>fiel</type><success>required</success>"), "3:7: <type>: Unrecognized login module type: fiel. Did you mean file?" },
        { Module("\n<type>jdbc</type><success>required</success>"), "3:7: <type>: Unrecognized login module type: jdbc. Types: file, jwt, jndi, keystore, ldap, gss, kerberos5, ip-filter, or class:NAME." },
        { Module("<type>ldap</type>\n<success>always</success>"), "3:10: <success>: \"always\" is not one of the values allowed here. Write required or requisite or sufficient or optional." },
        { Module("<type>ldap</type>"), "2:63: Missing required element: <success> in <login-module>. What its success means for the others." },
        { Module("<type>file</type><success>required</success>"), "2:63: Missing required option \"file\" to locate JAAS configuration file. Write <options><file>jaas-config.xml</file></options>." },
        { "<security><realm><name>a</name><authentication>\n<http-challenge-scheme>Token</http-challenge-scheme></authentication></realm></security>", "3:24: <http-challenge-scheme>: \"Token\" is not one of the values allowed here. Write Basic or Bearer or Negotiate or Application Basic or Application Negotiate or Application Token." },
        { "<cluster><accept>tcp://h:1</accept></cluster>", "2:1: Missing required element: <name> in <cluster>. The cluster's name: gateways with the same name find each other." },
        { "<cluster><name/><accept>tcp://h:1</accept></cluster>", "2:10: <name>: Invalid name in the cluster configuration. Write a name, or remove the element." },
        { "<service><name> </name><accept>ws://h/</accept><type>echo</type></service>", "2:10: All services must have unique non-empty names. Write its value, or remove the element." },
        { Cluster(""), "2:1: No network interfaces specified in the gateway configuration. Write in <cluster> where this gateway listens, <accept>tcp://host:port</accept>, and where the others are, <connect>." },
        { Cluster("\n<accept>h:1</accept>"), "3:9: <accept>: Invalid URL in the cluster configuration:h:1. Write tcp://host:port." },
        { Cluster("\n<accept>tcp://h</accept>"), "3:9: <accept>: Invalid port number specified for <accept>: tcp://h. Write a port from 1 to 65535 after the host." },
        { Cluster("\n<connect>tcp://[::1]</connect>"), "3:10: <connect>: Invalid port number specified for <connect>: tcp://[::1]. Write a port from 1 to 65535 after the host." },
        { Cluster("\n<connect>http://h:1</connect>"), "3:10: <connect>: Invalid scheme http in the URL for <connect> in http://h:1. Write tcp://host:port, udp://group:port or aws://security-group:port/name." },
        { Cluster("\n<accept>udp://h:1</accept>"), "3:9: <accept>: Cannot accept on a multicast or aws address, use unicast address starting with tcp://. Write tcp://host:port, not udp://h:1." },
        { Cluster("<accept>tcp://h:1</accept>\n<accept>tcp://i:2</accept>"), "3:9: Port numbers on the network interfaces in <accept> do not match. Write 1 here, as in the first, not 2." },
        { Cluster("<connect>udp://h:1</connect>\n<connect>udp://i:1</connect>"), "3:10: Conflicting multicast discovery addresses in cluster configuration. Keep one connect with udp." },
        { Cluster("<accept>tcp://h:1</accept>") + "\n" + Cluster("<accept>tcp://h:1</accept>"), "3:1: Multiple <cluster> elements found; only one allowed. Keep one in this <gateway-config>." },
        { "<service-defaults/>\n<service-defaults/>", "3:1: Multiple <service-defaults> elements found; only one allowed. Keep one in this <gateway-config>." },
        { Echo("\n<accept-options><ws.maximum.message.size>2048M</ws.maximum.message.size></accept-options>"), "3:42: <ws.maximum.message.size>: \"2048M\" is out of range. Write a size from 1 byte to 2147483647 bytes (just under 2048M)." },
        { Echo("\n<accept-options><ws.maximum.message.size>0</ws.maximum.message.size></accept-options>"), "3:42: <ws.maximum.message.size>: \"0\" is out of range. Write a size from 1 byte to 2147483647 bytes (just under 2048M)." },
        { Echo("\n<accept-options><tcp.maximum.outbound.rate>5000MB/s</tcp.maximum.outbound.rate></accept-options>"), "3:44: <tcp.maximum.outbound.rate>: \"5000MB/s\" is out of range. Write a rate from 1 to 4294967295 B/s." },
        { Echo("\n<accept-options><ws.inactivity.timeout>3651 days</ws.inactivity.timeout></accept-options>"), "3:40: <ws.inactivity.timeout>: The time interval \"3651 days\" is too long. The longest is 3650 days." },
        { Echo("\n<accept-options><http.keepalive.timeout>0</http.keepalive.timeout></accept-options>"), "3:41: <http.keepalive.timeout>: The time interval \"0\" is too short. The shortest is 1 millisecond." },
        { Echo("\n<accept-options><ws.subprotocols>a,b,a</ws.subprotocols></accept-options>"), "3:34: <ws.subprotocols>: \"a\" stands twice in \"a,b,a\". Keep the first one." },
        { Echo("\n<accept-options><udp.padding.alignment>70000</udp.padding.alignment></accept-options>"), "3:40: <udp.padding.alignment>: \"70000\" is not a whole number from 0 to 65507. Write a whole number from 0 to 65507." },
        { Echo("\n<accept-options><socks.mode>forwards</socks.mode></accept-options>"), "3:29: <socks.mode>: \"forwards\" is not one of the values allowed here. Did you mean forward?" },
        { Echo("\n<cross-site-constraint><allow-origin>*</allow-origin><allow-headers>X Y</allow-headers></cross-site-constraint>"), "3:69: <allow-headers>: \"X Y\" in \"X Y\" is not the name of a header. Write names such as Content-Type with commas between." },
        { Echo("\n<mime-mapping><extension>a</extension><mime-type>a/b</mime-type></mime-mapping>"), "3:1: A service of type echo serves no files; it takes no <mime-mapping>. Remove it." },
        { "<service><name>d</name><accept>http://localhost:8000/</accept><type>directory</type>\n<properties><directory>http://h/</directory></properties></service>", "3:24: <directory>: Unexpected resources directory: http://h/. Write a path relative to the web directory, or a URI such as file:///srv/www." },
        { "<service><name>d</name><accept>http://localhost:8000/</accept><type>directory</type>\n<properties><directory>.</directory><welcome-file>a;b</welcome-file></properties></service>", "3:51: <welcome-file>: Unexpected character \";\" in welcome file: a;b. Write the name of a file in the directory, such as index.html." },
        { "<service><name>d</name><accept>http://localhost:8000/</accept><type>directory</type>\n<properties><directory>.</directory><welcome-file>../a.html</welcome-file></properties></service>", "3:51: <welcome-file>: The welcome file ../a.html is not in the directory. Write its name relative to the directory, such as index.html." },
        { "<service><name>d</name><accept>http://localhost:8000/</accept><type>directory</type>\n<properties><directory>.</directory><location><patterns>*</patterns><cache-control>max-age=1,max-age=2</cache-control></location></properties></service>", "3:84: <cache-control>: Duplicate cache-control directive in configuration file: max-age. Keep one of them." },
        { "<service><name>d</name><accept>http://localhost:8000/</accept><type>directory</type>\n<properties><directory>.</directory><location><patterns>*</patterns><cache-control>maxage=1</cache-control></location></properties></service>", "3:84: <cache-control>: Missing or incorrect cache-control syntax in the configuration file: \"maxage=1\". Write max-age=TIME, s-maxage=TIME (TIME such as 1 hour, or m+1 hour from the last modification), no-cache, no-store, no-transform, must-revalidate, proxy-revalidate, public, private, with commas between." },
        { "<service><name>d</name><accept>http://localhost:8000/</accept><type>directory</type>\n<properties><directory>.</directory><location><patterns>*</patterns><cache-control>max-age=soon</cache-control></location></properties></service>", "3:84: <cache-control>: Missing or incorrect cache-control syntax in the configuration file: \"soon\" is not a time. Write a number and a unit up to years, such as 1 hour, or m+1 hour to count from the last modification." },
        { "<service><name>d</name><accept>http://localhost:8000/</accept><type>directory</type>\n<properties><directory>.</directory><location><patterns>*</patterns><cache-control>public,private</cache-control></location></properties></service>", "3:84: <cache-control>: A response is public or private, not both. Keep one of the two directives." },
        { "<service-defaults><mime-mapping>\n<extension>a/b</extension><mime-type>text/x</mime-type></mime-mapping></service-defaults>", "3:12: <extension>: \"a/b\" is not a file name extension. Write one such as html." },
        { "<service><name>h</name><accept>http://h/</accept><type>http.proxy</type>\n</service>", "2:1: Missing required element: <connect> in this <service>; it takes a URI (http, https)." },
        { "<security/>\n<security/>", "3:1: Multiple <security> elements found; only one allowed. Keep one in this <gateway-config>." },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void Each_error_names_its_place_what_was_found_and_what_would_be_right(string content, string expected) =>
        Assert.Equal($"test.xml:{expected}", Assert.Single(ErrorsIn(content)));

    [Fact]
    public void All_errors_are_named_at_once_in_the_order_of_the_file()
    {
        string[] errors = ErrorsIn(
            "<service><name>a</name><accept>ws://h:99999/</accept><type>ecko</type></service>\n<nonsense/>\n"
            + Echo("<accept>ws://${x}/</accept>"));

        Assert.Equal(["test.xml:2:32", "test.xml:2:60", "test.xml:3:1", "test.xml:4:90"], errors.Select(e => e[..e.IndexOf(": ", StringComparison.Ordinal)]));
    }

    [Fact]
    public void The_report_of_a_hopeless_file_is_bounded()
    {
        string[] errors = ErrorsIn(string.Concat(Enumerable.Repeat("<x/>", 10_000)));

        Assert.Equal(201, errors.Length);
        Assert.Equal("test.xml: There are more than 200 findings. Mend the ones above first.", errors[^1]);
    }

    [Theory]
    [InlineData("<gateway-config xmlns='urn:other'/>", "w.xml:1:1: Unknown/unsupported XML namespace URI 'urn:other'.")]
    [InlineData("<gateway-config/>", "w.xml:1:1: Unknown/unsupported XML namespace URI ''.")]
    [InlineData("\n<beans/>", "w.xml:2:1: The file starts with <beans>; it is not a gateway configuration.")]
    [InlineData("<a>\n<b></a>", "w.xml:2:6: Invalid XML: ")]
    [InlineData("<a>\n  &nbsp;</a>", "w.xml:2:4: Invalid XML: ")]
    [InlineData("", "w.xml: Invalid XML: Root element is missing.")]
    [InlineData("<a/><b/>", "w.xml:1:6: Invalid XML: ")]
    [InlineData("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "w.xml:1:1: The file has a document type (<!DOCTYPE>)")]
    public void A_file_of_another_kind_is_refused(string text, string start)
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ConfigurationReader.Parse(text, "w.xml"));

        Assert.StartsWith(start, Assert.Single(e.Errors).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_is_bounded()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(
            () => ConfigurationReader.Parse(string.Concat(Enumerable.Repeat("<a>", 100_000)), "deep.xml"));

        Assert.Equal("Elements are nested more than 64 deep.", Assert.Single(e.Errors).Problem);
    }

    [Fact]
    public void A_file_that_is_missing_or_a_directory_or_too_large_says_so()
    {
        using var scratch = new ScratchDirectory();
        string large = Path.Combine(scratch.Path, "large.xml");
        using (FileStream file = File.Create(large))
        {
            file.SetLength(ConfigurationReader.MaximumFileSize + 1);
        }

        Assert.Equal("There is no such file.", ProblemOf(Path.Combine(scratch.Path, "none.xml")));
        Assert.Equal("There is no such file.", ProblemOf(Path.Combine(scratch.Path, "none", "none.xml")));
        Assert.Equal("This is a directory.", ProblemOf(scratch.Path));
        Assert.Equal("The file is larger than 16 MiB.", ProblemOf(large));
    }

    [Fact]
    public void The_message_starts_with_the_words_that_operators_search_for()
    {
        ConfigurationException e = Assert.Throws<ConfigurationException>(() => ConfigurationReader.Parse("<a/>", "w.xml"));

        Assert.StartsWith("Validation errors in gateway configuration file\n  w.xml:1:1: ", e.Message, StringComparison.Ordinal);
    }

    private static string ProblemOf(string path) =>
        Assert.Single(Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(path)).Errors).Problem;
}
