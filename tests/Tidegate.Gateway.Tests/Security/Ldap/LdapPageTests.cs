using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Security.Ldap;

/// <summary>The login module <c>ldap</c> as docs/logins.md prints it, in a gateway, with clients.</summary>
public sealed partial class LdapPageTests(SlapdServer slapd) : IClassFixture<SlapdServer>, IDisposable
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
        await using GatewayServer gateway = await StartAsync(string.Create(CultureInfo.InvariantCulture, $"ldaps://127.0.0.1:{slapd.TlsPort}/"));

        using HttpResponseMessage response = await GetAsync(gateway, user, password);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task While_the_directory_is_away_clients_are_told_to_come_back_later()
    {
        using var closed = new StandInDirectory(_ => null);
        await using GatewayServer gateway = await StartAsync(string.Create(CultureInfo.InvariantCulture, $"ldaps://127.0.0.1:{closed.Port}/"));

        using HttpResponseMessage response = await GetAsync(gateway, "joe", "welcome");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        Assert.NotNull(response.Headers.RetryAfter);
    }

    private static async Task<HttpResponseMessage> GetAsync(GatewayServer gateway, string user, string password)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{gateway.Served[0].Port}/page.txt");
        request.Headers.Add("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        return await client.SendAsync(request);
    }

    private Task<GatewayServer> StartAsync(string provider)
    {
        string page = File.ReadAllText(Repository.File("docs", "logins.md"));
        string module = Block().Matches(page).Select(block => block.Groups[1].Value).Single(block => block.Contains("<type>ldap</type>", StringComparison.Ordinal))
            .Replace("ldaps://ldap.example.com/", provider, StringComparison.Ordinal);
        _directory.Write("truststore.pem", slapd.Authority.Pem);
        _directory.Write("page.txt", "a page");
        GatewayConfiguration configuration = ConfigurationReader.Parse(
            $"""
            <gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
              <security>
                <truststore><file>truststore.pem</file></truststore>
                <realm>
                  <name>demo</name>
                  <authentication>
                    <http-challenge-scheme>Basic</http-challenge-scheme>
                    <login-modules>{module}</login-modules>
                  </authentication>
                </realm>
              </security>
              <service>
                <name>pages</name>
                <accept>http://127.0.0.1:0/</accept>
                <type>directory</type>
                <properties><directory>/</directory></properties>
                <realm-name>demo</realm-name>
                <authorization-constraint><require-role>TRADERS</require-role></authorization-constraint>
              </service>
            </gateway-config>
            """,
            Path.Combine(_directory.Path, "gateway-config.xml"));
        Assert.Empty(configuration.AllUnserved);
        return GatewayServer.StartAsync(configuration, new GatewayServerOptions { WebDirectory = _directory.Path, Loops = 1 }, NullLoggerFactory.Instance, CancellationToken.None);
    }

    [GeneratedRegex("```xml\n((?:.*\n)*?)```\n")]
    private static partial Regex Block();
}
