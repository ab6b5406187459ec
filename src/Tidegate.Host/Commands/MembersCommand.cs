using System.Collections.Immutable;
using System.CommandLine;
using Tidegate.Gateway;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Control;

namespace Tidegate.Host.Commands;

/// <summary><c>tidegate members</c>: says who is in the cluster of a configuration file.</summary>
internal static class MembersCommand
{
    // Where a gateway runs here, or a seed answers, it takes a second.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_askAgain = TimeSpan.FromSeconds(1);

    // To join for a moment is work for the whole cluster.
    private static readonly TimeSpan s_joinAgain = TimeSpan.FromSeconds(5);

    internal static Command Create(Installation installation, TextWriter output, TextWriter error)
    {
        var config = new Option<string?>("--config")
        {
            Description = $"The configuration file of a gateway in the cluster. Without this option: conf/gateway-config.xml in the directory that {Installation.HomeVariable} names.",
            HelpName = "FILE",
        };
        var watch = new Option<bool>("--watch") { Description = "Goes on, and says it anew whenever it has changed, until Ctrl-C." };
        Option<string[]> definitions = Definitions.CreateOption();
        var command = new Command(
            "members",
            "Says who is in the cluster of this machine's gateway, since when, how busy each is, and what it offers to balancers. It asks the gateway that runs with the file; where none does, it joins for a moment, unannounced.")
        {
            config, watch, definitions,
        };
        command.SetAction((parsed, _) => RunAsync(
            new Request(
                parsed.GetValue(config) ?? installation.DefaultConfiguration,
                Definitions.ToDictionary(parsed.GetValue(definitions) ?? []),
                parsed.GetValue(watch)),
            output, error));
        return command;
    }

    private static async Task<int> RunAsync(Request request, TextWriter output, TextWriter error)
    {
        using var signals = new StopSignals(TimeProvider.System);
        try
        {
            ClusterConfiguration? cluster = ConfigurationReader.Read(request.File, new ParameterSources { Definitions = request.Definitions })
                .Servable(lenient: true).Cluster;
            if (cluster is null)
            {
                await error.WriteLineAsync($"{request.File}: there is no <cluster> that this version of Tidegate can join. Give the configuration of a gateway that is in one: tidegate members --config FILE");
                return ExitCode.Failure;
            }

            return request.Watch
                ? await WatchAsync(request.File, cluster, output, signals.Requested)
                : await SayAsync(request.File, cluster, output, error, signals.Requested);
        }
        catch (OperationCanceledException) when (signals.Requested.IsCancellationRequested)
        {
            return signals.ExitCode;
        }
        catch (Exception exception) when (exception is ConfigurationException or GatewayStartException or ControlException)
        {
            await error.WriteLineAsync(exception.Message);
            return ExitCode.Failure;
        }
    }

    private static async Task<int> SayAsync(string file, ClusterConfiguration cluster, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        (ImmutableArray<ObservedMember> members, _) = await LookAsync(file, cluster, cancellation);
        if (members.IsEmpty)
        {
            await error.WriteLineAsync(NobodyIn(cluster));
            return ExitCode.Failure;
        }

        await output.WriteAsync(MemberText.Of(members));
        return ExitCode.Success;
    }

    /// <summary>A terminal is drawn anew; elsewhere there is a block for each change, with an empty line behind it. Goes on until nobody reads it any more.</summary>
    private static async Task<int> WatchAsync(string file, ClusterConfiguration cluster, TextWriter output, CancellationToken cancellation)
    {
        string last = "";
        while (!StandardStreams.IsOutputDeserted)
        {
            string now;
            TimeSpan pause = s_askAgain;
            try
            {
                (ImmutableArray<ObservedMember> members, bool joined) = await LookAsync(file, cluster, cancellation);
                now = members.IsEmpty ? $"{NobodyIn(cluster)}\n" : MemberText.Of(members);
                pause = joined ? s_joinAgain : s_askAgain;
            }
            catch (ControlException exception)
            {
                // As when the gateway is being restarted.
                now = $"{exception.Message}\n";
            }

            if (now != last)
            {
                last = now;
                await output.WriteAsync(Console.IsOutputRedirected ? $"{now}\n" : $"\e[H\e[2J{now}");
                await output.FlushAsync(CancellationToken.None);
            }

            await Task.Delay(pause, cancellation);
        }

        return ExitCode.Success;
    }

    /// <summary>The gateway of this machine knows. Without one, this command joins for a moment.</summary>
    private static async Task<(ImmutableArray<ObservedMember> Members, bool Joined)> LookAsync(string file, ClusterConfiguration cluster, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(s_patience);
        try
        {
            if (await MemberQuestion.AskAsync(file, patience.Token) is { } members)
            {
                return (members, false);
            }
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ControlException($"The gateway that runs with {file} does not answer within {s_patience.TotalSeconds:0} seconds.");
        }

        return (await ClusterObserver.ObserveAsync(cluster, Environment.GetEnvironmentVariable(ClusterKeys.Variable), s_patience, cancellation), true);
    }

    private static string NobodyIn(ClusterConfiguration cluster) =>
        $"{cluster.Position}: no member of the cluster {cluster.Name} answers. Is a gateway running, and are its name and key the same?";

    private sealed record Request(string File, Dictionary<string, string> Definitions, bool Watch);
}
