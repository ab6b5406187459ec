using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Tidegate.Engine.Net;
using Tidegate.Engine.Tests.Support;
using Tidegate.Engine.Tls;

namespace Tidegate.Engine.Tests.Tls;

public abstract class TlsHandshakeTests(EventSource source) : TlsTest(source)
{
    [Fact]
    public void The_certificate_is_chosen_by_the_name_that_the_client_asks_for()
    {
        TlsContext context = Server(null, TestCertificate.For("first.test"), TestCertificate.For("second.test", "*.wild.test"));
        Assert.Equal("CN=first.test", SubjectFor(context, "first.test"));
        Assert.Equal("CN=second.test", SubjectFor(context, "second.test"));
        Assert.Equal("CN=second.test", SubjectFor(context, "SECOND.test"));
        Assert.Equal("CN=second.test", SubjectFor(context, "one.wild.test"));
        // One label only (RFC 6125, section 6.4.3), and nobody's name.
        Assert.Equal("CN=first.test", SubjectFor(context, "a.b.wild.test"));
        Assert.Equal("CN=first.test", SubjectFor(context, "unknown.test"));
        Assert.Equal("CN=first.test", SubjectFor(context, string.Empty));
    }

    [Fact]
    public void Two_keys_for_one_name_are_chosen_by_the_ciphers_of_the_client()
    {
        TlsContext context = Server(null, TestCertificate.For("server.test"), TestCertificate.WithRsaKeyFor("server.test"));
        // The object identifiers of the keys: RFC 5480, section 2.1.1, and RFC 3279, section 2.3.1.
        Assert.Equal("1.2.840.10045.2.1", KeyFor(TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256));
        Assert.Equal("1.2.840.113549.1.1.1", KeyFor(TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256));

        string KeyFor(TlsCipherSuite suite)
        {
            var (peer, _) = SecurePair(context, new Probe(), options =>
            {
                options.EnabledSslProtocols = SslProtocols.Tls12;
#pragma warning disable CA1416 // Not on Windows, where there is no OpenSSL either.
                options.CipherSuitesPolicy = new CipherSuitesPolicy([suite]);
#pragma warning restore CA1416
            });
            return peer.Tls!.RemoteCertificate!.GetKeyAlgorithm();
        }
    }

    [Theory]
    [InlineData("h2,http/1.1", "http/1.1,h2", "h2")]
    [InlineData("h2,http/1.1", "http/1.1", "http/1.1")]
    [InlineData("h2,http/1.1", "spdy/3,h2", "h2")]
    [InlineData("http/1.1", "h2", "")]
    [InlineData("http/1.1", "", "")]
    [InlineData("", "h2", "")]
    public void The_application_protocol_is_the_servers_first_that_the_client_has(string own, string offered, string chosen)
    {
        TlsContext context = Server(new TlsParameters { ApplicationProtocols = [.. own.Split(',', StringSplitOptions.RemoveEmptyEntries)] });
        var (peer, connection) = SecurePair(context, new Probe(), options => options.ApplicationProtocols =
            [.. offered.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(name => new SslApplicationProtocol(name))]);
        Assert.Equal(chosen, peer.Tls!.NegotiatedApplicationProtocol.ToString());
        Assert.Equal(chosen, OnLoop(connection.DescribeTls)!.ApplicationProtocol ?? string.Empty);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public void A_client_that_must_have_a_certificate_is_let_in_with_a_trusted_one_only(SslProtocols version)
    {
        TlsContext context = Server(new TlsParameters
        {
            Protocols = version,
            ClientCertificates = ClientCertificates.Required,
            Trusted = [TestCertificate.Authority.RawData],
        });
        TlsCertificate client = TestCertificate.For("client.test");
        var (_, connection) = SecurePair(context, new Probe(), options => options.ClientCertificates = [WithKey(client)]);
        Assert.Equal(client.Certificate.ToArray(), OnLoop(connection.DescribeTls)!.PeerCertificate);

        Assert.Contains("peer did not return a certificate", FaultOf(context, null), StringComparison.Ordinal);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 stranger = new CertificateRequest("CN=stranger", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        Assert.Contains("self-signed certificate", FaultOf(context, stranger), StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_that_may_have_a_certificate_is_let_in_without()
    {
        TlsContext context = Server(new TlsParameters { ClientCertificates = ClientCertificates.Welcome, Trusted = [TestCertificate.Authority.RawData] });
        var (_, connection) = SecurePair(context, new Probe());
        Assert.Null(OnLoop(connection.DescribeTls)!.PeerCertificate);
    }

    [Fact]
    public void Garbage_instead_of_a_handshake_ends_the_connection_and_says_why()
    {
        (RawPeer peer, var server) = Begin(Server());
        peer.Send("GET / HTTP/1.1\r\nHost: plain\r\n\r\n"u8);
        var (_, fault) = Bounded.Result(server);
        Assert.Equal("http request", fault);
        peer.ExpectGone();
        Turns();
        Assert.Equal(0, OnLoop(() => Loop.ConnectionCount));
    }

    [Fact]
    public void Random_bytes_never_do_more_than_end_their_connection()
    {
        TlsContext context = Server();
        var random = new Random(4711);
        for (int i = 0; i < 200; i++)
        {
            byte[] bytes = new byte[random.Next(1, 600)];
            random.NextBytes(bytes);
            if (i % 2 == 0)
            {
                // Far enough like a ClientHello to be looked at.
                new byte[] { 22, 3, 1, 0, (byte)random.Next(256), 1, 0, 0, (byte)random.Next(256), 3, 3 }.AsSpan(0, Math.Min(11, bytes.Length)).CopyTo(bytes);
            }

            (RawPeer peer, var server) = Begin(context);
            peer.Send(bytes);
            peer.EndSending();
            Assert.NotNull(Bounded.Result(server).Fault);
            peer.ExpectGone();
        }

        SecurePair(context, new Probe());
        Bounded.Until(() => Loop.ConnectionCount == 1, "only the good connection is left");
    }

    [Fact]
    public void A_handshake_that_comes_a_byte_at_a_time_ends_at_its_bound()
    {
        var time = new ManualTime();
        StartLoops(options => options with { TimeProvider = time });
        (RawPeer peer, var server) = Begin(Server(), timeout: TimeSpan.FromSeconds(10));
        // The beginning of a ClientHello of 512 bytes.
        byte[] hello = [22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3];
        for (int second = 0; second < 9; second++)
        {
            peer.Send(hello.AsSpan(second, 1));
            Turns();
            time.Advance(TimeSpan.FromSeconds(1));
            Turns();
            Assert.False(server.IsCompleted);
        }

        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("the peer did not complete the TLS handshake in time", Bounded.Result(server).Fault);
        peer.ExpectGone();
    }

    [Fact]
    public void A_client_that_hangs_up_within_the_handshake_is_noticed()
    {
        (RawPeer peer, var server) = Begin(Server());
        peer.Send([22, 3, 1, 2, 0]);
        peer.EndSending();
        Assert.Equal("the peer closed the connection during the TLS handshake", Bounded.Result(server).Fault);
    }

    [Fact]
    public void Many_handshakes_at_once_all_succeed_though_a_turn_takes_few()
    {
        StartLoops(options => options with { HandshakesPerTurn = 1 });
        TlsContext context = Server();
        Task[] clients = [.. Enumerable.Range(0, 20).Select(_ =>
        {
            (RawPeer peer, var server) = Begin(context, Probe.Echo());
            return Bounded.Start(() =>
            {
                peer.Secure(tls => tls.AuthenticateAsClient(ClientOptions()));
                peer.Send(Pattern.Bytes(1000));
                Assert.Equal(Pattern.Bytes(1000), peer.Receive(1000));
            });
        })];
        Array.ForEach(clients, Bounded.Wait);
    }

    [Theory]
    [InlineData("0x7f.2")]
    [InlineData("fe80::1%1")]
    [InlineData("[::1]")]
    public void An_address_is_compared_with_the_certificate_however_it_is_written(string peerName)
    {
        var done = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously);
        TlsContext server = Server();
        Listener listener = Listen(accepted => accepted.StartTls(server, null, Bounded.Limit, static (_, _) => { }));
        TlsContext context = Client();
        Loop.Post(() => Connector.Connect(Loop, Address.ToString(), listener.LocalEndPoint.Port, new ConnectOptions(), (connection, _) =>
            connection!.StartTls(context, peerName, Bounded.Limit, (_, fault) => done.SetResult(fault))));
        Assert.Contains("IP address mismatch", Bounded.Result(done.Task), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_name_that_can_not_be_compared_with_a_certificate_is_an_error()
    {
        // Longer than any name, and than the library takes.
        TlsContext context = Client();
        Assert.Throws<TlsException>(() => ((OpenSslContext)context).NewSsl(new string('a', 300) + ".test"));
    }

    [Fact]
    public void A_server_whose_certificate_is_not_trusted_or_for_another_is_refused()
    {
        TlsContext server = Server();
        var faults = new List<string?>();
        Listener listener = Listen(accepted => accepted.StartTls(server, null, Bounded.Limit, (_, fault) => faults.Add(fault)), System.Net.IPAddress.Loopback);
        using TlsContext distrusting = TlsContext.ForClient(null, new TlsParameters { Trusted = [TestCertificate.For("nobody.test").Certificate] });
        Assert.Contains("unable to get local issuer certificate", Connect("127.0.0.1", distrusting), StringComparison.Ordinal);
        using TlsContext trusting = Client();
        Assert.Contains("hostname mismatch", Connect("other.test", trusting), StringComparison.Ordinal);
        Assert.Contains("IP address mismatch", Connect("127.0.0.2", trusting), StringComparison.Ordinal);
        Assert.Equal(string.Empty, Connect("server.test", trusting));

        string Connect(string host, TlsContext context)
        {
            var done = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            var options = new ConnectOptions
            {
                Tls = () => context,
                Resolve = (_, _) => Task.FromResult<System.Net.IPAddress[]>([System.Net.IPAddress.Loopback]),
            };
            int port = listener.LocalEndPoint.Port;
            if (System.Net.IPAddress.TryParse(host, out System.Net.IPAddress? address) && !System.Net.IPAddress.Loopback.Equals(address))
            {
                Listener there = Listen(accepted => accepted.StartTls(server, null, Bounded.Limit, (_, fault) => faults.Add(fault)), address);
                port = there.LocalEndPoint.Port;
            }

            Loop.Post(() => TlsConnector.Connect(Loop, host, port, options, (_, fault) => done.SetResult(fault)));
            return Bounded.Result(done.Task);
        }
    }

    [Fact]
    public void What_the_library_can_not_do_is_said_before_anybody_connects()
    {
        Assert.Contains("no cipher suite for \"NOSUCH\"", Assert.Throws<TlsException>(() => Server(new TlsParameters { CipherList = "NOSUCH" })).Message, StringComparison.Ordinal);
        Assert.Contains("TLS_NO", Assert.Throws<TlsException>(() => Server(new TlsParameters { CipherSuites = "TLS_NO" })).Message, StringComparison.Ordinal);
        Assert.Contains("No version", Assert.Throws<TlsException>(() => Server(new TlsParameters { Protocols = SslProtocols.None })).Message, StringComparison.Ordinal);
        TlsCertificate mixed = Certificate with { PrivateKey = TestCertificate.For("other.test").PrivateKey };
        Assert.Contains("does not fit the certificate", Assert.Throws<TlsException>(() => Server(null, mixed)).Message, StringComparison.Ordinal);
        Assert.Contains("vouch", Assert.Throws<TlsException>(() => Server(new TlsParameters { ClientCertificates = ClientCertificates.Required })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_context_may_go_while_its_connections_stay()
    {
        TlsContext context = TlsContext.ForServer([Certificate], new TlsParameters());
        var (peer, _) = SecurePair(context, Probe.Echo());
        context.Dispose();
        peer.Send(Pattern.Bytes(50_000));
        Assert.Equal(Pattern.Bytes(50_000), peer.Receive(50_000));
    }

    private string SubjectFor(TlsContext context, string name)
    {
        var (peer, _) = SecurePair(context, new Probe(), options =>
        {
            options.TargetHost = name;
            options.RemoteCertificateValidationCallback = (_, _, _, errors) => (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == 0;
        });
        return peer.Tls!.RemoteCertificate!.Subject;
    }

    private string FaultOf(TlsContext context, X509Certificate2? certificate)
    {
        (RawPeer peer, var server) = Begin(context);
        Task client = Bounded.Start(() =>
        {
            try
            {
                peer.Secure(tls => tls.AuthenticateAsClient(ClientOptions(options => options.ClientCertificates = certificate is null ? [] : [certificate])));
                // In TLS 1.3 a client hears of its refusal only afterwards.
                peer.ExpectGone();
            }
            catch (Exception exception) when (exception is AuthenticationException or IOException or SocketException)
            {
            }
        });
        string fault = Bounded.Result(server).Fault ?? "none";
        Bounded.Wait(client);
        return fault;
    }

    private static X509Certificate2 WithKey(TlsCertificate certificate)
    {
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(certificate.PrivateKey.Span, out _);
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(certificate.Certificate.Span);
        return bare.CopyWithPrivateKey(key);
    }
}

public sealed class EpollTlsHandshakeTests() : TlsHandshakeTests(EventSource.Epoll);

public sealed class PortableTlsHandshakeTests() : TlsHandshakeTests(EventSource.Portable);
