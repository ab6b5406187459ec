using System.Text.RegularExpressions;

namespace Tidegate.EndToEnd.Tests.Tls;

/// <summary>docs/tls.md: its files are used, and its commands are run, as they are printed.</summary>
public sealed partial class TlsPageTests : IDisposable
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "tls.md"));
    private readonly ScratchDirectory _directory = new();

    [Fact]
    public async Task A_certificate_of_ones_own_is_made_served_and_trusted()
    {
        (string make, string file, string use) = Try();
        await RunAsync(make);
        await using GatewayProcess gateway = await StartAsync(file);

        ChildProcess run = await RunAsync(AtRealPort(use, gateway));

        Assert.Contains("Verify return code: 0 (ok)", run.Output.Select(line => line.Trim()));
        Assert.Contains(run.Output, line => line.Contains("<title>", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_client_with_a_certificate_gets_through_where_one_is_required_and_one_without_does_not()
    {
        (string make, string file, string use) = Try();
        string chapter = Chapter("Let clients prove who they are");
        string[] commands = Blocks(chapter, "");
        await RunAsync(make);
        await RunAsync(commands[0]);
        string security = Blocks(chapter, "xml")[0];
        string option = Code().Matches(chapter).Select(match => match.Groups[1].Value).Single(code => code.StartsWith("<ssl.verify-client>", StringComparison.Ordinal));
        file = Security().Replace(file, security).Replace("</type>", $"</type><accept-options>{option}</accept-options>", StringComparison.Ordinal);
        await using GatewayProcess gateway = await StartAsync(file);

        ChildProcess run = await RunAsync(AtRealPort(commands[1], gateway));
        ChildProcess without = await ChildProcess.RunAsync("bash", "-c", InDirectory(AtRealPort(use[use.IndexOf("curl", StringComparison.Ordinal)..], gateway)));

        Assert.Contains(run.Output, line => line.Contains("<title>", StringComparison.Ordinal));
        // How curl calls it depends on the version of TLS, and on whether it is sending or receiving when it hears of it.
        Assert.True(without.ExitCode != 0 && without.Output.Length == 0, without.Transcript);
    }

    [Fact]
    public async Task A_certificate_with_its_chain_is_put_together_and_the_file_that_names_it_is_valid()
    {
        (string make, _, _) = Try();
        string chapter = Chapter("Serve wss and https");
        await RunAsync(make.Replace("localhost", "example.com", StringComparison.Ordinal));
        _directory.Write("chain.pem", "");
        await RunAsync(Blocks(chapter, "")[0]);
        string file = _directory.Write("gateway-config.xml", Blocks(chapter, "xml")[0]);

        ChildProcess validate = await ValidateAsync(file);

        Assert.True(validate.ExitCode == 0, validate.Transcript);
        Assert.DoesNotContain(validate.Errors, line => line.Contains("Keystore does not have", StringComparison.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_directory.Path, "keystore.pem")));
    }

    [Fact]
    public async Task The_command_that_converts_a_java_keystore_is_the_one_that_the_error_prints()
    {
        string command = Assert.Single(Blocks(Chapter("Convert a Java keystore"), "")).Trim();
        const string Store = "<security><keystore><file>keystore.db</file><password-file>keystore.pw</password-file></keystore></security>";
        string text = GatewayProcess.Configuration(Store + GatewayProcess.Service("echo", "wss://localhost:9443/"));
        string file = _directory.Write("gateway-config.xml", text);
        _directory.Write("keystore.pw", "changeit\n");
        bool hasJava = Environment.GetEnvironmentVariable("PATH")!.Split(':').Any(path => File.Exists(Path.Combine(path, "keytool")));
        if (hasJava)
        {
            await RunAsync(
                "keytool -genkeypair -alias localhost -keyalg EC -dname CN=localhost -ext SAN=dns:localhost "
                + "-storetype JCEKS -keystore keystore.db -storepass changeit -keypass changeit");
        }
        else
        {
            // What such a store begins with is all that is looked at.
            await File.WriteAllBytesAsync(Path.Combine(_directory.Path, "keystore.db"), [0xCE, 0xCE, 0xCE, 0xCE, 0, 0, 0, 2]);
        }

        ChildProcess refused = await ValidateAsync(file);
        Assert.Equal(1, refused.ExitCode);
        string printed = refused.Errors.Single(line => line.Contains("keytool", StringComparison.Ordinal));
        Assert.Equal(command, printed[printed.IndexOf("keytool ", StringComparison.Ordinal)..].Replace(_directory.Path + "/", "", StringComparison.Ordinal));
        if (hasJava)
        {
            await RunAsync(command);
            await File.WriteAllTextAsync(file, text.Replace("keystore.db", "keystore.p12", StringComparison.Ordinal));
            ChildProcess valid = await ValidateAsync(file);
            Assert.True(valid.ExitCode == 0 && valid.Errors.Length == 0, valid.Transcript);
        }
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>The commands that make a certificate, the file that names it, and the commands that use it.</summary>
    private static (string Make, string File, string Use) Try()
    {
        string chapter = Chapter("Try it with a certificate of your own");
        string[] commands = Blocks(chapter, "");
        return (commands[0], Blocks(chapter, "xml")[0], commands[1]);
    }

    private static string Chapter(string title) => s_page.Split("\n## ").Single(chapter => chapter.StartsWith(title + "\n", StringComparison.Ordinal));

    private static string[] Blocks(string chapter, string language) =>
        [.. Block().Matches(chapter).Where(match => match.Groups[1].Value == language).Select(match => match.Groups[2].Value)];

    private static string AtRealPort(string text, GatewayProcess gateway) =>
        text.Replace("localhost:9443", gateway.Served("https://localhost:0/").Authority, StringComparison.Ordinal);

    private static Task<ChildProcess> ValidateAsync(string file) => ChildProcess.RunAsync("dotnet", Repository.Program, "validate", file);

    /// <summary>Starts a gateway with this file, at any free port; what the file names is in the directory.</summary>
    private async Task<GatewayProcess> StartAsync(string file)
    {
        GatewayProcess gateway = GatewayProcess.Launch(
            file.Replace("localhost:9443", "localhost:0", StringComparison.Ordinal).Replace("<file>", $"<file>{_directory.Path}/", StringComparison.Ordinal));
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
        ChildProcess run = await ChildProcess.RunAsync("bash", "-euc", InDirectory(commands));
        Assert.True(run.ExitCode == 0, $"{commands}{run.Transcript}");
        return run;
    }

    private string InDirectory(string commands) => $"cd {_directory.Path}\n{commands}";

    [GeneratedRegex("^```(\\w*)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("<security>.*</security>", RegexOptions.Singleline)]
    private static partial Regex Security();
}
