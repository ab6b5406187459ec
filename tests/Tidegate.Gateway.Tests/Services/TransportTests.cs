using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Tidegate.Engine.Tls;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tests.Tls;

namespace Tidegate.Gateway.Tests.Services;

/// <summary>Accepts and connects whose <c>*.transport</c> options put something else under them: every form that is served.</summary>
public abstract class TransportTests : IDisposable
{
    private readonly TestAuthority _authority = new();
    private readonly ScratchDirectory _directory = new();

    private readonly TlsLibrary _library;

    protected TransportTests(TlsLibrary library)
    {
        _library = library;
        File.WriteAllText(Path.Combine(_directory.Path, "keystore.pem"), _authority.Keystore("localhost", "inner.example"));
        File.WriteAllText(Path.Combine(_directory.Path, "truststore.pem"), _authority.Pem);
    }

    [Theory]
    // TCP, TLS and pipes under a stream.
    [InlineData("tcp://inner.example:1", "<tcp.transport>tcp://{0}</tcp.transport>")]
    [InlineData("tcp://inner.example:1", "<tcp.transport>ssl://{0}</tcp.transport>")]
    [InlineData("tcp://inner.example:1", "<tcp.transport>ssl://inner.example:1</tcp.transport><ssl.transport>tcp://{0}</ssl.transport>")]
    [InlineData("ssl://inner.example:1", "<tcp.transport>tcp://{0}</tcp.transport>")]
    [InlineData("ssl://inner.example:1", "<tls.transport>tcp://{0}</tls.transport>")]
    [InlineData("pipe://inner", "<pipe.transport>tcp://{0}</pipe.transport>")]
    [InlineData("pipe://inner", "<pipe.transport>tls://{0}</pipe.transport>")]
    // The same under HTTP.
    [InlineData("ws://inner.example/echo", "<http.transport>tcp://{0}</http.transport>")]
    [InlineData("ws://inner.example/echo", "<http.transport>ssl://{0}</http.transport>")]
    [InlineData("ws://inner.example/echo", "<tcp.transport>ssl://{0}</tcp.transport>")]
    [InlineData("wss://inner.example/echo", "<http.transport>tcp://{0}</http.transport>")]
    [InlineData("wss://inner.example/echo", "<http.transport>ssl://{0}</http.transport>")]
    [InlineData("wss://inner.example/echo", "<ssl.transport>tcp://{0}</ssl.transport>")]
    [InlineData("wss://inner.example/echo", "<tcp.transport>tcp://{0}</tcp.transport>")]
    // Through a WebSocket, with TLS outside, inside, or both.
    [InlineData("tcp://inner.example:1", "<tcp.transport>ws://{0}/tunnel</tcp.transport>")]
    [InlineData("tcp://inner.example:1", "<tcp.transport>wss://{0}/tunnel</tcp.transport>")]
    [InlineData("tcp://inner.example:1", "<tcp.transport>wsn://{0}/tunnel</tcp.transport>")]
    [InlineData("tcp://inner.example:1", "<tcp.transport>wsn+ssl://{0}/tunnel</tcp.transport>")]
    [InlineData("tcp://inner.example:1", "<tcp.transport>ws://inner.example/tunnel</tcp.transport><http.transport>ssl://{0}</http.transport>")]
    [InlineData("pipe://inner", "<pipe.transport>ws://{0}/tunnel</pipe.transport>")]
    [InlineData("ssl://inner.example:1", "<tcp.transport>ws://{0}/tunnel</tcp.transport>")]
    [InlineData("ssl://inner.example:1", "<ssl.transport>wss://{0}/tunnel</ssl.transport>")]
    [InlineData("ws://inner.example/echo", "<http.transport>ws://{0}/tunnel</http.transport>")]
    [InlineData("wss://inner.example/echo", "<http.transport>wss://{0}/tunnel</http.transport>")]
    [InlineData("wss://inner.example/echo", "<tcp.transport>wss://{0}/tunnel</tcp.transport>")]
    public async Task Two_gateways_reach_each_other_over_the_same_transport(string address, string transport)
    {
        await using GatewayServer behind = await StartAsync(Echo(address, string.Format(null, transport, "localhost:0")));
        string place = $"localhost:{behind.Served[0].BoundTo[0].Port}";
        await using GatewayServer front = await StartAsync(Proxy("tcp://127.0.0.1:0", address, string.Format(null, transport, place)));

        await ExpectEchoAsync(new IPEndPoint(IPAddress.Loopback, front.Served[0].Port));
    }

    [Theory]
    [InlineData("tcp://inner.example:1", "<tcp.transport>pipe://p</tcp.transport>")]
    [InlineData("ssl://inner.example:1", "<tcp.transport>pipe://p</tcp.transport>")]
    [InlineData("ssl://inner.example:1", "<ssl.transport>pipe://p</ssl.transport>")]
    [InlineData("wss://inner.example/echo", "<http.transport>pipe://p</http.transport>")]
    [InlineData("wss://inner.example/echo", "<ssl.transport>pipe://p</ssl.transport>")]
    [InlineData("ws://inner.example/echo", "<http.transport>ssl://inner.example:1</http.transport><tcp.transport>pipe://p</tcp.transport>")]
    [InlineData("tcp://inner.example:1", "<tcp.transport>wss://inner.example/tunnel</tcp.transport><ssl.transport>pipe://p</ssl.transport>")]
    [InlineData("pipe://inner", "<pipe.transport>ssl://inner.example:1</pipe.transport><tcp.transport>pipe://p</tcp.transport>")]
    public async Task Two_services_of_one_gateway_reach_each_other_over_a_pipe(string address, string transport)
    {
        await using GatewayServer gateway = await StartAsync(Echo(address, transport) + Proxy("tcp://127.0.0.1:0", address, transport));

        await ExpectEchoAsync(new IPEndPoint(IPAddress.Loopback, gateway.Served[1].Port));
        Assert.EndsWith(" @ pipe://p", gateway.Served[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_speaks_tls_to_a_tcp_accept_that_is_over_ssl()
    {
        await using GatewayServer gateway = await StartAsync(Echo("tcp://inner.example:1", "<tcp.transport>ssl://localhost:0</tcp.transport>"));
        await using SslStream client = await SecureAsync(gateway.Served[0].BoundTo[0]);

        await client.WriteAsync("over tls"u8.ToArray());
        byte[] answer = new byte[8];
        await client.ReadExactlyAsync(answer);

        Assert.Equal("over tls"u8.ToArray(), answer);
    }

    [Fact]
    public async Task A_client_speaks_tls_to_a_ws_accept_that_is_over_ssl_and_calls_it_by_its_own_host()
    {
        await using GatewayServer gateway = await StartAsync(Echo("ws://inner.example/echo", "<http.transport>ssl://localhost:0</http.transport>"));
        await using SslStream client = await SecureAsync(gateway.Served[0].BoundTo[0]);

        await client.WriteAsync(Encoding.ASCII.GetBytes(RawClient.Handshake(80).Replace("127.0.0.1:80", "inner.example", StringComparison.Ordinal)));
        byte[] answer = new byte[12];
        await client.ReadExactlyAsync(answer);

        Assert.Equal("HTTP/1.1 101", Encoding.ASCII.GetString(answer));
    }

    [Fact]
    public async Task A_web_socket_client_reaches_a_tcp_accept_through_its_tunnel()
    {
        await using GatewayServer gateway = await StartAsync(Echo("tcp://inner.example:1", "<tcp.transport>ws://127.0.0.1:0/tunnel</tcp.transport>"));
        using var client = new ClientWebSocket();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Served[0].BoundTo[0].Port}/tunnel"), timeout.Token);

        // Where a message ends means nothing in a stream, nor does of which kind it is.
        await client.SendAsync("one "u8.ToArray(), WebSocketMessageType.Text, false, timeout.Token);
        await client.SendAsync("two "u8.ToArray(), WebSocketMessageType.Text, true, timeout.Token);
        await client.SendAsync("three"u8.ToArray(), WebSocketMessageType.Binary, true, timeout.Token);
        var received = new List<byte>();
        byte[] buffer = new byte[100];
        while (received.Count < 13)
        {
            WebSocketReceiveResult part = await client.ReceiveAsync(buffer, timeout.Token);
            Assert.Equal(WebSocketMessageType.Binary, part.MessageType);
            received.AddRange(buffer[..part.Count]);
        }

        Assert.Equal("one two three", Encoding.ASCII.GetString([.. received]));
        await client.CloseAsync(WebSocketCloseStatus.NormalClosure, null, timeout.Token);
        Assert.Equal(WebSocketCloseStatus.NormalClosure, client.CloseStatus);
        Assert.StartsWith("tcp://inner.example:1 in ws://127.0.0.1:0/tunnel @ 127.0.0.1:", gateway.Served[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_is_in_a_tunnel_is_told_when_what_is_behind_it_breaks()
    {
        using var backEnd = new BackEndServer();
        await using GatewayServer gateway = await StartAsync(
            Proxy("tcp://inner.example:1", $"tcp://127.0.0.1:{backEnd.Port}", accepting: "<tcp.transport>ws://127.0.0.1:0/tunnel</tcp.transport>"));
        using var client = new ClientWebSocket();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Served[0].BoundTo[0].Port}/tunnel"), timeout.Token);
        System.Net.Sockets.Socket behind = await backEnd.AcceptAsync();
        await client.SendAsync("question"u8.ToArray(), WebSocketMessageType.Binary, true, timeout.Token);
        Assert.Equal("question"u8.ToArray(), await BackEndServer.ReadAsync(behind, 8));

        behind.Close(0);

        WebSocketReceiveResult end = await client.ReceiveAsync(new byte[100], timeout.Token);
        Assert.Equal((WebSocketMessageType.Close, 1014), (end.MessageType, (int)end.CloseStatus!));
    }

    [Fact]
    public async Task Services_of_http_share_a_tunnel_and_are_told_apart_inside_it()
    {
        const string Tunnel = "<http.transport>ws://localhost:0/tunnel</http.transport>";
        await using GatewayServer behind = await StartAsync(
            Echo("ws://inner.example/echo", Tunnel) + Echo("ws://inner.example/twice", Tunnel, "<properties><repeat>2</repeat></properties>"));
        string through = $"<http.transport>ws://localhost:{behind.Served[0].BoundTo[0].Port}/tunnel</http.transport>";
        await using GatewayServer front = await StartAsync(Proxy("tcp://127.0.0.1:0", "ws://inner.example/twice", through));
        using RawClient client = await RawClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, front.Served[0].Port));

        await client.SendAsync("ab");

        Assert.Equal("abab"u8.ToArray(), await client.ReadAsync(4));
    }

    [Fact]
    public async Task Streams_do_not_share_a_tunnel()
    {
        const string Tunnel = "<tcp.transport>ws://localhost:0/tunnel</tcp.transport>";
        GatewayStartException error = await Assert.ThrowsAsync<GatewayStartException>(
            () => StartAsync(Echo("tcp://one.example:1", Tunnel) + Echo("tcp://two.example:1", Tunnel)));

        Assert.Matches(
            @"g\.xml:4:\d+: service ""tcp://two\.example:1"": ws://localhost:0/tunnel carries tcp://one\.example:1 of service ""tcp://one\.example:1"" \(\S+:3:\d+\) already\. " +
            @"Give one of the two another path\.$",
            error.Message);
    }

    [Theory]
    [InlineData("wss://inner.example/a", "<http.transport>tcp://localhost:0</http.transport>", "wss://inner.example/b", "<ssl.transport>tcp://localhost:0</ssl.transport>")]
    [InlineData("ws://inner.example/a", "<http.transport>ssl://localhost:0</http.transport>", "ws://inner.example/b", "<http.transport>tcp://localhost:0</http.transport>")]
    [InlineData("ws://inner.example/a", "<http.transport>pipe://p</http.transport>", "wss://inner.example/b", "<ssl.transport>pipe://p</ssl.transport>")]
    public async Task A_place_where_one_service_has_tls_and_another_has_not_is_an_error(string first, string over1, string second, string over2)
    {
        GatewayStartException error = await Assert.ThrowsAsync<GatewayStartException>(() => StartAsync(Echo(first, over1) + Echo(second, over2)));

        Assert.Contains("and only one of them speaks TLS. Give one of the two another port.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tcp://h:1", "<tcp.transport>http://h:2/</tcp.transport>", "tcp over http://h:2/", "HTTP carries requests, not a stream of bytes.")]
    [InlineData("wss://h/", "<http.transport>socks+ssl://dmz:1080</http.transport>", "wss over socks+ssl://dmz:1080", "SOCKS, and with it a gateway that connects to the one in front of it")]
    [InlineData("wss://h/", "<tcp.transport>ssl://h:2</tcp.transport>", "wss over ssl://h:2", "TLS in TLS is one too many: write tcp instead of ssl.")]
    [InlineData("tcp://h:1", "<tcp.transport>ws://h/a</tcp.transport><http.transport>ws://h/b</http.transport>", "tcp over ws://h/b", "A WebSocket in a WebSocket is one too many")]
    [InlineData("ws://h/", "<http.transport>wse://h/</http.transport>", "ws over wse://h/", "Write a transport of scheme tcp, ssl, pipe, ws or wss.")]
    public async Task What_is_not_served_is_refused_with_the_reason_and_the_cure(string accept, string transport, string what, string why)
    {
        GatewayConfiguration configuration = Read(Echo(accept, "\n" + transport));
        ConfigurationError finding = Assert.Single(configuration.Unserved).Finding;

        Assert.Equal($"Tidegate does not serve {what} yet.", finding.Problem);
        Assert.StartsWith(why, finding.Cure, StringComparison.Ordinal);
        Assert.Equal(4, finding.Position.Line);
        await Assert.ThrowsAsync<ConfigurationException>(() => StartAsync(Echo(accept, transport)));
    }

    [Theory]
    [InlineData("ws://h:1/", "<ssl.transport>tcp://h:2</ssl.transport>", 1)]
    [InlineData("ws://h:1/", "<http.transport>pipe://p</http.transport><tcp.transport>tcp://h:2</tcp.transport>", 1)]
    [InlineData("wss://h:1/", "<ssl.transport>tcp://h:2</ssl.transport>", 0)]
    public void A_transport_that_carries_nothing_is_warned_of(string accept, string transport, int warnings)
    {
        GatewayConfiguration configuration = Read(Echo(accept, transport));

        Assert.Equal(warnings, configuration.Warnings.Count(warning => warning.Problem.Contains("does nothing here", StringComparison.Ordinal)));
        Assert.DoesNotContain(
            Read($"<service-defaults><accept-options>{transport}</accept-options></service-defaults>" + Echo(accept, "")).Warnings,
            warning => warning.Problem.Contains("does nothing here", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_goes_through_a_tunnel_ends_when_the_gateway_stops()
    {
        await using GatewayServer gateway = await StartAsync(Echo("tcp://inner.example:1", "<tcp.transport>ws://127.0.0.1:0/tunnel</tcp.transport>"));
        using var client = new ClientWebSocket();
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{gateway.Served[0].BoundTo[0].Port}/tunnel"), timeout.Token);
        await client.SendAsync("a"u8.ToArray(), WebSocketMessageType.Binary, true, timeout.Token);
        await client.ReceiveAsync(new byte[1], timeout.Token);

        Task stopped = gateway.StopAsync(CancellationToken.None);
        WebSocketReceiveResult end = await client.ReceiveAsync(new byte[1], timeout.Token);
        await client.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, timeout.Token);

        Assert.Equal(WebSocketMessageType.Close, end.MessageType);
        await stopped.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_tunnel_that_can_not_be_opened_is_named_with_the_reason()
    {
        await using GatewayServer behind = await StartAsync(Echo("ws://localhost:0/echo", ""));
        var log = new LogLines();
        using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.AddProvider(log));
        await using GatewayServer front = await GatewayServer.StartAsync(
            Read(Proxy("tcp://127.0.0.1:0", "tcp://inner.example:1", $"<tcp.transport>ws://localhost:{behind.Served[0].Port}/nowhere</tcp.transport>")),
            new GatewayServerOptions { WebDirectory = _directory.Path, Loops = 1, TlsLibrary = _library }, loggers, CancellationToken.None);

        await ExpectWarningAsync(front, log, "Connection to tcp://inner.example:1 failed: the server answered 'HTTP/1.1 404 Not Found' instead of 101");
    }

    [Fact]
    public async Task The_certificate_must_be_for_the_host_of_the_layer_that_has_tls()
    {
        await using GatewayServer behind = await StartAsync(Echo("ssl://localhost:0", ""));
        var log = new LogLines();
        using ILoggerFactory loggers = LoggerFactory.Create(builder => builder.AddProvider(log));
        await using GatewayServer front = await GatewayServer.StartAsync(
            Read(Proxy("tcp://127.0.0.1:0", "ssl://stranger.example:1", $"<tcp.transport>tcp://localhost:{behind.Served[0].Port}</tcp.transport>")),
            new GatewayServerOptions { WebDirectory = _directory.Path, Loops = 1, TlsLibrary = _library }, loggers, CancellationToken.None);

        await ExpectWarningAsync(front, log, "TLS: certificate verify failed: hostname mismatch");
    }

    public void Dispose()
    {
        GC.SuppressFinalize(this);
        _authority.Dispose();
        _directory.Dispose();
    }

    private static string Echo(string accept, string transport, string rest = "") =>
        $"\n<service><name>{accept}</name><accept>{accept}</accept><type>echo</type>{rest}<accept-options>{transport}</accept-options></service>";

    private static string Proxy(string accept, string connect, string transport = "", string accepting = "") =>
        $"\n<service><name>proxy</name><accept>{accept}</accept><connect>{connect}</connect><type>proxy</type>" +
        $"<accept-options>{accepting}</accept-options><connect-options>{transport}</connect-options></service>";

    /// <summary>More than any buffer on the way holds, both ways at once, and an orderly end.</summary>
    private static async Task ExpectEchoAsync(IPEndPoint endPoint)
    {
        using RawClient client = await RawClient.ConnectAsync(endPoint);
        byte[] sent = new byte[1_000_000];
        new Random(7).NextBytes(sent);
        Task<byte[]> received = client.ReadAsync(sent.Length);
        await client.SendAsync(sent);
        Assert.Equal(sent, await received);
        client.Socket.Shutdown(SocketShutdown.Send);
        Assert.Empty(await client.ReadToEndAsync());
    }

    /// <summary>Connects, and waits for what the log says of the back-end. The client is cut off, perhaps before it knows that it is connected.</summary>
    private static async Task ExpectWarningAsync(GatewayServer front, LogLines log, string words)
    {
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        try
        {
            await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, front.Served[0].Port), timeout.Token);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
        }

        while (!log.Warnings.Any(line => line.Contains(words, StringComparison.Ordinal)))
        {
            await Task.Delay(5, timeout.Token);
        }
    }

    private async Task<SslStream> SecureAsync(IPEndPoint endPoint)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(endPoint);
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    CustomTrustStore = { _authority.Certificate },
                    RevocationMode = X509RevocationMode.NoCheck,
                },
            },
            timeout.Token);
        return tls;
    }

    private GatewayConfiguration Read(string services) => ConfigurationReader.Parse(
        "<gateway-config xmlns=\"http://xmlns.kaazing.org/2016/06/gateway\">\n" +
        $"<security><keystore><file>keystore.pem</file></keystore><truststore><file>truststore.pem</file></truststore></security>{services}</gateway-config>",
        Path.Combine(_directory.Path, "g.xml"));

    private Task<GatewayServer> StartAsync(string services) => GatewayServer.StartAsync(
        Read(services), new GatewayServerOptions { WebDirectory = _directory.Path, Loops = 2, TlsLibrary = _library }, NullLoggerFactory.Instance, CancellationToken.None);
}

public sealed class OpenSslTransportTests() : TransportTests(TlsLibrary.OpenSsl);

public sealed class SslStreamTransportTests() : TransportTests(TlsLibrary.SslStream);
