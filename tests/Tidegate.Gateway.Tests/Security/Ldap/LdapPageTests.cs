using System.Globalization;
using System.Net;

namespace Tidegate.Gateway.Tests.Security.Ldap;

/// <summary>The login module <c>ldap</c> as docs/logins.md prints it, in a gateway, with clients.</summary>
public sealed class LdapPageTests(SlapdServer slapd) : IClassFixture<SlapdServer>, IDisposable
{
    private readonly ScratchDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("joe", "welcome", 200)]
    [InlineData("žofie", "pässwörd €", 401)]
    [InlineData("joe", "guess", 401)]
    [InlineData("jane", "welcome", 401)]
    [InlineData("*", "welcome", 401)]
    public async Task Those_whom_the_directory_knows_and_who_are_in_the_group_get_in(string user, string password, int status)
    {
        await using GatewayServer gateway = await StartAsync(slapd.TlsPort);

        using HttpResponseMessage response = await LoginPage.GetAsync(gateway, user, password);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task While_the_directory_is_away_clients_are_told_to_come_back_later()
    {
        using var closed = new StandInDirectory(_ => null);
        await using GatewayServer gateway = await StartAsync(closed.Port);

        using HttpResponseMessage response = await LoginPage.GetAsync(gateway, "joe", "welcome");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    private Task<GatewayServer> StartAsync(int port)
    {
        _directory.Write("truststore.pem", slapd.Authority.Pem);
        string module = LoginPage.Module("ldap").Replace("ldaps://ldap.example.com/", string.Create(CultureInfo.InvariantCulture, $"ldaps://127.0.0.1:{port}/"), StringComparison.Ordinal);
        return LoginPage.StartAsync(_directory, module, "TRADERS", "<truststore><file>truststore.pem</file></truststore>");
    }
}
