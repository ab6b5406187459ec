using Tidegate.Membership.Discovery;

namespace Tidegate.Membership.Tests.Discovery;

public sealed class DiscoveryTargetTests
{
    [Theory]
    [InlineData("tcp://seed.example:7946", DiscoveryKind.Seed, "seed.example", 7946)]
    [InlineData("tcp://10.0.0.1:1", DiscoveryKind.Seed, "10.0.0.1", 1)]
    [InlineData("tcp://[fe80::1%3]:65535", DiscoveryKind.Seed, "fe80::1%3", 65_535)]
    [InlineData("udp://members.example:7947", DiscoveryKind.UnicastBeacon, "members.example", 7947)]
    [InlineData("udp://239.1.2.3:7947", DiscoveryKind.MulticastBeacon, "239.1.2.3", 7947)]
    [InlineData("udp://[ff15::1]:7947", DiscoveryKind.MulticastBeacon, "ff15::1", 7947)]
    internal void Each_form_is_read(string text, DiscoveryKind kind, string host, int port) =>
        Assert.Equal(new DiscoveryTarget(kind, host, port), DiscoveryTarget.Parse(text));

    [Theory]
    [InlineData("seed.example:7946", "neither tcp:// nor udp://")]
    [InlineData("http://seed.example:7946", "neither tcp:// nor udp://")]
    [InlineData("tcp://seed.example", "no port")]
    [InlineData("tcp://[::1]", "no port")]
    [InlineData("tcp://seed.example:0", "1 to 65535")]
    [InlineData("tcp://seed.example:65536", "1 to 65535")]
    [InlineData("tcp://seed.example:-1", "1 to 65535")]
    [InlineData("tcp://seed.example:80/path", "1 to 65535")]
    [InlineData("tcp://fe80::1:7946", "in brackets")]
    [InlineData("tcp://[10.0.0.1]:7946", "in brackets")]
    [InlineData("tcp://[::1:7946", "in brackets")]
    [InlineData("tcp://:7946", "no name and no address")]
    [InlineData("tcp://a b:7946", "no name and no address")]
    [InlineData("tcp://239.1.2.3:7946", "has no TCP")]
    public void What_is_wrong_is_named_with_what_would_be_right(string text, string what)
    {
        FormatException exception = Assert.Throws<FormatException>(() => DiscoveryTarget.Parse(text));
        Assert.Contains($"\"{text}\"", exception.Message, StringComparison.Ordinal);
        Assert.Contains(what, exception.Message, StringComparison.Ordinal);
        Assert.Contains("Right would be tcp://", exception.Message, StringComparison.Ordinal);
    }
}
