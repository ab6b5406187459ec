using System.Text;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Engine.Tls;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Tests.Security;

/// <summary>What docs/logins.md prints, in a gateway that serves a page and an echo to those who log in, and an echo to everybody.</summary>
internal static partial class LoginPage
{
    /// <summary>The one login module of a type that the page has.</summary>
    internal static string Module(string type) => Block().Matches(File.ReadAllText(Repository.File("docs", "logins.md")))
        .Select(block => block.Groups[1].Value)
        .Single(block => block.StartsWith("<login-module>", StringComparison.Ordinal) && block.Contains($"<type>{type}</type>", StringComparison.Ordinal));

    /// <summary>Starts a gateway.</summary>
    /// <param name="directory">Where its files are.</param>
    /// <param name="modules">The login modules of its realm.</param>
    /// <param name="role">The role that is required.</param>
    /// <param name="stores">What <c>security</c> begins with.</param>
    /// <param name="scheme">How the page is served.</param>
    /// <param name="acceptOptions">How clients are accepted.</param>
    /// <param name="logger">Gets its log, or null.</param>
    /// <param name="library">What speaks TLS.</param>
    /// <param name="challenge">How clients are asked.</param>
    internal static Task<GatewayServer> StartAsync(
        ScratchDirectory directory, string modules, string role = "*", string stores = "", string scheme = "http", string acceptOptions = "", ILoggerFactory? logger = null,
        TlsLibrary library = TlsLibrary.Automatic, string challenge = "Basic")
    {
        directory.Write("page.txt", "a page");
        GatewayConfiguration configuration = ConfigurationReader.Parse(
            $"""
            <gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
              <security>
                {stores}
                <realm>
                  <name>demo</name>
                  <authentication>
                    <http-challenge-scheme>{challenge}</http-challenge-scheme>
                    <login-modules>{modules}</login-modules>
                  </authentication>
                </realm>
              </security>
              <service>
                <name>pages</name>
                <accept>{scheme}://127.0.0.1:0/</accept>
                <type>directory</type>
                <properties><directory>/</directory></properties>
                <accept-options>{acceptOptions}</accept-options>
                <realm-name>demo</realm-name>
                <authorization-constraint><require-role>{role}</require-role></authorization-constraint>
              </service>
              <service>
                <name>echo</name>
                <accept>{(scheme == "https" ? "wss" : "ws")}://127.0.0.1:0/echo</accept>
                <type>echo</type>
                <accept-options>{acceptOptions}</accept-options>
                <realm-name>demo</realm-name>
                <authorization-constraint><require-role>{role}</require-role></authorization-constraint>
              </service>
              <service>
                <name>open</name>
                <accept>{(scheme == "https" ? "wss" : "ws")}://127.0.0.1:0/open</accept>
                <type>echo</type>
                <accept-options>{acceptOptions}</accept-options>
              </service>
            </gateway-config>
            """,
            Path.Combine(directory.Path, "gateway-config.xml"));
        Assert.Empty(configuration.AllUnserved);
        return GatewayServer.StartAsync(
            configuration, new GatewayServerOptions { WebDirectory = directory.Path, Loops = 1, TlsLibrary = library }, logger ?? NullLoggerFactory.Instance, CancellationToken.None);
    }

    /// <summary>Asks for the page; the status.</summary>
    internal static async Task<HttpResponseMessage> GetAsync(GatewayServer gateway, string user, string password)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{gateway.Served[0].Port}/page.txt");
        request.Headers.Add("Authorization", "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        return await client.SendAsync(request);
    }

    [GeneratedRegex("```xml\n((?:.*\n)*?)```\n")]
    private static partial Regex Block();
}
