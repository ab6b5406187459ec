using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Tidegate.Gateway.Checking;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Configuration;
using static Tidegate.Gateway.Tests.Configuration.ConfigurationText;

namespace Tidegate.Gateway.Tests.Cluster;

/// <summary>
/// The messages of the old gateway about a cluster, each on the condition that docs/spec/compat.md gives it. They are read from there, so a
/// message without a case here fails. What differs on purpose is a case too, and docs/migrating.md says it.
/// </summary>
public sealed partial class OldClusterMessageTests : IDisposable
{
    private const string Accept = "<accept>tcp://127.0.0.1:5942</accept>";
    private const string AwsKeys = "<connect-options><aws.access-key-id>i</aws.access-key-id><aws.secret-key>s</aws.secret-key></connect-options>";

    /// <summary>What is in <c>cluster</c>, by the message, and the words that are then said.</summary>
    private static readonly Dictionary<string, (string Content, string Words)[]> s_said = new()
    {
        ["Invalid URL in the cluster configuration:<member>"] =
        [
            ("<accept>h:1</accept>", "Invalid URL in the cluster configuration:h:1"),
            (Accept + "<connect>h</connect>", "Invalid URL in the cluster configuration:h"),
            ("<accept>tcp://:1</accept>", "Invalid URL in the cluster configuration:tcp://:1"),
        ],
        ["Invalid port number specified for <accept>: <member>"] =
        [
            ("<accept>tcp://h</accept>", "Invalid port number specified for <accept>: tcp://h"),
            (Accept + "<connect>tcp://h</connect>", "Invalid port number specified for <connect>: tcp://h"),
            (Accept + "<connect>udp://224.2.2.44:0</connect>", "Invalid port number specified for <connect>: udp://224.2.2.44:0"),
        ],
        ["Invalid scheme S in the URL for <accept> in <member>"] =
        [
            ("<accept>http://h:1</accept>", "Invalid scheme http in the URL for <accept> in http://h:1"),
            (Accept + "<connect>ws://h:1</connect>", "Invalid scheme ws in the URL for <connect> in ws://h:1"),
        ],
        ["No network interfaces specified in the gateway configuration"] = [("", "No network interfaces specified in the gateway configuration")],
        ["Cannot accept on a multicast or aws address, use unicast address starting with tcp://"] =
        [
            ("<accept>udp://224.2.2.44:1</accept>", "Cannot accept on a multicast or aws address, use unicast address starting with tcp://"),
            ("<accept>aws://security-group:1</accept>", "Cannot accept on a multicast or aws address, use unicast address starting with tcp://"),
        ],
        ["Port numbers on the network interfaces in <accept> do not match"] =
            [("<accept>tcp://h:1</accept><accept>tcp://i:2</accept>", "Port numbers on the network interfaces in <accept> do not match")],
        ["Conflicting multicast discovery addresses in cluster configuration"] =
            [(Accept + "<connect>udp://h:1</connect><connect>udp://i:1</connect>", "Conflicting multicast discovery addresses in cluster configuration")],
    };

    /// <summary>In place of these, whatever stands around <c>aws://</c>, one message names what finds members that come and go.</summary>
    private static readonly Dictionary<string, string> s_aws = new()
    {
        ["Invalid scheme aws in the URL for <connect> in <uri>"] = Accept + "<connect>aws://security-group:5942/g</connect>" + AwsKeys,
        ["Missing <connect-options> in <cluster> when using auto-discovery"] = Accept + "<connect>aws://security-group:5942/g</connect>",
        ["Only one <connect> tag should be specified in <cluster> for auto-discovery"] = Accept + "<connect>aws://security-group:5942/g</connect><connect>tcp://i:5942</connect>" + AwsKeys,
        ["Port numbers on the network interface in <accept> and the member in <connect> do not match"] = Accept + "<connect>aws://security-group:1/g</connect>" + AwsKeys,
        ["Invalid host '<h>' specified in the URI <uri> instead of 'security-group'"] = Accept + "<connect>aws://h:5942/g</connect>" + AwsKeys,
        ["Missing <aws.access-key-id> element in the <connect-options>"] =
            Accept + "<connect>aws://security-group:5942/g</connect><connect-options><aws.secret-key>s</aws.secret-key></connect-options>",
        ["Missing <aws.secret-key> element in the <connect-options>"] =
            Accept + "<connect>aws://security-group:5942/g</connect><connect-options><aws.access-key-id>i</aws.access-key-id></connect-options>",
    };

    private readonly ScratchDirectory _directory = new();

    /// <summary>Every message of the table, less what stands in brackets.</summary>
    public static TheoryData<string> Messages =>
        [.. Rows().SelectMany(row => Inventory.Names(Aside().Replace(row[1], "")))];

    /// <summary>The lines that the log had beside the messages.</summary>
    public static TheoryData<string> Lines =>
        [.. Rows().SelectMany(row => Aside().Matches(row[1])).Where(aside => aside.Value[0] == '[').SelectMany(aside => Inventory.Names(aside.Value))];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task Every_message_about_a_cluster_is_said_on_its_condition(string message)
    {
        if (s_said.TryGetValue(message, out (string Content, string Words)[]? cases))
        {
            Assert.All(cases, one => Assert.Contains(ErrorsIn(Cluster(one.Content)), said => said.Contains(one.Words, StringComparison.Ordinal)));
            return;
        }

        if (s_aws.TryGetValue(message, out string? content))
        {
            ConfigurationError only = Assert.Single(Assert.Throws<ConfigurationException>(() => Read(Cluster(content)).Servable(lenient: false)).Errors);
            Assert.Equal("Tidegate does not serve discovery by aws:// yet.", only.Problem);
            Assert.Contains("Let a DNS name stand for all members, and write <connect>tcp://NAME:", only.Cure, StringComparison.Ordinal);
            return;
        }

        await (message switch
        {
            "Invalid name in the cluster configuration" => ABlankNameAsync(message),
            _ when message.StartsWith("No cluster members specified", StringComparison.Ordinal) => AnAcceptAloneAsync(),
            _ when message.StartsWith("ERROR: Cluster member accept url", StringComparison.Ordinal) => AnAddressOfIPv6Async(),
            _ when message.StartsWith("Multicast cluster configuration not supported on AWS", StringComparison.Ordinal) => MulticastAtAmazonAsync(),
            "Unable to initialize cluster due to an exception: E" => APortInUseAsync(),
            _ => throw new Xunit.Sdk.XunitException($"No case here has this message of docs/spec/compat.md: {message}"),
        });
    }

    [Theory]
    [MemberData(nameof(Lines))]
    public void The_lines_that_stood_beside_the_messages_are_said_to_be_left_out(string line) =>
        Assert.Contains($"`{Regex.Replace(line.Replace("{}", "…", StringComparison.Ordinal), "( …)+$", " …")}`", File.ReadAllText(Repository.File("docs", "migrating.md")), StringComparison.Ordinal);

    [Fact]
    public void There_are_as_many_messages_as_cases()
    {
        Assert.Equal(s_said.Count + s_aws.Count + 5, Messages.Count);
        Assert.Equal(4, Lines.Count);
    }

    private static Task ABlankNameAsync(string message)
    {
        Assert.Contains(ErrorsIn($"<cluster><name> </name>{Accept}</cluster>"), said => said.Contains(message, StringComparison.Ordinal));
        return Task.CompletedTask;
    }

    /// <summary>The old gateway had the message and never came to it: who has no connect waits to be found.</summary>
    private async Task AnAcceptAloneAsync() => Assert.Empty(await CheckAsync(Accept));

    private async Task AnAddressOfIPv6Async()
    {
        Assert.Empty(await CheckAsync("<accept>tcp://[::1]:5942</accept><connect>tcp://[::1]:5943</connect>"));
        GatewayConfiguration read = Read(Cluster("<accept>tcp://[::1]:5942</accept>") + ClusteredGateway.Echo());
        await using ClusteredGateway gateway = await ClusteredGateway.StartAsync(
            read with { Cluster = read.Cluster! with { Accepts = [read.Cluster.Accepts[0] with { Port = 0 }] } }, null);
        Assert.StartsWith("/[::1]:", gateway.Id, StringComparison.Ordinal);
    }

    private async Task MulticastAtAmazonAsync()
    {
        const string Group = Accept + "\n<connect>udp://224.2.2.44:54327</connect>";
        Assert.Empty(await CheckAsync(Group));

        _directory.Write("bios_version", "4.11.amazon\n");
        ConfigurationFinding found = Assert.Single(await CheckAsync(Group));
        Assert.False(found.IsError);
        Assert.EndsWith(
            ":3:10: Multicast cluster configuration not supported on AWS, unless a transit gateway passes it on. "
            + "If members do not find each other, let a DNS name stand for all of them, and write <connect>tcp://NAME:5942</connect>.",
            found.What.ToString(), StringComparison.Ordinal);
        Assert.Empty(await CheckAsync(Accept + "<connect>udp://127.0.0.1:54327</connect>"));
    }

    private static async Task APortInUseAsync()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        GatewayConfiguration read = Read(Cluster($"<accept>tcp://{other.LocalEndpoint}</accept>") + ClusteredGateway.Echo());
        string message = (await Assert.ThrowsAsync<GatewayStartException>(() => ClusteredGateway.StartAsync(read, null))).Message;
        Assert.StartsWith("test.xml:2:1: Unable to initialize cluster due to an exception: ", message, StringComparison.Ordinal);
        Assert.Contains($"port {((IPEndPoint)other.LocalEndpoint).Port} of 127.0.0.1 is in use by another program", message, StringComparison.Ordinal);
    }

    private async Task<ConfigurationFinding[]> CheckAsync(string content)
    {
        string file = _directory.Write("conf.xml", Around(Cluster(content) + ClusteredGateway.Echo("", "ws://127.0.0.1:8000/echo")));
        CheckedConfiguration found = await ConfigurationCheck.RunAsync(
            file, new CheckOptions { IsStart = true, Parameters = Nothing, MachineDirectory = _directory.Path }, CancellationToken.None);
        return [.. found.Findings];
    }

    private static string Cluster(string content) => $"<cluster><name>c</name>{content}</cluster>";

    private static IEnumerable<string[]> Rows() => Inventory.Rows("5.2", "| ").Where(row => row[0] != "Condition");

    /// <summary>What stands in round or square brackets; neither has others inside.</summary>
    [GeneratedRegex(@"\([^()]*\)|\[[^\[\]]*\]")]
    private static partial Regex Aside();
}
