using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Engine.Tls;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Security;
using Tidegate.Gateway.Tests.Clients;
using Tidegate.Gateway.Tests.Tls;

namespace Tidegate.Gateway.Tests.Security.Certificates;

/// <summary>Logins by certificates, the login module <c>keystore</c> as docs/logins.md prints it, on every way that TLS carries.</summary>
public sealed class CertificateLoginTests : IDisposable
{
    private readonly ScratchDirectory _directory = new();
    private readonly TestAuthority _authority = new();
    private readonly UsersFile _users = new();

    public void Dispose()
    {
        _directory.Dispose();
        _authority.Dispose();
        _users.Dispose();
    }

    /// <summary>The library, the way in, whose certificate, and the status.</summary>
    public static TheoryData<string, string, string, int> Decisions()
    {
        var data = new TheoryData<string, string, string, int>();
        foreach (string library in (string[])["OpenSsl", "SslStream"])
        {
            foreach (string way in (string[])["http", "http2", "websocket", "emulated"])
            {
                data.Add(library, way, "partner", way switch { "websocket" => 101, "emulated" => 201, _ => 200 });
                data.Add(library, way, "stranger", 401);
                data.Add(library, way, "", 401);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Decisions))]
    public async Task Whose_certificate_is_known_gets_in_without_being_asked(string library, string way, string who, int status)
    {
        await using GatewayServer gateway = await StartAsync(LoginPage.Module("keystore"), "PARTNER", Enum.Parse<TlsLibrary>(library));

        Assert.Equal(status, await TryAsync(gateway, way, who));
    }

    [Fact]
    public async Task A_certificate_that_the_truststore_does_not_vouch_for_does_not_come_through_tls()
    {
        using var other = new TestAuthority();
        await using GatewayServer gateway = await StartAsync(LoginPage.Module("keystore"), "PARTNER");
        using X509Certificate2 certificate = other.Issue(["partner"]);

        // TLS 1.3 tells a client only after its own part is done.
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using SslStream stream = await ConnectAsync(gateway, certificate);
            await StatusAsync(stream, "GET /page.txt HTTP/1.1\r\n", gateway, "");
        });
    }

    [Fact]
    public async Task What_a_member_of_the_cluster_shows_is_not_its_clients()
    {
        await using GatewayServer gateway = await StartAsync(LoginPage.Module("keystore"), "PARTNER");

        Assert.Equal(200, await TryAsync(gateway, "http", "partner"));
        Assert.Equal(401, await TryAsync(gateway, "http", "partner", "Tidegate-Hop: 1\r\n"));
    }

    [Theory]
    [InlineData("partner", "", 200)]
    [InlineData("", "joe:welcome", 200)]
    [InlineData("stranger", "joe:welcome", 200)]
    [InlineData("stranger", "joe:wrong", 401)]
    [InlineData("stranger", "", 401)]
    [InlineData("", "", 401)]
    public async Task Who_has_no_certificate_may_be_asked_for_a_password(string who, string password, int status)
    {
        string either = LoginPage.Module("keystore").Replace("required", "sufficient", StringComparison.Ordinal)
            + $"<login-module><type>file</type><success>required</success><options><file>{_users.Path}</file></options></login-module>";
        await using GatewayServer gateway = await StartAsync(either, "*");

        Assert.Equal(status, await TryAsync(gateway, "http", who, password.Length == 0 ? "" : $"Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(password))}\r\n"));
    }

    [Fact]
    public async Task Guesses_beside_a_certificate_are_slowed_down_and_the_certificate_alone_is_not()
    {
        await using GatewayServer gateway = await StartAsync(LoginPage.Module("keystore"), "PARTNER");
        for (int i = 0; i < 3 * LoginThrottle.Free; i++)
        {
            Assert.Equal(401, await TryAsync(gateway, "http", "stranger"));
        }
    }

    [Theory]
    [InlineData("partner", "HTTP/1.1 101 ")]
    [InlineData("stranger", "HTTP/1.1 401 ")]
    public async Task The_handshake_within_a_websocket_sees_the_certificate_too(string who, string answer)
    {
        await using GatewayServer gateway = await StartAsync(LoginPage.Module("keystore"), "PARTNER", challenge: "Application Basic");
        using X509Certificate2 certificate = _authority.Issue([who]);
        await using SslStream stream = await ConnectAsync(gateway, certificate);
        Assert.Equal(101, await StatusAsync(stream, "GET /echo?.kl=Y HTTP/1.1\r\n", gateway, Upgrade + ClientWire.Offer));

        await stream.WriteAsync(ClientWire.Frame(ClientWire.Request()));

        byte[] heard = new byte[4096];
        var text = new StringBuilder();
        while (!text.ToString().Contains("HTTP/1.1 ", StringComparison.Ordinal))
        {
            int read = await stream.ReadAsync(heard);
            Assert.NotEqual(0, read);
            text.Append(Encoding.Latin1.GetString(heard, 0, read));
        }

        Assert.Contains(answer, text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_service_that_asks_for_no_certificate_is_not_started()
    {
        _directory.Write("keystore.pem", _authority.Keystore("127.0.0.1"));

        GatewayConfiguration configuration = ConfigurationReader.Parse(
            $"""
            <gateway-config xmlns="http://xmlns.kaazing.org/2016/06/gateway">
              <security>
                <keystore><file>keystore.pem</file></keystore>
                <realm><name>demo</name><authentication><http-challenge-scheme>Basic</http-challenge-scheme><login-modules>{LoginPage.Module("keystore")}</login-modules></authentication></realm>
              </security>
              <service><name>echo</name><accept>wss://127.0.0.1:0/echo</accept><type>echo</type><realm-name>demo</realm-name></service>
            </gateway-config>
            """,
            Path.Combine(_directory.Path, "gateway-config.xml"));

        Assert.Contains(configuration.AllUnserved, part => part.ToString().Contains("the service \"echo\" asks for none", StringComparison.Ordinal));
    }

    private const string Upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    private async Task<int> TryAsync(GatewayServer gateway, string way, string who, string more = "")
    {
        using X509Certificate2? certificate = who.Length == 0 ? null : _authority.Issue([who]);
        if (way == "http2")
        {
            using var handler = new SocketsHttpHandler { SslOptions = Options(certificate) };
            using var client = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact };
            using HttpResponseMessage response = await client.GetAsync(new Uri($"https://127.0.0.1:{gateway.Served[0].Port}/page.txt"));
            return (int)response.StatusCode;
        }

        await using SslStream stream = await ConnectAsync(gateway, certificate);
        return way switch
        {
            "http" => await StatusAsync(stream, "GET /page.txt HTTP/1.1\r\n", gateway, more),
            "websocket" => await StatusAsync(stream, "GET /echo HTTP/1.1\r\n", gateway, Upgrade),
            _ => await StatusAsync(stream, "GET /echo/;e/cbm HTTP/1.1\r\n", gateway, "X-WebSocket-Version: wseb-1.0\r\n"),
        };
    }

    private static async Task<int> StatusAsync(SslStream stream, string line, GatewayServer gateway, string headers)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"{line}Host: 127.0.0.1:{gateway.Served[0].Port}\r\n{headers}\r\n"));
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            head.Append(await stream.ReadAsync(one) == 1 ? (char)one[0] : throw new IOException("the connection ended"));
        }

        return int.Parse(head.ToString().AsSpan("HTTP/1.1 ".Length, 3), null);
    }

    private async Task<SslStream> ConnectAsync(GatewayServer gateway, X509Certificate2? certificate)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Served[0].Port);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        await tls.AuthenticateAsClientAsync(Options(certificate));
        return tls;
    }

    private SslClientAuthenticationOptions Options(X509Certificate2? certificate) => new()
    {
        TargetHost = "127.0.0.1",
        ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
        CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            CustomTrustStore = { _authority.Certificate },
            RevocationMode = X509RevocationMode.NoCheck,
        },
    };

    private Task<GatewayServer> StartAsync(string modules, string role, TlsLibrary library = TlsLibrary.Automatic, string challenge = "Basic")
    {
        _directory.Write("keystore.pem", _authority.Keystore("127.0.0.1"));
        _directory.Write("truststore.pem", _authority.Pem);
        return LoginPage.StartAsync(
            _directory, modules.Replace("CN=partner,O=Example,C=US", "CN=partner", StringComparison.Ordinal), role,
            "<keystore><file>keystore.pem</file></keystore><truststore><file>truststore.pem</file></truststore>", "https",
            "<ssl.verify-client>optional</ssl.verify-client>", library: library, challenge: challenge);
    }
}
