using Tidegate.Gateway.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>What each type of service may hold, by the table of docs/spec/compat.md 1.5: whatever it allows loads.</summary>
public sealed class ServiceElementTests
{
    private const string Realm = "<security><realm><name>demo</name></realm></security>";

    /// <summary>The type, and whether it takes an accept, a connect, a balance, a notify, properties, connect-options, mime-mappings and cross-site-constraints.</summary>
    public static TheoryData<string, bool[]> Types
    {
        get
        {
            var types = new TheoryData<string, bool[]>();
            foreach (string[] row in Inventory.Rows("1.5", "| ").Where(row => row.Length == 9 && row[0] != "type"))
            {
                string type = row[0].Replace("(management.xsd)", "", StringComparison.Ordinal).Replace("`*-extension`", "stomp-extension", StringComparison.Ordinal).Trim();
                types.Add(type, [.. row[1..].Select(cell => cell is not ("-" or "0") && !cell.StartsWith("- (", StringComparison.Ordinal))]);
            }

            return types;
        }
    }

    [Fact]
    public void The_table_is_read_as_it_stands() =>
        Assert.Equal(
            ["amqp.proxy", "balancer", "broadcast", "directory", "echo", "http.proxy", "http.redirect", "management.jmx", "proxy", "stomp-extension", "turn.rest", "update.check"],
            Types.Select(row => (string)row[0]).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Types))]
    public void Whatever_the_table_allows_loads(string type, bool[] takes)
    {
        string accept = type is "directory" or "http.proxy" or "http.redirect" or "turn.rest" ? "http://h:8000/x/" : "ws://h:8000/x/";
        string[] parts =
        [
            $"<accept>{accept}</accept>",
            $"<connect>{(type == "http.proxy" ? "http://i:8000/x/" : "tcp://i:9000")}</connect>",
            "<balance>ws://b:8000/x/</balance>",
            "<notify>apns://h</notify>",
            $"<properties>{PropertiesOf(type)}</properties>",
            "<connect-options><ws.inactivity.timeout>1 minute</ws.inactivity.timeout></connect-options>",
            "<mime-mapping><extension>a</extension><mime-type>a/b</mime-type></mime-mapping>",
            "<cross-site-constraint><allow-origin>*</allow-origin></cross-site-constraint>",
        ];
        string realm = type == "update.check" ? ""
            : "<realm-name>demo</realm-name><authorization-constraint><require-role>A</require-role></authorization-constraint>";
        string options = type is "update.check" or "management.jmx" ? "" : "<accept-options><http.keepalive.timeout>1 minute</http.keepalive.timeout></accept-options>";
        string content = string.Concat(parts.Where((_, i) => takes[i])) + realm + options;

        GatewayConfiguration configuration = Read($"{Realm}<service><name>s</name><description>d</description><type>{type}</type>{content}</service>");

        ServiceConfiguration service = Assert.Single(configuration.Services);
        Assert.Equal((takes[0] ? 1 : 0, takes[1] ? 1 : 0, takes[2] ? 1 : 0, takes[3] ? 1 : 0, takes[7] ? 1 : 0),
            (service.Accepts.Length, service.Connects.Length, service.Balances.Length, service.Notifies.Length, service.CrossSiteConstraints.Length));
        Assert.Equal(realm.Length > 0 ? "demo" : null, service.RealmName);
    }

    private static string PropertiesOf(string type) => type switch
    {
        "balancer" => "<policy>random</policy>",
        "broadcast" => "<on.client.message>noop</on.client.message>",
        "directory" => "<directory>/</directory>",
        "echo" => "<repeat>2</repeat>",
        "proxy" => "<maximum.pending.bytes>64k</maximum.pending.bytes>",
        "http.proxy" => "<use-forwarded>ignore</use-forwarded>",
        "http.redirect" => "<location>http://i/</location>",
        "turn.rest" => "<key.alias>k</key.alias><credentials.generator>class:a.B</credentials.generator><url>turn:h</url>",
        _ => "<any>thing</any>",
    };
}
