namespace Tidegate.EndToEnd.Tests.Tls;

/// <summary>Keys of every kind that OpenSSL makes, in both kinds of file: served, and recognized by OpenSSL's client.</summary>
public sealed class KeyKindTests : IDisposable
{
    private const string Certificate = "openssl req -x509 -nodes -days 30 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem";
    private readonly ScratchDirectory _directory = new();

    [Theory]
    [InlineData("-newkey ed25519", "", "Ed25519", false)]
    [InlineData("-newkey ed25519", "", "Ed25519", true)]
    [InlineData("-newkey ed448", "", "Ed448", false)]
    [InlineData("-newkey ec -pkeyopt ec_paramgen_curve:P-384", "", "ECDSA", false)]
    [InlineData("-newkey ec -pkeyopt ec_paramgen_curve:P-384", "", "ECDSA", true)]
    [InlineData("-newkey ec -pkeyopt ec_paramgen_curve:P-521", "-tls1_2", "ECDSA", true)]
    [InlineData("-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048", "", "RSA-PSS", false)]
    [InlineData("-newkey rsa-pss -pkeyopt rsa_keygen_bits:2048", "-tls1_2", "RSA-PSS", true)]
    [InlineData("-newkey rsa:2048", "-sigalgs RSA-PSS+SHA256", "RSA-PSS", false)]
    [InlineData("-newkey rsa:2048", "-tls1_2 -sigalgs RSA+SHA256", "RSA", true)]
    public async Task A_client_recognizes_the_key(string kind, string options, string signature, bool pkcs12)
    {
        string pack = pkcs12
            ? "openssl pkcs12 -export -inkey key.pem -in certificate.pem -passout pass:secret -out keystore"
            : "openssl pkcs8 -topk8 -in key.pem -passout pass:secret -out encrypted.pem; cat certificate.pem encrypted.pem > keystore";
        _directory.Write("password", "secret\n");
        await RunAsync($"{Certificate} {kind}; {pack}");
        await using GatewayProcess gateway = await StartAsync();

        ChildProcess client = await RunAsync(
            $"printf '' | openssl s_client -connect {gateway.ServedAt("ssl://127.0.0.1:0")} -CAfile certificate.pem -verify_return_error {options}");

        Assert.Contains("Verify return code: 0 (ok)", client.Output.Select(line => line.Trim()));
        Assert.Contains($"Peer signature type: {signature}", client.Output, StringComparer.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Two_kinds_in_one_file_are_both_used_and_the_client_chooses()
    {
        await RunAsync(
            $"{Certificate} -newkey rsa:2048; cat certificate.pem > trusted.pem; cat key.pem certificate.pem > keystore; "
            + $"{Certificate} -newkey ed25519; cat certificate.pem >> trusted.pem; cat key.pem certificate.pem >> keystore");
        await using GatewayProcess gateway = await StartAsync(password: false);

        foreach ((string algorithm, string signature) in ((string, string)[])[("ed25519", "Ed25519"), ("RSA-PSS+SHA256", "RSA-PSS")])
        {
            ChildProcess client = await RunAsync(
                $"printf '' | openssl s_client -connect {gateway.ServedAt("ssl://127.0.0.1:0")} -CAfile trusted.pem -verify_return_error -sigalgs {algorithm}");
            Assert.Contains($"Peer signature type: {signature}", client.Output, StringComparer.OrdinalIgnoreCase);
        }
    }

    [Theory]
    [InlineData("openssl pkcs12 -export -inkey key.pem -in certificate.pem -passout pass:other -out keystore", "perhaps your keys are protected by passwords that are different")]
    [InlineData("openssl pkcs8 -topk8 -in key.pem -passout pass:other -out encrypted.pem; cat certificate.pem encrypted.pem > keystore", "perhaps your keys are protected by passwords that are different")]
    [InlineData("openssl genpkey -algorithm ed25519 -out another.pem; cat certificate.pem another.pem > keystore", "No certificate in it is for its private key")]
    [InlineData("openssl genpkey -algorithm X25519 -out another.pem; cat certificate.pem another.pem > keystore", "neither RSA nor ECDSA, Ed25519 or Ed448")]
    public async Task A_key_that_can_not_be_used_is_refused_with_the_reason(string pack, string reason)
    {
        _directory.Write("password", "secret\n");
        await RunAsync($"{Certificate} -newkey ed25519; {pack}");
        string file = _directory.Write("gateway-config.xml", Configuration(password: true));

        ChildProcess validate = await ChildProcess.RunAsync("dotnet", Repository.Program, "validate", file);

        Assert.Equal(1, validate.ExitCode);
        Assert.Contains(validate.Errors, line => line.Contains(reason, StringComparison.Ordinal));
    }

    public void Dispose() => _directory.Dispose();

    private string Configuration(bool password) => GatewayProcess.Configuration(
        $"<security><keystore><file>{_directory.Path}/keystore</file>{(password ? $"<password-file>{_directory.Path}/password</password-file>" : "")}</keystore></security>"
        + GatewayProcess.Service("echo", "ssl://127.0.0.1:0"));

    private async Task<GatewayProcess> StartAsync(bool password = true)
    {
        GatewayProcess gateway = GatewayProcess.Launch(Configuration(password));
        try
        {
            await gateway.Process.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    private async Task<ChildProcess> RunAsync(string commands)
    {
        ChildProcess run = await ChildProcess.RunAsync("bash", "-euc", $"cd {_directory.Path}; {commands}");
        Assert.True(run.ExitCode == 0, $"{commands}{run.Transcript}");
        return run;
    }
}
