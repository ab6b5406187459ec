using System.Net;
using Tidegate.Gateway.Addressing;

namespace Tidegate.Gateway.Tests.Addressing;

public sealed class BindAddressTests
{
    [Theory]
    [InlineData("8001")]
    [InlineData("localhost:8001")]
    [InlineData("127.0.0.1:8001")]
    [InlineData("[::1]:8001")]
    [InlineData("@eth0:8001")]
    [InlineData("[@eth0:1]:8001")]
    [InlineData("[@Local Area Connection]:8001")]
    [InlineData("*:8001")]
    public void Every_form_reads_back_as_it_was_written(string text)
    {
        Assert.True(BindAddress.TryParse(text, out BindAddress? address, out _));

        Assert.Equal(8001, address.Port);
        Assert.Equal(text, address.ToString());
    }

    [Fact]
    public void A_port_alone_names_no_host()
    {
        Assert.True(BindAddress.TryParse("8001", out BindAddress? address, out _));

        Assert.Null(address.Host);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("localhost:0")]
    public void Port_0_means_any_free_port(string text)
    {
        Assert.True(BindAddress.TryParse(text, out BindAddress? address, out _));

        Assert.Equal(0, address.Port);
    }

    [Fact]
    public void An_address_is_not_a_name()
    {
        Assert.True(BindAddress.TryParse("[::1]:1", out BindAddress? address, out _));

        Assert.Equal(new HostAddress(IPAddress.IPv6Loopback), address.Host);
    }

    [Theory]
    [InlineData("", "\"\" is not a port to bind.")]
    [InlineData("70000", "\"70000\" is not a port to bind.")]
    [InlineData("localhost", "The bind address \"localhost\" has no port.")]
    [InlineData("::1", "There are too many colons in \"::1\".")]
    [InlineData("@eth0", "The bind address \"@eth0\" has no port.")]
    [InlineData("@eth0:1:8001", "There are too many colons in \"@eth0:1:8001\".")]
    public void A_wrong_one_is_refused_with_the_reason(string text, string problem)
    {
        Assert.False(BindAddress.TryParse(text, out _, out TextFault? fault));

        Assert.Equal(problem, fault.Problem);
    }
}
