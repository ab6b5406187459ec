using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Configuration.Description;

namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>The type and the default of every option, as docs/spec/compat.md 1.6 has them; null is none.</summary>
public sealed class OptionDefaultTests
{
    public static TheoryData<string, string, string?> AcceptOptions => new()
    {
        { "ssl.protocols", "names with commas between: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3", "TLSv1.2,TLSv1.3" },
        { "ssl.ciphers", "cipher names or groups such as HIGH with commas between", null },
        { "ssl.encryption", "enabled or disabled", "enabled" },
        { "ssl.verify-client", "none or optional or required", "none" },
        { "tcp.bind", Bind, null }, { "http.bind", Bind, null }, { "https.bind", Bind, null }, { "ws.bind", Bind, null }, { "wss.bind", Bind, null },
        { "ssl.bind", Bind, null }, { "udp.bind", Bind, null }, { "socks.bind", Bind, null }, { "wsn.bind", Bind, null }, { "wsx.bind", Bind, null },
        { "httpxe.bind", Bind, null },
        { "ws.maximum.message.size", "a data size", "128k" },
        { "ws.inactivity.timeout", "a time interval", "0 seconds" },
        { "http.keepalive.timeout", "a time interval", "30 seconds" },
        { "http.maximum.redirects", "a whole number from 0 to 100", "0" },
        { "http.realm", "names with spaces between", null },
        { "tcp.realm", "the name of a realm", null },
        { "http.transport", Transport, null }, { "ssl.transport", Transport, null }, { "tcp.transport", Transport, null }, { "udp.transport", Transport, null },
        { "pipe.transport", Transport, null }, { "socks.transport", Transport, null },
        { "udp.interface", "the name of a network interface", null },
        { "udp.padding.alignment", "a whole number from 0 to 65507", "0" },
        { "tcp.maximum.outbound.rate", "a data rate", null },
        { "http.server.header", "enabled or disabled", "disabled" },
        { "socks.mode", "forward or reverse", null },
        { "socks.retry.maximum.interval", "a time interval", "30 seconds" },
        { "socks.ssl.ciphers", "cipher names or groups such as HIGH with commas between", null },
        { "socks.ssl.protocols", "names with commas between: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3", null },
        { "socks.ssl.verify-client", "none or optional or required", "none" },
    };

    public static TheoryData<string, string, string?> ConnectOptions => new()
    {
        { "ssl.protocols", "names with commas between: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3", "TLSv1.2,TLSv1.3" },
        { "ssl.ciphers", "cipher names or groups such as HIGH with commas between", null },
        { "ssl.encryption", "enabled or disabled", "enabled" },
        { "ssl.verify-client", "none or optional or required", "none" },
        { "tcp.bind", Bind, null },
        { "ws.inactivity.timeout", "a time interval", "0 seconds" },
        { "ws.version", "rfc6455 or draft-75", "rfc6455" },
        { "http.keepalive", "enabled or disabled", "enabled" },
        { "http.keepalive.timeout", "a time interval", "30 seconds" },
        { "http.keepalive.connections", "a whole number from 1 to 10000", "2" },
        { "http.maximum.redirects", "a whole number from 0 to 100", "0" },
        { "http.max.authentication.attempts", "a whole number from 0 to 100", "0" },
        { "http.transport", Transport, null }, { "ssl.transport", Transport, null }, { "tcp.transport", Transport, null }, { "udp.transport", Transport, null },
        { "pipe.transport", Transport, null }, { "socks.transport", Transport, null },
        { "udp.interface", "the name of a network interface", null },
        { "udp.padding.alignment", "a whole number from 0 to 65507", "0" },
        { "socks.mode", "forward or reverse", null },
        { "socks.timeout", "a time interval", null },
        { "socks.ssl.ciphers", "cipher names or groups such as HIGH with commas between", null },
        { "socks.ssl.protocols", "names with commas between: TLSv1, TLSv1.1, TLSv1.2, TLSv1.3", null },
        { "socks.ssl.verify-client", "none or optional or required", "none" },
    };

    private const string Bind = "host:port, [ipv6]:port, @interface:port, [@interface name]:port or a port";

    private const string Transport = "a whole URI";

    [Theory]
    [MemberData(nameof(AcceptOptions))]
    public void Every_accept_option_has_its_documented_type_and_default(string name, string type, string? @default) =>
        Check(AcceptSettings.Group, name, type, @default);

    [Theory]
    [MemberData(nameof(ConnectOptions))]
    public void Every_connect_option_has_its_documented_type_and_default(string name, string type, string? @default) =>
        Check(ConnectSettings.Group, name, type, @default);

    [Fact]
    public void No_option_is_missing_from_the_tables()
    {
        // Those that the old gateway did not have.
        string[] own = ["ws.subprotocols", "ws.compression", "ws.http2", "ws.transports", "http.http2", "balance.weight", "ws.close.timeout", .. EmulationSettings.All.Select(setting => setting.Name)];
        string[] ownOfConnects = ["ws.maximum.message.size", "ws.compression", "tcp.connect.timeout"];

        Assert.Equal(AcceptSettings.Group.Settings.Select(s => s.Name).Except(own).Order(), AcceptOptions.Select(row => (string)row[0]).Order());
        Assert.Equal(ConnectSettings.Group.Settings.Select(s => s.Name).Except(ownOfConnects).Order(), ConnectOptions.Select(row => (string)row[0]).Order());
    }

    private static void Check(SettingGroup group, string name, string type, string? @default)
    {
        Setting setting = Assert.Single(group.Settings, setting => setting.Name == name);
        Assert.Equal((type, @default), (setting.FormatDescription, setting.DefaultText));
    }
}
