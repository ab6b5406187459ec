namespace Tidegate.EndToEnd.Tests.Tls;

/// <summary>What curl and openssl, which were not written here, make of the options of TLS.</summary>
public sealed class TlsToolTests : IDisposable
{
    private const string Hello = "Hello, OpenSSL.";
    private readonly SelfMadeAuthority _authority = new();

    [Fact]
    public async Task Curl_gets_a_file_over_https_and_refuses_a_stranger()
    {
        using var files = new ScratchDirectory();
        files.Write("hello.txt", "Hello, curl.");
        await using GatewayProcess gateway = await _authority.StartAsync(GatewayProcess.Service(
            "directory", "https://localhost:0/", $"<properties><directory>{new Uri(files.Path)}</directory></properties>"));
        string address = new Uri(gateway.Served("https://localhost:0/"), "hello.txt").ToString();
        foreach ((string version, string agreed) in ((string, string)[])[("--http2", "2"), ("--http1.1", "1.1")])
        {
            ChildProcess curl = await ChildProcess.RunAsync("curl", "-sS", "--cacert", _authority.File, "-w", "\n%{http_code} %{ssl_verify_result} %{http_version}\n", version, address);
            Assert.Equal(["Hello, curl.", $"200 0 {agreed}"], curl.Output);
        }

        // Without the authority it is nobody's certificate: curl's error 60.
        ChildProcess stranger = await ChildProcess.RunAsync("curl", "-sS", address);
        Assert.Equal(60, stranger.ExitCode);
    }

    [Fact]
    public async Task Without_openssl_dotnets_own_tls_serves_and_one_line_says_so()
    {
        using var files = new ScratchDirectory();
        files.Write("hello.txt", "Hello, curl.");
        await using GatewayProcess gateway = await GatewayProcess.StartOnAsync(
            ["TIDEGATE_TLS=sslstream"],
            _authority.Security
            + GatewayProcess.Service("directory", "https://localhost:0/", $"<properties><directory>{new Uri(files.Path)}</directory></properties>")
            + GatewayProcess.Service("echo", "ssl://127.0.0.1:0"), []);
        Assert.Single(gateway.Process.Output, line => line.Contains("TLS is spoken by .NET's SslStream, since there is no OpenSSL 3", StringComparison.Ordinal));
        string address = new Uri(gateway.Served("https://localhost:0/"), "hello.txt").ToString();
        ChildProcess curl = await ChildProcess.RunAsync("curl", "-sS", "--cacert", _authority.File, "-w", "\n%{http_version}\n", "--http2", address);
        Assert.Equal(["Hello, curl.", "2"], curl.Output);
        await using ChildProcess client = Connect(gateway, "-tls1_3");
        client.WriteLine(Hello);
        await client.WaitForLineAsync(line => line == Hello);
    }

    [Theory]
    [InlineData("http://localhost:0/", "")]
    [InlineData("https://localhost:0/", "<accept-options><ssl.encryption>disabled</ssl.encryption></accept-options>")]
    public async Task Curl_speaks_HTTP_2_to_a_plain_port_by_prior_knowledge(string accept, string options)
    {
        using var files = new ScratchDirectory();
        files.Write("hello.txt", "Hello, curl.");
        await using GatewayProcess gateway = await GatewayProcess.StartAsync(GatewayProcess.Service(
            "directory", accept, $"<properties><directory>{new Uri(files.Path)}</directory></properties>{options}"));
        string address = $"http://localhost:{gateway.Served(accept).Port}/hello.txt";
        foreach ((string version, string agreed) in ((string, string)[])[("--http2-prior-knowledge", "2"), ("--http1.1", "1.1")])
        {
            ChildProcess curl = await ChildProcess.RunAsync("curl", "-sS", "-w", "\n%{http_code} %{http_version}\n", version, address);
            Assert.Equal(["Hello, curl.", $"200 {agreed}"], curl.Output);
        }
    }

    [Theory]
    [InlineData("<ssl.protocols>TLSv1.2</ssl.protocols>", "-tls1_2", "-tls1_3", "TLSv1.2")]
    [InlineData("<ssl.protocols>TLSv1.3</ssl.protocols>", "-tls1_3", "-tls1_2", "TLSv1.3")]
    [InlineData("<ssl.ciphers>TLS_AES_128_GCM_SHA256</ssl.ciphers>", "-ciphersuites TLS_AES_128_GCM_SHA256", "-ciphersuites TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256")]
    [InlineData("<ssl.protocols>TLSv1,TLSv1.1,TLSv1.2</ssl.protocols>", "-tls1_1 -cipher DEFAULT:@SECLEVEL=0", "-tls1_3", "TLSv1.1")]
    [InlineData("<ssl.ciphers>TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256</ssl.ciphers>", "-tls1_2", "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256")]
    [InlineData("<ssl.verify-client>required</ssl.verify-client>", "-cert {client} -key {client}", "-tls1_2", "TLSv1.3")]
    public async Task A_client_gets_through_as_the_options_say_and_no_other(string options, string right, string wrong, string agreed)
    {
        await using GatewayProcess gateway = await _authority.StartAsync(
            GatewayProcess.Service("echo", "ssl://127.0.0.1:0", $"<accept-options>{options}</accept-options>"));
        string client = _authority.Keystore("client");
        await using ChildProcess through = Connect(gateway, right.Replace("{client}", client, StringComparison.Ordinal));
        through.WriteLine(Hello);
        await through.WaitForLineAsync(line => line == Hello);
        Assert.Contains(through.Output, line => line.Contains(agreed, StringComparison.Ordinal));

        await using ChildProcess refused = Connect(gateway, wrong);
        Assert.NotEqual(0, await refused.WaitForExitAsync());
    }

    [Fact]
    public async Task Renegotiation_is_refused_and_the_connection_goes_on_or_ends()
    {
        await using GatewayProcess gateway = await _authority.StartAsync(GatewayProcess.Service("echo", "ssl://127.0.0.1:0"));
        await using ChildProcess client = Connect(gateway, "-tls1_2");
        client.WriteLine(Hello);
        await client.WaitForLineAsync(line => line == Hello);
        // A line with R alone makes openssl ask for a new handshake.
        client.WriteLine("R");
        Assert.NotEqual(0, await client.WaitForExitAsync());
        Assert.Contains(client.Errors, line => line.Contains("no renegotiation", StringComparison.Ordinal));
        await using ChildProcess next = Connect(gateway, "-tls1_2");
        next.WriteLine(Hello);
        await next.WaitForLineAsync(line => line == Hello);
    }

    [Fact]
    public async Task A_session_is_resumed_by_its_ticket()
    {
        await using GatewayProcess gateway = await _authority.StartAsync(GatewayProcess.Service("echo", "ssl://127.0.0.1:0"));
        string session = Path.Combine(_authority.Directory, "session.pem");
        foreach ((string option, string expected) in ((string, string)[])[($"-sess_out {session}", "New, "), ($"-sess_in {session}", "Reused, ")])
        {
            await using ChildProcess client = Connect(gateway, $"-tls1_2 {option}");
            await client.WaitForLineAsync(line => line.StartsWith(expected, StringComparison.Ordinal));
            client.WriteLine("Q");
            await client.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task A_file_with_the_old_gateways_options_starts_and_what_is_missing_is_said()
    {
        await using GatewayProcess gateway = GatewayProcess.Launch(GatewayProcess.Configuration(GatewayProcess.Service("echo", "wss://localhost:0/")));
        Assert.NotEqual(0, await gateway.Process.WaitForExitAsync());
        Assert.Contains(gateway.Process.Output, line => line.Contains("wss://localhost:0/ needs a certificate, and the file has no <keystore>", StringComparison.Ordinal));
    }

    public void Dispose() => _authority.Dispose();

    private ChildProcess Connect(GatewayProcess gateway, string options) => ChildProcess.Start(
        "openssl", ["s_client", "-connect", gateway.ServedAt("ssl://127.0.0.1:0").ToString(), "-CAfile", _authority.File, "-verify_return_error", .. options.Split(' ')]);
}
