using System.Text.Json;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>Debian's Serf agent as a process on a host of the lab.</summary>
internal sealed class SerfProcess : IAsyncDisposable
{
    private readonly Lab _lab;
    private readonly int _host;
    private readonly ChildProcess _process;

    private SerfProcess(Lab lab, int host, ChildProcess process)
    {
        _lab = lab;
        _host = host;
        _process = process;
    }

    /// <summary>Starts an agent and waits until it can be asked.</summary>
    internal static async Task<SerfProcess> StartAsync(Lab lab, int host, string name, params string[] options)
    {
        string[] command = [.. lab.On(host), "serf", "agent", $"-node={name}", $"-bind={Lab.AddressOf(host)}:7946", "-log-level=debug", .. options];
        var agent = new SerfProcess(lab, host, ChildProcess.Start(command[0], command[1..]));
        await agent._process.WaitForLineAsync(line => line.Contains("agent: Serf agent starting", StringComparison.Ordinal) || line.Contains("agent running", StringComparison.Ordinal));
        await agent.UntilAsync(async () => (await agent.TryRunAsync("members")).ExitCode == 0, "it can be asked");
        return agent;
    }

    /// <summary>Runs the agent's client, which must succeed.</summary>
    internal async Task<string[]> RunAsync(params string[] arguments)
    {
        ChildProcess run = await TryRunAsync(arguments);
        Assert.True(run.ExitCode == 0, $"serf {string.Join(' ', arguments)} failed.{run.Transcript}{_process.Transcript}");
        return run.Output;
    }

    /// <summary>Waits until the agent takes a member for that, such as <c>alive</c>, <c>left</c> or <c>failed</c>.</summary>
    internal Task UntilMemberAsync(string name, string status) =>
        UntilAsync(async () => (await MembersAsync()).GetValueOrDefault(name)?.Status == status, $"{name} is {status}");

    /// <summary>Waits until the agent no longer knows a member.</summary>
    internal Task UntilGoneAsync(string name) => UntilAsync(async () => !(await MembersAsync()).ContainsKey(name), $"{name} is forgotten");

    internal async Task<Dictionary<string, Known>> MembersAsync()
    {
        string text = string.Join('\n', await RunAsync("members", "-format=json"));
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.GetProperty("members").EnumerateArray().ToDictionary(
            member => member.GetProperty("name").GetString()!,
            member => new Known(
                member.GetProperty("addr").GetString()!,
                member.GetProperty("status").GetString()!,
                member.GetProperty("tags").EnumerateObject().ToDictionary(tag => tag.Name, tag => tag.Value.GetString()!)));
    }

    /// <summary>Waits for a line of the agent's log.</summary>
    internal Task<string> LogsAsync(string text) => _process.WaitForLineAsync(line => line.Contains(text, StringComparison.Ordinal));

    internal void Kill() => _process.Signal("KILL");

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private async Task<ChildProcess> TryRunAsync(params string[] arguments)
    {
        string[] command = [.. _lab.On(_host), "serf", .. arguments];
        return await ChildProcess.RunAsync(command[0], command[1..]);
    }

    private async Task UntilAsync(Func<Task<bool>> done, string what)
    {
        CancellationToken patience = Patience.Token;
        while (!await done())
        {
            if (patience.IsCancellationRequested)
            {
                Assert.Fail($"Time ran out before {what}.{_process.Transcript}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100));
        }
    }

    internal sealed record Known(string Address, string Status, IReadOnlyDictionary<string, string> Tags);
}
