using System.Net;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Cluster;

public sealed class ClusterAddressesTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("localhost", "127.0.0.1")]
    [InlineData("@lo", "127.0.0.1")]
    [InlineData("[@lo]", "127.0.0.1")]
    public async Task A_host_stands_for_one_address_of_this_machine(string host, string address) =>
        Assert.Equal(IPEndPoint.Parse($"{address}:5942"), await ClusterAddresses.ResolveAsync(Accept(host), CancellationToken.None));

    [Fact]
    public async Task An_interface_stands_for_all_of_its_addresses_and_a_further_accept_for_more()
    {
        ClusterPlaces places = await ClusterAddresses.ResolveAllAsync([Accept("@lo"), Accept("127.0.0.9"), Accept("127.0.0.1")], CancellationToken.None);

        Assert.Equal(IPEndPoint.Parse("127.0.0.1:5942"), places.Listens[0]);
        Assert.Equal(LocalAddresses.Of(new InterfaceName("lo")).Append(IPAddress.Parse("127.0.0.9")), places.Listens.Select(one => one.Address));
        Assert.All(places.Listens, one => Assert.Equal(5942, one.Port));
        Assert.Empty(places.LeftOut);
    }

    [Fact]
    public async Task More_addresses_than_a_member_listens_at_are_refused_with_their_number()
    {
        IEnumerable<ClusterAddress> accepts = Enumerable.Range(1, ClusterAddresses.Maximum + 1).Select(i => Accept($"127.0.1.{i}"));

        Assert.Equal(
            "<accept> in <cluster> stands for 65 addresses, and a member listens at 64 at most. Name those at which the others reach this gateway.",
            (await Assert.ThrowsAsync<GatewayStartException>(() => ClusterAddresses.ResolveAllAsync(accepts, CancellationToken.None))).Message);
    }

    [Theory]
    [InlineData("@no-such0", "The interface name no-such0 is not recognized.")]
    // 192.0.2.0/24 and 2001:db8::/32 are for documentation (RFC 5737, RFC 3849): nobody has them.
    [InlineData("192.0.2.1", "No network interface of this machine has the address 192.0.2.1.")]
    [InlineData("[2001:db8::1]", "No network interface of this machine has the address 2001:db8::1.")]
    [InlineData("a b", "\"a b\" in \"tcp://a b:5942\" is not a host name.")]
    public void What_this_machine_does_not_have_is_wrong(string host, string problem) => Assert.Equal(problem, ClusterAddresses.FaultOf(Accept(host))!.Problem);

    [Fact]
    public async Task A_name_that_stands_for_nothing_is_named() =>
        Assert.StartsWith(
            "Unable to resolve DNS name: no-such-host.invalid (in tcp://no-such-host.invalid:5942).",
            (await Assert.ThrowsAsync<GatewayStartException>(() => ClusterAddresses.ResolveAsync(Accept("no-such-host.invalid"), CancellationToken.None))).Message,
            StringComparison.Ordinal);

    [Theory]
    [InlineData("192.168.2.10", "fe80::1", "2001:db8::1", "192.168.2.10")]
    [InlineData("2001:db8::1", "fe80::1", "169.254.1.1", "2001:db8::1")]
    [InlineData("127.0.0.1", "fe80::1", "169.254.1.1", "169.254.1.1")]
    [InlineData("127.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.2")]
    public void Of_several_the_first_global_one_is_told_to_others_ipv4_before_ipv6(string first, string second, string third, string told) =>
        Assert.Equal(IPAddress.Parse(told), ClusterAddresses.Preferred([IPAddress.Parse(first), IPAddress.Parse(second), IPAddress.Parse(third)]));

    [Theory]
    [InlineData("192.168.2.11", "192.168.2.11", true)]
    [InlineData("10.0.0.1", "192.168.2.11", true)]
    [InlineData("2001:db8::1", "192.168.2.11", true)]
    [InlineData("127.0.0.1", "192.168.2.11", false)]
    [InlineData("::1", "192.168.2.11", false)]
    [InlineData("::ffff:127.0.0.2", "192.168.2.11", false)]
    // A member that says that it is at this machine's own loopback address.
    [InlineData("127.0.0.1", "127.0.0.1", false)]
    [InlineData("0.0.0.0", "192.168.2.11", false)]
    [InlineData("::ffff:0.0.0.0", "192.168.2.11", false)]
    [InlineData("::", "192.168.2.11", false)]
    [InlineData("169.254.169.254", "192.168.2.11", false)]
    [InlineData("fe80::1", "192.168.2.11", false)]
    [InlineData("224.0.0.1", "192.168.2.11", false)]
    [InlineData("255.255.255.255", "192.168.2.11", false)]
    [InlineData("ff02::1", "192.168.2.11", false)]
    public void A_member_can_not_send_this_gateway_to_what_only_this_machine_reaches(string service, string member, bool may) =>
        Assert.Equal(may, ClusterAddresses.MayServe(IPAddress.Parse(service), IPAddress.Parse(member), IPAddress.Parse("192.168.2.10")));

    [Theory]
    [InlineData("127.0.0.2", "127.0.0.1")]
    [InlineData("169.254.1.2", "169.254.1.1")]
    public void Members_that_all_have_such_addresses_serve_at_them(string other, string own) =>
        Assert.True(ClusterAddresses.MayServe(IPAddress.Parse(other), IPAddress.Parse(other), IPAddress.Parse(own)));

    private static ClusterAddress Accept(string host) => new("tcp", host, 5942, "");
}
