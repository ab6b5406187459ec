using System.Text.RegularExpressions;

namespace Tidegate.EndToEnd.Tests.Security;

/// <summary>docs/logins.md: its files are used, and its commands are run, as they are printed.</summary>
public sealed partial class LoginPageTests : IDisposable
{
    private static readonly string s_page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "logins.md"));
    private readonly ScratchDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Joe_gets_the_page_and_nobody_else_does()
    {
        await using GatewayProcess gateway = await StartAsync(Blocks("xml")[1]);
        string command = AtRealPort(Blocks("")[0], gateway);

        ChildProcess joe = await ChildProcess.RunAsync("bash", "-c", command);
        ChildProcess wrong = await ChildProcess.RunAsync("bash", "-c", command.Replace(":welcome", ":guess", StringComparison.Ordinal));
        ChildProcess nobody = await ChildProcess.RunAsync("bash", "-c", command.Replace("--user joe:welcome", "", StringComparison.Ordinal));

        Assert.Contains(joe.Output, line => line.Contains("<title>", StringComparison.Ordinal));
        Assert.All([wrong, nobody], run => Assert.Contains(run.Errors, line => line.Contains("401", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_hash_that_the_command_prints_stands_for_the_password()
    {
        ChildProcess made = await ChildProcess.RunAsync("bash", "-c", $"cd {Repository.Root}\n{Blocks("")[1].Replace("./tidegate", $"dotnet {Repository.Program}", StringComparison.Ordinal)}");
        Assert.True(made.ExitCode == 0, made.Transcript);
        await using GatewayProcess gateway = await StartAsync(Blocks("xml")[1].Replace("<password>welcome<", $"<password>{Assert.Single(made.Output)}<", StringComparison.Ordinal));

        ChildProcess joe = await ChildProcess.RunAsync("bash", "-c", AtRealPort(Blocks("")[0], gateway));

        Assert.Contains(joe.Output, line => line.Contains("<title>", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_of_users_that_is_not_there_keeps_the_gateway_from_starting()
    {
        string file = _directory.Write("gateway-config.xml", Blocks("xml")[0]);

        ChildProcess run = await ChildProcess.RunAsync("dotnet", Repository.Program, "start", "--config", file);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(run.Output.Concat(run.Errors), line => line.Contains("Unable to use \"jaas-config.xml\" for file-based login: ", StringComparison.Ordinal));
    }

    private async Task<GatewayProcess> StartAsync(string users)
    {
        string path = _directory.Write("jaas-config.xml", users);
        GatewayProcess gateway = GatewayProcess.Launch(Blocks("xml")[0]
            .Replace("localhost:8000", "localhost:0", StringComparison.Ordinal).Replace("<file>jaas-config.xml", $"<file>{path}", StringComparison.Ordinal));
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

    private static string AtRealPort(string command, GatewayProcess gateway) =>
        command.Replace("localhost:8000", gateway.Served("http://localhost:0/").Authority, StringComparison.Ordinal);

    private static string[] Blocks(string language) => [.. Block().Matches(s_page).Where(block => block.Groups[1].Value == language).Select(block => block.Groups[2].Value)];

    [GeneratedRegex("```(.*)\n((?:.*\n)*?)```\n")]
    private static partial Regex Block();
}
