using System.Net.Security;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;

namespace Tidegate.EndToEnd.Tests.Commands;

/// <summary>What a newcomer finds in <c>samples/</c>, judged by the command.</summary>
public sealed class SampleTests : IDisposable
{
    private static readonly string s_samples = Path.Combine(Repository.Root, "samples");
    private readonly ScratchDirectory _directory = new();

    // No configuration of a gateway; several of them name it.
    private const string Users = "jaas-config.xml";

    public static TheoryData<string> Names => [.. Directory.GetFiles(s_samples, "*.xml").Select(path => Path.GetFileName(path)).Where(name => name != Users).Order(StringComparer.Ordinal)];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Every_sample_is_valid(string name)
    {
        string file = Copy(name);
        if (Commands(File.ReadAllText(file)) is { Length: > 0 } commands)
        {
            await RunAsync(commands);
        }

        ChildProcess run = await ChildProcess.RunAsync("dotnet", Repository.Program, "validate", file);

        Assert.True(run.ExitCode == 0, run.Transcript);
        Assert.Contains($"{name} is valid: ", Assert.Single(run.Output), StringComparison.Ordinal);
        Assert.All(run.Errors, line => Assert.StartsWith("Warning: ", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_sample_of_tls_starts_and_echoes_once_its_command_has_made_the_files()
    {
        string text = await File.ReadAllTextAsync(Copy("tls.xml"));
        string commands = Commands(text);
        Assert.Contains($"\n```\n{commands}```\n", await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs", "tls.md")), StringComparison.Ordinal);
        await RunAsync(commands);
        string file = _directory.Write("tls.xml", text
            .Replace("wss://localhost:9443", "wss://localhost:0", StringComparison.Ordinal)
            .Replace("wss://localhost:9444", "wss://localhost:0", StringComparison.Ordinal)
            .Replace("<wss.bind>8443", "<wss.bind>0", StringComparison.Ordinal)
            // At any free port of one address they would share it, and ask clients for different certificates.
            .Replace("<tls.verify-client>", "<tcp.bind>127.0.0.2:0</tcp.bind><tls.verify-client>", StringComparison.Ordinal));
        await using ChildProcess gateway = ChildProcess.Start("dotnet", [Repository.Program, "start", "--config", file], GatewayProcess.Variables);
        await gateway.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Output, line => line.StartsWith("WARN", StringComparison.Ordinal));

        using X509Certificate2 own = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(_directory.Path, "truststore.pem"));
        using var client = new ClientWebSocket();
        client.Options.RemoteCertificateValidationCallback = (_, shown, _, errors) =>
            !errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && shown!.GetRawCertData().AsSpan().SequenceEqual(own.RawData);
        await client.ConnectAsync(GatewayProcess.Served(gateway.Output, "wss://localhost:0/echo"), Patience.Token);
        await client.SendAsync("tide"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, Patience.Token);
        var back = new byte[10];
        WebSocketReceiveResult result = await client.ReceiveAsync(back, Patience.Token);

        Assert.Equal("tide"u8, back.AsSpan(0, result.Count));
        gateway.Signal("TERM");
        Assert.Equal(0, await gateway.WaitForExitAsync());
    }

    [Fact]
    public async Task A_sample_whose_files_have_not_been_made_says_which_one_is_missing()
    {
        ChildProcess run = await ChildProcess.RunAsync("dotnet", Repository.Program, "validate", Copy("tls.xml"));

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(run.Errors, line => line.Contains("keystore.p12 can not be read: ", StringComparison.Ordinal));
    }

    private string Copy(string name)
    {
        File.Copy(Path.Combine(s_samples, Users), Path.Combine(_directory.Path, Users));
        string copy = Path.Combine(_directory.Path, name);
        File.Copy(Path.Combine(s_samples, name), copy);
        return copy;
    }

    /// <summary>The commands in the comment of a sample: the lines that are not indented, and those that they go on in.</summary>
    private static string Commands(string sample)
    {
        int comment = sample.IndexOf("<!--\n", StringComparison.Ordinal);
        if (comment < 0)
        {
            return "";
        }

        string[] lines = sample[(comment + 5)..sample.IndexOf("\n-->", comment, StringComparison.Ordinal)].Split('\n');
        return string.Concat(lines
            .Where((line, i) => line.Length > 0 && (line[0] != ' ' || (i > 0 && lines[i - 1].EndsWith('\\'))))
            .Select(line => line + "\n"));
    }

    private async Task RunAsync(string commands)
    {
        ChildProcess run = await ChildProcess.RunAsync("bash", "-euc", $"cd {_directory.Path}\n{commands}");
        Assert.True(run.ExitCode == 0, $"{commands}{run.Transcript}");
    }
}
