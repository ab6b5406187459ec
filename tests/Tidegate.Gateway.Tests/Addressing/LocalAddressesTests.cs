using System.Collections.Immutable;
using System.Net;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Services.Echo;

namespace Tidegate.Gateway.Tests.Addressing;

public sealed class LocalAddressesTests
{
    [Theory]
    [InlineData("lo")]
    [InlineData("LO")]
    public void An_interface_stands_for_all_of_its_addresses(string name)
    {
        ImmutableArray<IPAddress> addresses = LocalAddresses.Of(new InterfaceName(name));

        Assert.Equal(IPAddress.Loopback, addresses[0]);
        Assert.Equal(File.Exists("/proc/net/if_inet6") && File.ReadLines("/proc/net/if_inet6").Any(line => line.EndsWith(" lo", StringComparison.Ordinal)), addresses.Contains(IPAddress.IPv6Loopback));
    }

    [Fact]
    public void An_interface_that_is_not_there_has_no_addresses() => Assert.Empty(LocalAddresses.Of(new InterfaceName("no-such0")));

    [Theory]
    [InlineData("ws://@lo:0/")]
    [InlineData("ws://127.0.0.1:0/")]
    // All of 127.0.0.0/8 is this machine's, though no interface lists it.
    [InlineData("ws://127.1.2.3:0/")]
    [InlineData("ws://0.0.0.0:0/")]
    [InlineData("ws://*:0/")]
    [InlineData("ws://no-such-host.invalid:0/")]
    public void What_this_machine_has_and_what_a_resolver_would_have_to_say_is_not_an_error(string accept) =>
        Assert.Empty(LocalAddresses.Check(Configuration(accept)));

    [Theory]
    [InlineData("tcp://@no-such0:1", "The interface name no-such0 is not recognized.")]
    [InlineData("tcp://[@no such:0]:1", "The interface name no such:0 is not recognized.")]
    // 192.0.2.0/24 and 2001:db8::/32 are for documentation (RFC 5737, RFC 3849): nobody has them.
    [InlineData("tcp://192.0.2.1:1", "No network interface of this machine has the address 192.0.2.1.")]
    [InlineData("tcp://[2001:db8::1]:1", "No network interface of this machine has the address 2001:db8::1.")]
    public void What_this_machine_does_not_have_is_an_error_that_lists_what_there_is(string accept, string problem)
    {
        ConfigurationError error = Assert.Single(LocalAddresses.Check(Configuration(accept)));

        Assert.Equal(new SourcePosition("test.xml", 7, 3), error.Position);
        Assert.Equal(problem, error.Problem);
        Assert.Contains("lo (127.0.0.1", error.Cure, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_a_bind_option_holds_it_alone_is_looked_at()
    {
        GatewayConfiguration configuration = Configuration("tcp://192.0.2.1:1", ("tcp", "127.0.0.1:0"));
        Assert.Empty(LocalAddresses.Check(configuration));

        configuration = Configuration("tcp://127.0.0.1:1", ("tcp", "@no-such0:0"));
        Assert.Equal("The interface name no-such0 is not recognized.", Assert.Single(LocalAddresses.Check(configuration)).Problem);
    }

    private static GatewayConfiguration Configuration(string accept, params (string Layer, string Bind)[] binds) => new(
        "test.xml",
        [
            new ServiceConfiguration
            {
                Name = "echo",
                Type = "echo",
                Accepts = [new ServiceAddress(GatewayUri.Parse(accept, UriUse.Accept), new SourcePosition("test.xml", 7, 3))],
                AcceptOptions = new AcceptOptions
                {
                    Binds = binds.ToImmutableDictionary(
                        bind => bind.Layer, bind => BindAddress.TryParse(bind.Bind, out BindAddress? read, out _) ? read : throw new FormatException(bind.Bind)),
                },
                ConnectOptions = new ConnectOptions(),
                Options = new EchoOptions(),
                Position = new SourcePosition("test.xml", 6, 1),
            },
        ],
        []);
}
