using System.CommandLine;
using System.Globalization;

namespace Tidegate.Host.Commands;

/// <summary><c>tidegate demo</c>: runs a cluster of several gateways on this machine, to open, to watch and to kill.</summary>
internal static class DemoCommand
{
    // A gateway that does not end in order by then is ended.
    private static readonly TimeSpan s_ending = TimeSpan.FromSeconds(60);

    internal static Command Create(Installation installation, TextWriter output, TextWriter error)
    {
        Option<int> members = Number("--members", "How many gateways.", DemoConfiguration.FewestMembers, DemoConfiguration.FewestMembers, DemoConfiguration.MostMembers);
        Option<int> port = Number("--port", "Where the balancers accept; the services do at the port after it.", DemoConfiguration.DefaultPort, 1, 65534);
        Option<int> clusterPort = Number("--cluster-port", "Where the gateways speak to each other.", DemoConfiguration.DefaultClusterPort, 1, 65535);
        var command = new Command(
            "demo", "Runs a cluster of several gateways on this machine, each on a loopback address of its own, says what to open and what to kill, and ends them all on Ctrl-C.")
        {
            members, port, clusterPort,
        };
        command.SetAction((parsed, _) => RunAsync(
            new DemoConfiguration(parsed.GetValue(members), parsed.GetValue(port), parsed.GetValue(clusterPort)), installation, TextWriter.Synchronized(output), error));
        return command;
    }

    private static Option<int> Number(string name, string description, int usual, int least, int most)
    {
        var option = new Option<int>(name)
        {
            Description = description,
            HelpName = string.Create(CultureInfo.InvariantCulture, $"{least}-{most}"),
            DefaultValueFactory = _ => usual,
        };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is var value && (value < least || value > most))
            {
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} takes {least} to {most}, not {value}."));
            }
        });
        return option;
    }

    private static async Task<int> RunAsync(DemoConfiguration demo, Installation installation, TextWriter output, TextWriter error)
    {
        if (demo.ClusterPort == demo.Port || demo.ClusterPort == demo.Port + 1)
        {
            await error.WriteLineAsync($"tidegate: --cluster-port has to be another port than {demo.Port} and {demo.Port + 1}, where clients come.");
            return ExitCode.Misuse;
        }

        if (demo.Taken() is { } taken)
        {
            await error.WriteLineAsync($"tidegate: {taken}");
            return ExitCode.Failure;
        }

        using var signals = new StopSignals(TimeProvider.System);
        string directory = Directory.CreateTempSubdirectory("tidegate-demo-").FullName;
        var members = new List<DemoMember>();
        try
        {
            foreach (int number in Enumerable.Range(1, demo.Members))
            {
                string file = Path.Combine(directory, string.Create(CultureInfo.InvariantCulture, $"member-{number}.xml"));
                await File.WriteAllTextAsync(file, demo.FileOf(number));
                members.Add(DemoMember.Start(number, file, installation, output.WriteLine));
            }

            return await FollowAsync(demo, members, directory, output, signals);
        }
        finally
        {
            members.ForEach(member => member.Dispose());
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<int> FollowAsync(DemoConfiguration demo, List<DemoMember> members, string directory, TextWriter output, StopSignals signals)
    {
        Task stop = signals.Wait();
        Task<bool[]> up = Task.WhenAll(members.Select(member => member.Up));
        if (await Task.WhenAny(up, stop) == up)
        {
            if (!(await up).All(isUp => isUp))
            {
                await output.WriteLineAsync("[demo] A gateway did not start; its lines say why. The others are ended.");
                await EndAsync(members);
                return ExitCode.Failure;
            }

            await output.WriteLineAsync(Instructions(demo, members, directory));
        }

        List<DemoMember> running = [.. members];
        while (running.Count > 0 && !stop.IsCompleted)
        {
            await Task.WhenAny([stop, .. running.Select(member => member.Ended)]);
            foreach (DemoMember gone in running.Where(member => member.Ended.IsCompleted && !stop.IsCompleted).ToArray())
            {
                running.Remove(gone);
                string how = How(await gone.Ended);
                await output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"[demo] Gateway {gone.Number} (pid {gone.Id}) is gone{how}."));
            }
        }

        if (running.Count == 0)
        {
            await output.WriteLineAsync("[demo] No gateway is left.");
            return ExitCode.Success;
        }

        await EndAsync(running);
        return ExitCode.Success;
    }

    private static async Task EndAsync(IReadOnlyCollection<DemoMember> members)
    {
        foreach (DemoMember member in members)
        {
            member.Stop();
        }

        await Task.WhenAny(Task.WhenAll(members.Select(member => member.Ended)), Task.Delay(s_ending));
    }

    private static string How(int exitCode) => exitCode switch
    {
        0 => ": it was stopped",
        > 128 => string.Create(CultureInfo.InvariantCulture, $": killed by signal {exitCode - 128}"),
        _ => string.Create(CultureInfo.InvariantCulture, $", with exit code {exitCode}"),
    };

    private static string Instructions(DemoConfiguration demo, List<DemoMember> members, string directory)
    {
        string last = members[^1].Id.ToString(CultureInfo.InvariantCulture);
        string list = string.Concat(members.Select(member => string.Create(
            CultureInfo.InvariantCulture, $"[demo]   gateway {member.Number}, pid {member.Id}: balancer at {demo.BalancerOf(member.Number)}, its own page at {demo.PageOf(member.Number)}\n")));
        return string.Create(CultureInfo.InvariantCulture, $"""
            [demo] {members.Count} gateways are running as one cluster:
            {list}[demo] Open {demo.BalancerOf(1)} several times: it leads to the page of one gateway or another. WebSockets go to {demo.BalancerOf(1, "ws")}echo.
            [demo] Kill one: kill -9 {last}. The others say that it is down, and nobody is led there any more.
            [demo] See who is there: ./tidegate members --watch --config {Path.Combine(directory, "member-1.xml")}
            [demo] Ctrl-C ends them all.
            """);
    }
}
