using System.Text.RegularExpressions;

namespace Tidegate.EndToEnd.Tests.Security;

/// <summary>docs/realms.md: its file is used, and its commands are run, as they are printed.</summary>
public sealed partial class RealmsPageTests : IDisposable
{
    private readonly ScratchDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Joe_passes_both_realms_and_gets_the_page()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "realms.md"));
        string[] blocks = [.. Block().Matches(page).Select(block => block.Groups[1].Value)];
        Assert.Equal(2, blocks.Length);
        foreach ((string file, string user) in (ReadOnlySpan<(string, string)>)[("company", "<name>joe</name><password>welcome</password>"), ("department", "<name>joe.b12</name><password>department</password>")])
        {
            _directory.Write($"{file}.xml", $"<jaas-config xmlns=\"http://xmlns.kaazing.com/jaas-config/centurion\"><user>{user}</user></jaas-config>");
        }

        await using GatewayProcess gateway = GatewayProcess.Launch(
            blocks[0].Replace("localhost:8000", "localhost:0", StringComparison.Ordinal).Replace("<file>", $"<file>{_directory.Path}/", StringComparison.Ordinal));
        await gateway.Process.WaitForLineAsync(line => line.Contains("Started server", StringComparison.Ordinal));
        string commands = blocks[1].Replace("localhost:8000", gateway.Served("http://localhost:0/").Authority, StringComparison.Ordinal);

        ChildProcess joe = await ChildProcess.RunAsync("bash", "-c", $"cd {_directory.Path}\n{commands}");
        ChildProcess wrong = await ChildProcess.RunAsync("bash", "-c", $"cd {_directory.Path}\n{commands.Replace("joe:welcome", "joe:guess", StringComparison.Ordinal)}");

        Assert.True(joe.ExitCode == 0, joe.Transcript);
        Assert.Contains(joe.Output, line => line.Contains("<title>", StringComparison.Ordinal));
        Assert.Contains(wrong.Errors, line => line.Contains("401", StringComparison.Ordinal));
    }

    [GeneratedRegex("```.*\n((?:.*\n)*?)```\n")]
    private static partial Regex Block();
}
