using System.Collections.Immutable;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Configuration.Formats;

namespace Tidegate.Gateway.Services;

/// <summary>The service types that are read but not run. A type that comes to life leaves this list.</summary>
internal static class PlannedServiceTypes
{
    private static readonly string[] s_http = ["http", "https"];
    private static readonly string[] s_streams = ["ws", "wss", "tcp", "ssl", "udp", "sse", "sse+ssl", "http", "https", "pipe"];

    internal static ImmutableArray<PlannedServiceType> All { get; } =
    [
        new("amqp.proxy", "A proxy for AMQP 0-9-1 clients and brokers.", Open("an amqp.proxy service"))
        {
            Accepts = s_streams, Connects = s_streams,
        },
        new("jms", "Publishes and receives JMS messages.", Open("a jms service")) { Accepts = s_streams, Connects = s_streams },
        new("jms.proxy", "Relays to another gateway's jms service.", Open("a jms.proxy service")) { Accepts = s_streams, Connects = s_streams },
        new("kerberos5.proxy", "A proxy in front of a Kerberos key distribution centre.", Open("a kerberos5.proxy service"))
        {
            Accepts = s_streams, Connects = s_streams,
        },
        new("management.jmx", "Shows the gateway to Java's management tools.", Open("a management.jmx service"))
        {
            Accepts = [], AtLeast = (0, 0), LeftOutBecause = "There is no Java in Tidegate for management.jmx to show.",
        },
        new("redis", "Publishes and receives Redis messages.", Open("a redis service")) { Accepts = s_streams, Connects = s_streams },
        new("turn.proxy", "Relays TURN.", Open("a turn.proxy service")) { Accepts = s_streams, Connects = s_streams },
        new("turn.rest", "Hands out credentials for a TURN server.", Group("a turn.rest service",
            new Setting<string>("key.alias", new TextFormat("an alias"), "The key in the keystore that is shared with the TURN server.") { Required = true },
            new Setting<string>("key.algorithm", new TextFormat("a name"), "HmacSHA1", "The algorithm of the credential."),
            new Setting<string>("credentials.generator", new TextFormat("class:NAME"), "What makes the credentials.") { Required = true },
            new Setting<TimeSpan>("credentials.ttl", new TimeIntervalFormat(), TimeSpan.FromHours(24), "How long credentials are good for."),
            new Setting<string>("username.separator", new TextFormat("a character"), ":", "What stands between time and name in the user name."),
            new Setting<string>("url", new TextFormat("a URI"), "A TURN server.") { Required = true, Repeatable = true }))
        {
            Accepts = s_http,
        },
        new("update.check", "Looked for new versions.", new SettingGroup("the properties of an update.check service", [], NotServedYet.Nothing))
        {
            Accepts = [], AtLeast = (0, 0),
        },
    ];

    /// <summary>The type of this name, or null.</summary>
    internal static PlannedServiceType? Find(string name) =>
        All.FirstOrDefault(type => type.Name == name)
        ?? (name.Contains("-extension", StringComparison.Ordinal) || name.StartsWith("stomp.", StringComparison.Ordinal)
            ? new(name, "A service of an extension.", Open($"a service of type {name}")) { Accepts = s_streams, Connects = s_streams }
            : null);

    private static SettingGroup Group(string place, params Setting[] settings) => new($"the properties of {place}", [.. settings], NotServedYet.Nothing);

    private static SettingGroup Open(string place) => new($"the properties of {place}", [], NotServedYet.Nothing) { IsOpen = true };
}
