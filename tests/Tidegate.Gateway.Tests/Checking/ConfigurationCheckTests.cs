using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Tidegate.Gateway.Checking;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Configuration;

namespace Tidegate.Gateway.Tests.Checking;

/// <summary>Errors of every kind are found in one go, with the warnings, in the order of the file.</summary>
public sealed class ConfigurationCheckTests : IDisposable
{
    private readonly ScratchDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    /// <summary>A file with something wrong in most lines. What follows the mark in a line is found there: E for an error, W for a warning, S for what only the start refuses.</summary>
    private static readonly string[] s_everything =
    [
        "<security><keystore><file>nowhere.pem</file></keystore></security> <!-- E: nowhere.pem can not be read: -->",
        "<service-defaults><accept-options><http.keepalive.timeout>1s</http.keepalive.timeout> <!-- W: should be greater-than-or-equal-to -->",
        "  <ws.inactivity.timeout>5s</ws.inactivity.timeout></accept-options></service-defaults>",
        "<service><name>a</name><type>ehco</type> <!-- E: Unrecognized service type: ehco. Did you mean echo? -->",
        "  <accept>tcp://192.0.2.1:1</accept></service> <!-- E: No network interface of this machine has the address 192.0.2.1. -->",
        "<service><name>b</name><type>echo</type>",
        "  <accept>ws://localhost:800000/</accept> <!-- E: is not a port. -->",
        "  <accept>ws://@no-such0:1/</accept></service> <!-- E: The interface name no-such0 is not recognized. -->",
        "<service><name>c</name><type>echo</type>",
        "  <accept>wss://localhost:3/</accept></service>",
        "<service><name>d</name><type>echo</type>",
        "  <accept>ws://localhost:4/d</accept></service>",
        "<service><name>e</name><type>echo</type>",
        "  <accept>ws://127.0.0.1:4/d</accept></service> <!-- E: is served already at 127.0.0.1:4 by ws://localhost:4/d of service \"d\" (*:13:*) -->",
        "<service><name>f</name><type>echo</type>",
        "  <accept>ws://*:4/</accept></service> <!-- E: and a port of all addresses is not bound again for one of them. -->",
        "<service><name>g</name><type>jms</type> <!-- S: Tidegate does not serve services of type jms yet. -->",
        "  <accept>ws://localhost:5/</accept>",
        "  <properties/></service>",
        "<service><name>h</name><type>proxy</type>",
        "  <accept>ws://lost.example/</accept> <!-- N: Unable to resolve DNS name: lost.example (in ws://lost.example/). -->",
        "  <connect>tcp://gone.example:1</connect></service> <!-- W: Unable to resolve DNS name: gone.example (in tcp://gone.example:1). -->",
        "<service><name>i</name><type>proxy</type>",
        "  <accept>ws://gone.example/</accept> <!-- N: Unable to resolve DNS name: gone.example (in ws://gone.example/). -->",
        "  <connect>tcp://found.example:1</connect></service>",
        "<service><name>j</name><type>directory</type><accept>http://localhost:6/</accept>",
        "  <properties><directory>no-such-directory</directory></properties></service> <!-- N: service \"j\": directory * does not exist. -->",
        "<service><name>k</name><type>management.jmx</type> <!-- W: The service is left out. -->",
        "  <properties/></service>",
        "<service><name>l</name><type>echo</type><accept>ws://localhost:7/</accept>",
        "  <accept-options><ws.inactivity.tiemout>1s</ws.inactivity.tiemout></accept-options></service> <!-- E: Did you mean <ws.inactivity.timeout>? -->",
    ];

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task One_run_finds_everything_in_the_order_of_the_file(bool start, bool lenient)
    {
        CheckedConfiguration found = await CheckAsync(string.Join('\n', s_everything), new CheckOptions { IsStart = start, Lenient = lenient });

        Assert.Null(found.Configuration);
        List<(int Line, bool IsError, string Words)> expected = [.. Expected(start, lenient)];
        Assert.Equal(
            expected.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.Line} {(one.IsError ? "error" : "warning")}")),
            found.Findings.Select(one => string.Create(CultureInfo.InvariantCulture, $"{one.What.Position.Line} {(one.IsError ? "error" : "warning")}")));
        Assert.All(expected.Zip(found.Findings), pair => Assert.Matches(Pattern(pair.First.Words), pair.Second.What.ToString()));
        Assert.All(found.Findings, one => Assert.True(one.What.Position.Column > 0 && one.What.ToString().Length > one.What.Position.ToString().Length));
    }

    [Fact]
    public async Task What_only_follows_from_an_error_is_not_reported()
    {
        CheckedConfiguration found = await CheckAsync(
            """
            <security><keystore/></security>
            <service><name>a</name><type>echo</type><accept>wss://192.0.2.1:1/</accept><accept-options><tcp.bnd>127.0.0.1:1</tcp.bnd></accept-options></service>
            <service><name>b</name><type>echo</type><accept>wss://localhost:1/</accept><accept-options><tcp.bind>@lo</tcp.bind></accept-options></service>
            <service><name>c</name><type>proxy</type><accept>tcp://localhost:3</accept><connect>tcp://lost.example:1</connect><connect-options><tcp.transport>h:1</tcp.transport></connect-options></service>
            <service><name>d</name><type>echo</type><accept>wss://localhost:5/</accept><accept-options><ssl.encryption>off</ssl.encryption></accept-options></service>
            """,
            new CheckOptions());

        Assert.Equal([2, 3, 4, 5, 6], found.Findings.Where(one => one.IsError).Select(one => one.What.Position.Line));
        Assert.All(found.Findings, one => Assert.True(one.IsError));
    }

    [Fact]
    public async Task An_error_in_one_option_hides_nothing_that_has_nothing_to_do_with_it()
    {
        CheckedConfiguration found = await CheckAsync(
            """
            <service><name>a</name><type>echo</type><accept>tcp://192.0.2.1:1</accept>
            <accept-options><ws.maximum.message.size>many</ws.maximum.message.size></accept-options></service>
            """,
            new CheckOptions());

        Assert.Equal([2, 3], found.Findings.Select(one => one.What.Position.Line));
    }

    [Fact]
    public async Task What_is_wrong_with_a_place_is_found_where_the_place_is_written()
    {
        CheckedConfiguration found = await CheckAsync(
            """
            <service-defaults><accept-options>
            <tcp.bind>@no-such0:1</tcp.bind></accept-options></service-defaults>
            <service><name>a</name><type>echo</type><accept>tcp://localhost:1</accept></service>
            <service><name>b</name><type>echo</type><accept>ws://example.com/</accept>
            <accept-options>
              <ws.bind>
                192.0.2.1:8000</ws.bind></accept-options></service>
            <service><name>c</name><type>proxy</type><accept>wss://localhost:3/</accept><connect>tcp://inner.example:1</connect>
            <accept-options><ssl.encryption>disabled</ssl.encryption>
            <http.transport>tcp://[2001:db8::1]:1</http.transport></accept-options>
            <connect-options><tcp.transport>tcp://lost.example:1</tcp.transport>
            <tcp.bind>192.0.2.1:0</tcp.bind></connect-options></service>
            <cluster><name>d</name>
            <accept>tcp://@no-such0:5942</accept></cluster>
            """,
            new CheckOptions());

        Assert.Equal(
            [(3, 11), (8, 5), (11, 17), (12, 33), (13, 11), (15, 9)],
            found.Findings.Select(one => (one.What.Position.Line, one.What.Position.Column)));
        Assert.Equal([true, true, true, false, true, true], found.Findings.Select(one => one.IsError));
    }

    [Fact]
    public async Task A_file_without_errors_is_handed_on_with_its_warnings()
    {
        CheckedConfiguration found = await CheckAsync(
            "<service><name>p</name><type>proxy</type><accept>ws://localhost:1/</accept><connect>tcp://lost.example:1</connect></service>", new CheckOptions { IsStart = true });

        Assert.Equal("p", Assert.Single(found.Configuration!.Services).Name);
        Assert.False(Assert.Single(found.Findings).IsError);
    }

    [Fact]
    public async Task Findings_without_end_are_cut_off()
    {
        string services = string.Concat(Enumerable.Range(0, 500).Select(i => $"<service><name>s{i}</name><type>echo</type>\n<accept>tcp://192.0.2.1:{i + 1}</accept></service>"));

        CheckedConfiguration found = await CheckAsync(services, new CheckOptions());

        Assert.Equal(201, found.Findings.Length);
        Assert.EndsWith("There are more than 200 findings. Mend the ones above first.", found.Findings[^1].What.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_read_at_all_is_one_error()
    {
        CheckedConfiguration found = await ConfigurationCheck.RunAsync(Path.Combine(_directory.Path, "none.xml"), new CheckOptions(), CancellationToken.None);

        Assert.Null(found.Configuration);
        Assert.Equal("There is no such file.", Assert.Single(found.Findings).What.Problem);
    }

    private Task<CheckedConfiguration> CheckAsync(string content, CheckOptions options)
    {
        string file = Path.Combine(_directory.Path, "g.xml");
        File.WriteAllText(file, ConfigurationText.Around(content));
        return ConfigurationCheck.RunAsync(
            file, options with { Parameters = ConfigurationText.Nothing, WebDirectory = _directory.Path, Resolve = ResolveAsync }, CancellationToken.None);
    }

    private static Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancellation) => name == "found.example"
        ? Task.FromResult<IPAddress[]>([IPAddress.Loopback])
        : Task.FromException<IPAddress[]>(new SocketException((int)SocketError.HostNotFound));

    private static IEnumerable<(int Line, bool IsError, string Words)> Expected(bool start, bool lenient)
    {
        for (int i = 0; i < s_everything.Length; i++)
        {
            int mark = s_everything[i].IndexOf("<!-- ", StringComparison.Ordinal);
            if (mark >= 0)
            {
                // The content begins in line 2.
                string words = s_everything[i][(mark + 8)..^4];
                char kind = s_everything[i][mark + 5];
                yield return (i + 2, kind == 'E' || (kind == 'N' && start) || (kind == 'S' && start && !lenient), words.Trim());
            }
        }
    }

    private static string Pattern(string words) => System.Text.RegularExpressions.Regex.Escape(words).Replace(@"\*:", ".*:", StringComparison.Ordinal).Replace(@"\*", ".*", StringComparison.Ordinal);
}
