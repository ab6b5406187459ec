using System.Text.RegularExpressions;

namespace Tidegate.EndToEnd.Tests.Security;

/// <summary>docs/logins.md, "Write a login module": the sample is put in place and used as it is printed.</summary>
public sealed partial class LoginPluginPageTests : IDisposable
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "logins.md"));
    private readonly ScratchDirectory _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Who_has_a_ticket_that_the_sample_takes_gets_the_page_and_nobody_else_does()
    {
        string section = s_page[s_page.IndexOf("## Write a login module", StringComparison.Ordinal)..];
        string[] commands = [.. Block().Matches(section).Where(block => block.Groups[1].Value.Length == 0).Select(block => block.Groups[2].Value)];
        string module = Block().Matches(section).First(block => block.Groups[1].Value == "xml").Groups[2].Value;
        string whole = Block().Matches(s_page).First(block => block.Groups[1].Value == "xml").Groups[2].Value;
        Directory.CreateSymbolicLink(Path.Combine(_home.Path, "web"), Path.Combine(Repository.Root, "web"));
        await RunAsync(commands[0]);
        string configuration = LoginModule().Replace(whole, module.Replace("/etc/tidegate/", $"{_home.Path}/", StringComparison.Ordinal))
            .Replace(">Basic<", ">Bearer<", StringComparison.Ordinal).Replace("localhost:8000", "localhost:0", StringComparison.Ordinal);

        await using var gateway = GatewayProcess.LaunchOn([$"TIDEGATE_HOME={_home.Path}"], configuration, []);
        await gateway.Process.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
        string curl = commands[1].Replace("localhost:8000", gateway.Served("http://localhost:0/").Authority, StringComparison.Ordinal);
        ChildProcess joe = await RunAsync(curl);
        ChildProcess forger = await RunAsync(curl.Replace("Bearer joe.", "Bearer admin.", StringComparison.Ordinal));
        ChildProcess late = await RunAsync(curl.Replace("+ 60", "- 60", StringComparison.Ordinal));

        Assert.Contains(joe.Output, line => line.Contains("<title>", StringComparison.Ordinal));
        Assert.All([forger, late], run => Assert.Contains(run.Errors, line => line.Contains("401", StringComparison.Ordinal)));
    }

    private Task<ChildProcess> RunAsync(string commands) => ChildProcess.RunAsync(
        "bash", "-c", $"cd {_home.Path}\n{commands.Replace("samples/", $"{Repository.Root}/samples/", StringComparison.Ordinal)}");

    [GeneratedRegex("```(.*)\n((?:.*\n)*?)```\n")]
    private static partial Regex Block();

    [GeneratedRegex("<login-module>(?:.*\n)*?.*</login-module>")]
    private static partial Regex LoginModule();
}
