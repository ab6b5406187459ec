using System.Globalization;
using System.Net;
using Tidegate.Gateway.Tests.Clients;

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

    [Fact]
    public async Task While_logins_wait_for_a_silent_directory_sessions_on_the_same_loop_go_on()
    {
        using var silent = new StandInDirectory(_ => []);
        await using GatewayServer gateway = await StartAsync(silent.Port, "<timeout>5 minutes</timeout>");
        using RawClient client = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.Served[0].Port));
        await client.SendAsync(RawClient.Handshake(gateway.Served[0].Port, "/open"));
        Assert.Contains(" 101 ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        Task[] logins = [.. Enumerable.Range(0, 8).Select(i => LoginPage.GetAsync(gateway, $"joe{i}", "welcome"))];
        await silent.WaitForAsync(logins.Length);

        for (int i = 0; i < 100; i++)
        {
            await client.SendAsync(RawClient.Frame(2, "hello"u8));
            (byte first, byte[] payload) = await client.ReadFrameAsync();
            Assert.Equal((0x82, "hello"), (first, System.Text.Encoding.ASCII.GetString(payload)));
        }

        Assert.DoesNotContain(logins, login => login.IsCompleted);
        silent.Dispose();
        await Task.WhenAll(logins);
    }

    private Task<GatewayServer> StartAsync(int port, string timeout = "")
    {
        _directory.Write("truststore.pem", slapd.Authority.Pem);
        string module = LoginPage.Module("ldap").Replace("ldaps://ldap.example.com/", string.Create(CultureInfo.InvariantCulture, $"ldaps://127.0.0.1:{port}/"), StringComparison.Ordinal)
            .Replace("</options>", $"{timeout}</options>", StringComparison.Ordinal);
        return LoginPage.StartAsync(_directory, module, "TRADERS", "<truststore><file>truststore.pem</file></truststore>");
    }
}
