using System.Collections.Immutable;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>The login module <c>ip-filter</c>.</summary>
public sealed class IpFilterTests : IDisposable
{
    private readonly UsersFile _users = new();

    public void Dispose() => _users.Dispose();

    [Theory]
    [InlineData("10.0.0.0/8 192.0.2.7", null, "10.255.0.1", true)]
    [InlineData("10.0.0.0/8, 192.0.2.7", null, "192.0.2.7", true)]
    [InlineData("10.0.0.0/8 192.0.2.7", null, "192.0.2.8", false)]
    [InlineData("10.0.0.0/8", null, "::ffff:10.0.0.1", true)]
    [InlineData("10.0.0.0/8", null, "::ffff:11.0.0.1", false)]
    [InlineData("10.0.0.0/8", null, "fd00::1", false)]
    [InlineData("fd00::/8", null, "fd12::1", true)]
    [InlineData("fe80::/10", null, "fe80::1%7", true)]
    [InlineData("FE80:0::/10", null, "fe80::1", true)]
    [InlineData(null, "10.0.0.0/8", "10.0.0.1", false)]
    [InlineData(null, "10.0.0.0/8", "11.0.0.1", true)]
    [InlineData("10.0.0.0/8", "10.0.0.13", "10.0.0.12", true)]
    [InlineData("10.0.0.0/8", "10.0.0.13", "10.0.0.13", false)]
    [InlineData("0.0.0.0/0", null, "203.0.113.1", true)]
    [InlineData("0.0.0.0/0", null, null, false)]
    [InlineData(null, "10.0.0.1", null, false)]
    public async Task An_address_is_one_that_may_come_in_or_is_not(string? allow, string? deny, string? address, bool mayCome)
    {
        Assert.True(Credentials.TryRead(new Shown(), new CredentialPlaces([], [], []), out Credentials? credentials, out _));

        LoginResult result = await Make(allow, deny).LoginAsync(new LoginAttempt(credentials, address is null ? null : IPAddress.Parse(address)), CancellationToken.None);

        Assert.Equal((mayCome, null), (result.IsSuccess, result.Name));
    }

    [Theory]
    [InlineData(null, "The login module ip-filter has neither <allow> nor <deny>.")]
    [InlineData("example.com", "<allow>: example.com is no address and no network.")]
    [InlineData("10", "<allow>: 10 is no address and no network.")]
    [InlineData("010.0.0.1", "<allow>: 010.0.0.1 is no address and no network.")]
    [InlineData("fe80::1%1", "<allow>: fe80::1%1 is no address and no network.")]
    [InlineData("10.0.0.0/8/8", "<allow>: 10.0.0.0/8/8 is no address and no network.")]
    [InlineData("10.0.0.0/33", "<allow>: 10.0.0.0/33 does not say how many bits its network has.")]
    [InlineData("10.0.0.0/-1", "<allow>: 10.0.0.0/-1 does not say how many bits its network has.")]
    [InlineData("10.0.0.1/8", "<allow>: 10.0.0.1/8 is an address within a network.")]
    [InlineData("::ffff:10.0.0.1", "<allow>: ::ffff:10.0.0.1 is an address of IPv4 in the form of IPv6.")]
    public void What_is_no_network_keeps_the_gateway_from_starting(string? allow, string problem) =>
        Assert.Equal(problem, Assert.Throws<ConfigurationException>(() => Make(allow, null)).Errors[0].Problem);

    [Theory]
    [InlineData("127.0.0.0/8", HttpStatusCode.OK)]
    [InlineData("192.0.2.0/24", HttpStatusCode.Unauthorized)]
    public async Task It_keeps_those_out_who_know_the_password_elsewhere(string network, HttpStatusCode status)
    {
        using var directory = new ScratchDirectory();
        string module = LoginPage.Module("ip-filter");
        Assert.Contains("10.0.0.0/8", module, StringComparison.Ordinal);
        await using GatewayServer gateway = await LoginPage.StartAsync(
            directory,
            module.Replace("10.0.0.0/8", network, StringComparison.Ordinal)
            + $"<login-module><type>file</type><success>required</success><options><file>{_users.Path}</file></options></login-module>");

        using HttpResponseMessage response = await LoginPage.GetAsync(gateway, "joe", "welcome");

        Assert.Equal(status, response.StatusCode);
    }

    private static LoginModuleConfiguration Configuration(string? allow, string? deny) => new()
    {
        Type = "ip-filter",
        Success = LoginModuleSuccess.Requisite,
        Options = [.. new[] { ("allow", allow), ("deny", deny) }.Where(option => option.Item2 is not null).Select(option => new PropertyElement(option.Item1, option.Item2!, []))],
    };

    private ILoginModule Make(string? allow, string? deny)
    {
        using var factory = new LoginModuleFactory(new SecurityConfiguration(), null, TimeProvider.System, NullLogger.Instance);
        return factory.Make(Configuration(allow, deny), _users.Realm("Basic"));
    }
}
