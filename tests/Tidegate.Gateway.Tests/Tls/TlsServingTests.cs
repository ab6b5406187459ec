using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Tidegate.Engine.Tls;
using static Tidegate.Gateway.Tests.Tls.SecureGateway;

namespace Tidegate.Gateway.Tests.Tls;

public abstract class TlsServingTests(TlsLibrary library)
{
    private const string Echo = "echo";

    [Fact]
    public async Task Files_and_websockets_share_a_port_with_tls()
    {
        await using SecureGateway gateway = await StartAsync(
            Service("files", "directory", "https://localhost:0/", "<properties><directory>.</directory><welcome-file>page.txt</welcome-file></properties>")
            + Service("echo", Echo, "wss://localhost:0/echo"), authority => authority.Keystore("localhost"));
        int port = gateway.PortOf("https");
        Assert.Equal(port, gateway.PortOf("wss"));
        using (var handler = new SocketsHttpHandler { SslOptions = gateway.ClientOptions("localhost") })
        using (var http = new HttpClient(handler))
        {
            string page = await http.GetStringAsync(new Uri($"https://localhost:{port}/page.txt"));
            Assert.Equal("a page", page);
        }

        using var socket = await OpenAsync(gateway, $"wss://localhost:{port}/echo");
        foreach (int length in (int[])[0, 1, 125, 126, 65_535, 65_536, 131_072])
        {
            byte[] message = RandomBytes(length);
            await socket.SendAsync(message, WebSocketMessageType.Binary, true, Timeout);
            Assert.Equal(message, await ReceiveAsync(socket));
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, Timeout);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, socket.CloseStatus);
    }

    [Theory]
    [InlineData("wss://localhost:{0}/p", "wss://127.0.0.1:{1}/echo")]
    [InlineData("wss://localhost:{0}/p", "ssl://localhost:{2}")]
    [InlineData("ws://localhost:{0}/p", "tls://localhost:{2}")]
    public async Task A_proxy_connects_with_tls_to_what_is_behind_it(string accept, string connect)
    {
        await using SecureGateway behind = await StartAsync(Service("w", Echo, "wss://127.0.0.1:0/echo") + Service("s", Echo, "ssl://localhost:0"));
        string to = string.Format(System.Globalization.CultureInfo.InvariantCulture, connect, 0, behind.PortOf("wss"), behind.PortOf("ssl"));
        await using SecureGateway front = await StartAsync(
            Service("p", "proxy", string.Format(System.Globalization.CultureInfo.InvariantCulture, accept, 0), $"<connect>{to}</connect>"),
            _ => File.ReadAllText(behind.Keystore));
        // The front trusts its own authority only: the back-end's is another.
        string scheme = accept[..accept.IndexOf(':', StringComparison.Ordinal)];
        using var refused = await OpenAsync(behind, $"{scheme}://localhost:{front.PortOf(scheme)}/p");
        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await refused.SendAsync(RandomBytes(1), WebSocketMessageType.Binary, true, Timeout);
            byte[] answer = await ReceiveAsync(refused);
            Assert.NotEmpty(answer);
        });
        await UntilAsync(() => front.Log.Warnings.Any(line => line.Contains($"Connection to {to.Replace("tls:", "ssl:", StringComparison.Ordinal)} failed: TLS: certificate verify failed", StringComparison.Ordinal)));

        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(front.Keystore)!, "truststore.pem"), behind.Authority.Pem);
        front.Time.Fire();
        using var socket = await OpenAsync(behind, $"{scheme}://localhost:{front.PortOf(scheme)}/p");
        byte[] message = RandomBytes(100_000);
        await socket.SendAsync(message, WebSocketMessageType.Binary, true, Timeout);
        var all = new List<byte>();
        while (all.Count < message.Length)
        {
            all.AddRange(await ReceiveAsync(socket));
        }

        Assert.Equal(message, all.ToArray());
    }

    [Fact]
    public async Task The_certificate_is_chosen_by_sni_and_then_by_the_host_of_the_accept()
    {
        await using SecureGateway gateway = await StartAsync(
            Service("e", Echo, "wss://localhost:0/"),
            authority => authority.Keystore("first.test") + authority.Keystore("localhost") + authority.Keystore("*.third.test"));
        int port = gateway.PortOf("wss");
        Assert.Equal("CN=first.test", await SubjectAsync(gateway, port, "first.test"));
        Assert.Equal("CN=*.third.test", await SubjectAsync(gateway, port, "www.third.test"));
        // SNI holds no addresses, so this client asks for nobody.
        Assert.Equal("CN=localhost", await SubjectAsync(gateway, port, "127.0.0.1"));
        Assert.Equal("CN=localhost", await SubjectAsync(gateway, port, "unknown.test"));
    }

    [Fact]
    public async Task Certificates_are_read_again_under_load_and_no_session_notices()
    {
        await using SecureGateway gateway = await StartAsync(Service("e", Echo, "wss://localhost:0/"), authority => authority.Keystore("localhost", "old.test"));
        int port = gateway.PortOf("wss");
        using var stop = new CancellationTokenSource();
        using var begun = new SemaphoreSlim(0);
        Task[] sessions = [.. Enumerable.Range(0, 4).Select(async _ =>
        {
            using var socket = await OpenAsync(gateway, $"wss://localhost:{port}/");
            for (int round = 0; !stop.IsCancellationRequested; round++)
            {
                byte[] message = RandomBytes(1 + (round * 37 % 3000));
                await socket.SendAsync(message, WebSocketMessageType.Binary, true, Timeout);
                Assert.Equal(message, await ReceiveAsync(socket));
                if (round == 0)
                {
                    begun.Release();
                }
            }
        })];
        for (int i = 0; i < sessions.Length; i++)
        {
            Assert.True(await begun.WaitAsync(TimeSpan.FromSeconds(60)), "A session has not begun.");
        }

        for (int i = 0; i < 5; i++)
        {
            string name = $"new{i}.test";
            gateway.WriteKeystore(gateway.Authority.Keystore("localhost", name));
            gateway.Time.Fire();
            await using SslStream connected = await gateway.ConnectAsync(port, name);
        }

        string before = await SubjectAsync(gateway, port, "localhost");
        gateway.WriteKeystore("-----BEGIN CERTIFICATE-----\nhalf a fi");
        gateway.Time.Fire();
        gateway.Time.Fire();
        Assert.Equal(before, await SubjectAsync(gateway, port, "localhost"));
        Assert.Single(gateway.Log.All, line => line.StartsWith("Error Changed certificates can not be used, and the old ones stay: ", StringComparison.Ordinal));
        Assert.Equal(5, gateway.Log.All.Count(line => line == "Information Certificates were read again: new connections get them"));
        await stop.CancelAsync();
        await Task.WhenAll(sessions);
    }

    [Fact]
    public async Task A_keystore_that_is_empty_for_a_moment_while_it_is_written_changes_nothing()
    {
        await using SecureGateway gateway = await SecureGateway.StartAsync(SecureGateway.Service("echo", "echo", "wss://localhost:0/echo"));
        gateway.WriteKeystore(string.Empty);
        gateway.Time.Fire();
        await using SslStream before = await gateway.ConnectAsync(gateway.PortOf("wss"));
        Assert.Single(gateway.Log.All, line => line.StartsWith("Error Changed certificates can not be used, and the old ones stay: ", StringComparison.Ordinal));

        gateway.WriteKeystore(gateway.Authority.Keystore("localhost", "again.test"));
        gateway.Time.Fire();
        await using SslStream after = await gateway.ConnectAsync(gateway.PortOf("wss"), "again.test");
    }

    [Theory]
    [InlineData("*")]
    [InlineData("@lo")]
    public async Task Several_certificates_may_be_served_at_a_host_that_is_no_name(string host)
    {
        await using SecureGateway gateway = await SecureGateway.StartAsync(
            SecureGateway.Service("echo", "echo", $"wss://{host}:0/echo"), authority => authority.Keystore("one.test") + authority.Keystore("two.test"));
        await using SslStream one = await gateway.ConnectAsync(gateway.PortOf("wss"), "one.test");
        await using SslStream two = await gateway.ConnectAsync(gateway.PortOf("wss"), "two.test");
    }

    [Fact]
    public async Task Certificates_that_clients_will_refuse_are_warned_of_with_their_dates()
    {
        await using SecureGateway gateway = await StartAsync(Service("e", Echo, "wss://localhost:0/"), authority =>
        {
            using X509Certificate2 expired = authority.Issue(["expired.test"], DateTimeOffset.Parse("2020-01-02T03:04:00Z", null), DateTimeOffset.Parse("2021-02-03T04:05:00Z", null));
            using X509Certificate2 future = authority.Issue(["future.test"], DateTimeOffset.UtcNow.AddYears(2), DateTimeOffset.UtcNow.AddYears(3));
            return TestAuthority.PemOf(expired) + TestAuthority.PemOf(future);
        });
        string[] warnings = [.. gateway.Log.Warnings];
        Assert.Contains($"Warning The certificate associated with alias expired.test in the keystore {gateway.Keystore} is expired. It was valid until 2021-02-03 04:05 UTC", warnings);
        Assert.Contains(warnings, line => line.StartsWith($"Warning The certificate associated with alias future.test in the keystore {gateway.Keystore} is not yet valid. It will be from ", StringComparison.Ordinal));
        Assert.Contains(warnings, line => line.EndsWith(
            ": Keystore does not have a certificate entry for localhost, the host of wss://localhost:0/: clients will refuse what they get. Names in the keystore: expired.test, future.test",
            StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_without_a_certificate_is_refused_where_one_is_required()
    {
        const string Required = "<accept-options><ssl.verify-client>required</ssl.verify-client></accept-options>";
        await using SecureGateway gateway = await StartAsync(Service("e", Echo, "wss://localhost:0/", Required));
        int port = gateway.PortOf("wss");
        using X509Certificate2 own = gateway.Authority.Issue(["client"]);
        await using (SslStream with = await gateway.ConnectAsync(port, certificate: own))
        {
            await with.WriteAsync(Encoding.ASCII.GetBytes(RawClient.Handshake(port, "/").Replace("127.0.0.1", "localhost", StringComparison.Ordinal)));
            byte[] answer = new byte[12];
            await with.ReadExactlyAsync(answer);
            Assert.Equal("HTTP/1.1 101", Encoding.ASCII.GetString(answer));
        }

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            // In TLS 1.3 the client's side is over before the server has seen that there is none.
            await using SslStream without = await gateway.ConnectAsync(port);
            await without.ReadExactlyAsync(new byte[1]);
        });
        await UntilAsync(() => gateway.Log.All.Any(line => line.Contains("peer did not return a certificate", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("<ssl.protocols>TLSv1.2</ssl.protocols><ssl.ciphers>ECDHE-ECDSA-AES256-GCM-SHA384</ssl.ciphers>", SslProtocols.Tls12, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384)]
    [InlineData("<tls.protocols>TLSv1.3</tls.protocols><tls.ciphers>TLS_CHACHA20_POLY1305_SHA256</tls.ciphers>", SslProtocols.Tls13, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256)]
    public async Task Versions_and_ciphers_are_those_of_the_options(string options, SslProtocols version, TlsCipherSuite suite)
    {
        string service = Service("e", Echo, "ssl://localhost:0", $"<accept-options>{options}</accept-options>");
        if (library == TlsLibrary.SslStream)
        {
            Assert.Contains("ssl.ciphers needs OpenSSL 3", await RefusalAsync(service), StringComparison.Ordinal);
            return;
        }

        await using SecureGateway gateway = await StartAsync(service);
        await using SslStream tls = await gateway.ConnectAsync(gateway.PortOf("ssl"));
        Assert.Equal(version, tls.SslProtocol);
        Assert.Equal(suite, tls.NegotiatedCipherSuite);
        byte[] message = RandomBytes(1000), answer = new byte[1000];
        await tls.WriteAsync(message);
        await tls.ReadExactlyAsync(answer);
        Assert.Equal(message, answer);
        SslProtocols other = version == SslProtocols.Tls12 ? SslProtocols.Tls13 : SslProtocols.Tls12;
        await Assert.ThrowsAnyAsync<Exception>(() => gateway.ConnectAsync(gateway.PortOf("ssl"), change: client => client.EnabledSslProtocols = other));
    }

    [Fact]
    public async Task Where_something_in_front_does_tls_the_port_is_plain_and_its_requests_are_https()
    {
        await using SecureGateway gateway = await StartAsync(
            Service("e", Echo, "wss://127.0.0.1:0/echo", "<accept-options><ssl.encryption>disabled</ssl.encryption></accept-options>"), _ => "");
        int port = gateway.PortOf("wss");
        foreach ((string origin, string status) in ((string, string)[])[($"https://127.0.0.1:{port}", "101"), ($"http://127.0.0.1:{port}", "403")])
        {
            using RawClient client = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port));
            await client.SendAsync(RawClient.Handshake(port, more: $"Origin: {origin}\r\n"));
            Assert.StartsWith($"HTTP/1.1 {status} ", await client.ReadHeadAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_speaks_plainly_to_a_port_with_tls_is_hung_up_on()
    {
        await using SecureGateway gateway = await StartAsync(Service("e", Echo, "wss://localhost:0/"));
        using RawClient client = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, gateway.PortOf("wss")));
        await client.SendAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.DoesNotContain("HTTP", Encoding.Latin1.GetString(await client.ReadToEndAsync()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("<ssl.verify-client>optional</ssl.verify-client>", "ssl.verify-client")]
    [InlineData("<ssl.protocols>TLSv1.2</ssl.protocols>", "ssl.protocols")]
    [InlineData("<tls.ciphers>HIGH</tls.ciphers>", "ssl.ciphers")]
    [InlineData("<ssl.encryption>disabled</ssl.encryption>", "ssl.encryption")]
    public async Task Services_that_share_a_port_must_agree_on_its_tls(string options, string element)
    {
        string refusal = await RefusalAsync(
            Service("a", Echo, "wss://localhost:0/a") + Service("b", Echo, "wss://localhost:0/b", $"<accept-options>{options}</accept-options>"));
        Assert.Equal(
            $"g.xml:3:32: service \"b\": <{element}> value for <accept>wss://localhost:0/b</accept> does not match <{element}> value for " +
            "<accept>wss://localhost:0/a</accept> on same transport 127.0.0.1:0. Write the same for both, or give one of them another port.",
            refusal);
    }

    [Fact]
    public async Task A_port_speaks_tls_or_does_not() => Assert.Equal(
        "g.xml:3:32: service \"b\": ws://localhost:0/b and wss://localhost:0/a (g.xml:2:32) would share 127.0.0.1:0, and only one of them speaks TLS. " +
        "Give one of the two another port.",
        await RefusalAsync(Service("a", Echo, "wss://localhost:0/a") + Service("b", Echo, "ws://localhost:0/b")));

    [Fact]
    public async Task A_keystore_without_a_key_is_an_error_that_says_how_to_add_it() => Assert.Equal(
        "g.xml:1:92: keystore.pem holds no certificate with its private key. Put both into it: cat certificate.pem key.pem > keystore.pem",
        await RefusalAsync(Service("a", Echo, "wss://localhost:0/a"), authority => authority.Pem));

    [Fact]
    public async Task A_broken_keystore_matters_only_where_tls_is_spoken()
    {
        await using SecureGateway gateway = await StartAsync(Service("e", Echo, "ws://localhost:0/"), _ => "no keystore at all");
        Assert.Empty(gateway.Log.Warnings);
    }

    private Task<SecureGateway> StartAsync(string services, Func<TestAuthority, string>? keystore = null) => SecureGateway.StartAsync(services, keystore, library);

    private Task<string> RefusalAsync(string services, Func<TestAuthority, string>? keystore = null) => SecureGateway.RefusalAsync(services, keystore, library);

    private static CancellationToken Timeout => new CancellationTokenSource(TimeSpan.FromSeconds(20)).Token;

    private static byte[] RandomBytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private static async Task<ClientWebSocket> OpenAsync(SecureGateway trusted, string address)
    {
        var socket = new ClientWebSocket();
        using var handler = new SocketsHttpHandler { SslOptions = trusted.ClientOptions("localhost") };
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        // A front with the keystore of another gateway shows what the other's authority vouches for.
        await socket.ConnectAsync(new Uri(address), invoker, Timeout);
        return socket;
    }

    private static async Task<byte[]> ReceiveAsync(ClientWebSocket socket)
    {
        using var message = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        ValueWebSocketReceiveResult result;
        do
        {
            result = await socket.ReceiveAsync(buffer.AsMemory(), Timeout);
            message.Write(buffer, 0, result.Count);
        }
        while (!result.EndOfMessage);
        return message.ToArray();
    }

    private static async Task<string> SubjectAsync(SecureGateway gateway, int port, string host)
    {
        await using SslStream tls = await gateway.ConnectAsync(
            port, host, change: options => options.RemoteCertificateValidationCallback = (_, _, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == 0);
        return tls.RemoteCertificate!.Subject;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        CancellationToken timeout = Timeout;
        while (!condition())
        {
            await Task.Delay(5, timeout);
        }
    }
}

public sealed class OpenSslServingTests() : TlsServingTests(TlsLibrary.OpenSsl);

public sealed class SslStreamServingTests() : TlsServingTests(TlsLibrary.SslStream);
