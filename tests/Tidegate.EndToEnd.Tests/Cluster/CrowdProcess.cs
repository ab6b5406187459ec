using System.Text.Json;

namespace Tidegate.EndToEnd.Tests.Cluster;

/// <summary>
/// Many clients of a cluster in one process (<c>bench/Tidegate.Bench/Cluster</c>): relayed ones and redirected ones in turn, which ask the
/// balancers of all members, send numbered messages all the time, and come back when they have lost their session.
/// </summary>
internal sealed class CrowdProcess : IAsyncDisposable
{
    // Long enough that a machine that stands still for some seconds is not taken for a member that does.
    private const string Silence = "15000";
    private const string ConnectTimeout = "3000";
    private readonly ChildProcess _process;
    private int _asked;

    private CrowdProcess(ChildProcess process) => _process = process;

    /// <summary>How a crowd is; <c>CrowdReport</c> of the program says what each word means.</summary>
    internal sealed record Report(
        long At, int Visitors, int Served, Dictionary<string, int> Nodes, long Echoes, long Lost, long Duplicated, long Strange, int Disturbed,
        string[] Disturbances, int Ended, int MostReturns, int RefusedByAll, int SentToGone, long LastSentToGone, int Newcomers, int NewcomersRefused,
        long LongestReturn, long LastBack);

    /// <summary>Clients of a test: few enough to share a machine with other tests; the long run has as many as the figures are taken with.</summary>
    internal static int Clients => Environment.GetEnvironmentVariable("TIDEGATE_LONG") == "1" ? 3_000 : 300;

    private static string Program { get; } = Path.Combine(
        Repository.Root, "bench", "Tidegate.Bench", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "Tidegate.Bench.dll");

    /// <summary>Starts a crowd on the last host, which knows some of the others as balancers.</summary>
    internal static async Task<CrowdProcess> StartAsync(Lab lab, int host, int[] balancers)
    {
        string[] command =
        [
            .. lab.On(host), "dotnet", Program, "crowd", "--relayed", "/relayed", "--redirected", "/redirected", "--silence", Silence, "--answer-timeout", Silence, "--connect-timeout", ConnectTimeout,
            "--balancers", string.Join(',', balancers.Select(balancer => $"{Lab.AddressOf(balancer)}:8080")),
            "--nodes", string.Join(',', Enumerable.Range(1, host - 1).Select(ClusterWithCrowd.NodeOf)),
        ];
        var crowd = new CrowdProcess(ChildProcess.Start("env", command));
        await crowd._process.WaitForLineAsync(line => line == "ready");
        return crowd;
    }

    /// <summary>Has it do something.</summary>
    internal void Do(string command) => _process.WriteLine(command);

    /// <summary>What is counted from now on knows these hosts as gone.</summary>
    /// <returns>When it is so.</returns>
    internal Task MarkAsync(params int[] gone)
    {
        Do("mark");
        foreach (int host in gone)
        {
            Do($"gone {ClusterWithCrowd.NodeOf(host)} {Lab.AddressOf(host)}");
        }

        return ReportAsync();
    }

    /// <summary>Has all clients of a test come, and waits until they are served.</summary>
    internal async Task FillAsync()
    {
        Do($"connect {Clients} 500");
        await UntilAsync(report => report.Served == Clients, "all are served");
    }

    /// <summary>Fails unless each message has come back once, and no session ended that had nothing to do with who is gone.</summary>
    internal static void AssertUndisturbed(Report report) => Assert.True(
        report is { Lost: 0, Duplicated: 0, Strange: 0, Disturbed: 0 },
        $"Sessions of the members that live were disturbed: {report} {string.Join("; ", report.Disturbances)}");

    /// <summary>Asks how it is, until that is so.</summary>
    internal async Task<Report> UntilAsync(Predicate<Report> isSo, string what)
    {
        CancellationToken patience = Patience.Token;
        while (true)
        {
            Report report = await ReportAsync();
            if (isSo(report))
            {
                return report;
            }

            Assert.False(patience.IsCancellationRequested, $"The crowd is not so: {what}. {report} {string.Join("; ", report.Disturbances)}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), CancellationToken.None);
        }
    }

    /// <summary>How it is now.</summary>
    internal async Task<Report> ReportAsync()
    {
        int number = ++_asked;
        Do("report");
        await _process.WaitForLineAsync(_ => _process.Output.Count(IsReport) >= number);
        return JsonSerializer.Deserialize<Report>(_process.Output.Where(IsReport).ElementAt(number - 1))!;
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static bool IsReport(string line) => line.StartsWith('{');
}
