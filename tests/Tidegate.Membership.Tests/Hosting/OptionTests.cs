using System.Net;
using Tidegate.Membership.Hosting;

namespace Tidegate.Membership.Tests.Hosting;

/// <summary>Options that make no sense are refused before anything is opened, each by its name and with what would be right.</summary>
public sealed class OptionTests
{
    private const string Key = "AAECAwQFBgcICQoLDA0ODw==";

    private static readonly MemberOptions Good = new() { ClusterName = "test", Listen = new IPEndPoint(IPAddress.Loopback, 7946) };

    public static TheoryData<string, string> Wrong => new()
    {
        { "no name of the cluster", "ClusterName is empty" },
        { "a long name of the cluster", "ClusterName has at most 255 bytes in UTF-8, not 256" },
        { "any IPv4 address", "Listen is 0.0.0.0:7946" },
        { "any IPv6 address", "Listen is [::]:7946" },
        { "any address, mapped", "Give one of this machine's own" },
        { "a multicast address", "Listen is 239.1.2.3:7946" },
        { "the broadcast address", "Listen is 255.255.255.255:7946" },
        { "a mapped address", "Write 127.0.0.1" },
        { "any address besides", "AdditionalListens[1] is [::]:7946" },
        { "a mapped address besides", "AdditionalListens[0] is [::ffff:127.0.0.1]:7946, an IPv4 address in IPv6 form. Write 127.0.0.1." },
        { "the same address besides", "AdditionalListens[0] is 127.0.0.1:7946, where this member listens already" },
        { "too many addresses besides", "AdditionalListens has 64 places; 63 are allowed" },
        { "an empty name", "Name has 1 to 512 bytes" },
        { "a long name", "has 513" },
        { "a long label", "Label has at most 255 bytes" },
        { "no time to live", "MulticastTimeToLive is from 1 to 255, not 0" },
        { "a seed without a port", "Discovery: \"tcp://here\"" },
        { "two groups", "more than one udp://" },
        { "beacons to its own port", "Use another port" },
        { "a short interval", "ProbeInterval is from 20 ms to 60,000 ms, not 19 ms" },
        { "a time-out as long as the interval", "ProbeTimeout is from 5 ms to 199 ms, not 200 ms" },
        { "a long retention", "Retention is from 1,000 ms" },
        { "tags in a plain cluster", "leave Tags empty" },
        { "a tag of the library", "The tag 'cn' is set by the library" },
        { "a broken key", "Keys[1]: A key is" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void What_makes_no_sense_is_refused_by_its_name(string what, string expected)
    {
        MemberOptions options = what switch
        {
            "no name of the cluster" => Good with { ClusterName = "" },
            "a long name of the cluster" => Good with { ClusterName = new string('ü', 128) },
            "any IPv4 address" => Listen(IPAddress.Any),
            "any IPv6 address" => Listen(IPAddress.IPv6Any),
            "any address, mapped" => Listen(IPAddress.Any.MapToIPv6()),
            "a multicast address" => Listen(IPAddress.Parse("239.1.2.3")),
            "the broadcast address" => Listen(IPAddress.Broadcast),
            "a mapped address" => Listen(IPAddress.Loopback.MapToIPv6()),
            "any address besides" => Besides("127.0.0.2:7946", "[::]:7946"),
            "a mapped address besides" => Besides("[::ffff:127.0.0.1]:7946"),
            "the same address besides" => Besides("127.0.0.1:7946"),
            "too many addresses besides" => Besides([.. Enumerable.Repeat("127.0.0.1:0", 64)]),
            "an empty name" => Good with { Name = "" },
            "a long name" => Good with { Name = new string('n', 513) },
            "a long label" => Good with { Label = new string('l', 256) },
            "no time to live" => Good with { MulticastTimeToLive = 0 },
            "a seed without a port" => Good with { Discovery = ["tcp://here"] },
            "two groups" => Good with { Discovery = ["udp://239.1.2.3:7947", "udp://239.1.2.4:7947"] },
            "beacons to its own port" => Good with { Discovery = ["udp://members.example:7946"] },
            "a short interval" => Good with { ProbeInterval = TimeSpan.FromMilliseconds(19) },
            "a time-out as long as the interval" => Good with { ProbeTimeout = TimeSpan.FromMilliseconds(200) },
            "a long retention" => Good with { Retention = TimeSpan.FromDays(367) },
            "tags in a plain cluster" => Good with { Mode = MemberMode.Plain, Tags = new Dictionary<string, string> { ["a"] = "b" } },
            "a tag of the library" => Good with { Tags = new Dictionary<string, string> { ["cn"] = "b" } },
            "a broken key" => Good with { Keys = [Key, "AAEC"] },
            _ => throw new ArgumentOutOfRangeException(nameof(what)),
        };
        ArgumentException refused = Assert.Throws<ArgumentException>(() => OptionChecks.Check(options));
        Assert.Contains(expected, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("AAEC", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_makes_sense_is_taken()
    {
        OptionChecks.Check(Good);
        OptionChecks.Check(Good with
        {
            ClusterName = new string('c', 255),
            Name = new string('n', 512),
            Label = new string('l', 255),
            Discovery = ["tcp://seed.example:7946", "tcp://[::1]:7946", "udp://239.1.2.3:7946"],
            Keys = [Key],
            Tags = new Dictionary<string, string> { ["role"] = "gateway" },
            Retention = TimeSpan.FromDays(366),
            ProbeTimeout = TimeSpan.FromMilliseconds(199),
        });
    }

    private static MemberOptions Besides(params string[] listens) => Good with { AdditionalListens = [.. listens.Select(listen => IPEndPoint.Parse(listen))] };

    private static MemberOptions Listen(IPAddress address) => Good with { Listen = new IPEndPoint(address, 7946) };
}
