using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
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

    internal static Command Create(Installation installation, TextWriter output, TextWriter error)
    {
        var config = new Option<string?>("--config")
        {
            Description = $"The configuration file of a gateway in the cluster. Without this option: conf/gateway-config.xml in the directory that {Installation.HomeVariable} names.",
            HelpName = "FILE",
        };
        Option<string[]> definitions = Definitions.CreateOption();
        var command = new Command(
            "members", "Says who is in the cluster of this machine's gateway, since when, and what each offers to balancers. It joins for a moment, unannounced.")
        {
            config, definitions,
        };
        command.SetAction((parsed, cancellation) => RunAsync(
            parsed.GetValue(config) ?? installation.DefaultConfiguration, Definitions.ToDictionary(parsed.GetValue(definitions) ?? []), output, error, cancellation));
        return command;
    }

    private static async Task<int> RunAsync(string file, Dictionary<string, string> definitions, TextWriter output, TextWriter error, CancellationToken cancellation)
    {
        try
        {
            GatewayConfiguration configuration = ConfigurationReader.Read(file, new ParameterSources { Definitions = definitions }).Servable(lenient: true);
            if (configuration.Cluster is not { } cluster)
            {
                await error.WriteLineAsync($"{file}: there is no <cluster> that this version of Tidegate can join. Give the configuration of a gateway that is in one: tidegate members --config FILE");
                return ExitCode.Failure;
            }

            // The gateway of this machine knows. Without one, this command joins for a moment.
            ImmutableArray<ObservedMember> members = await AskAsync(file, cancellation)
                ?? await ClusterObserver.ObserveAsync(cluster, Environment.GetEnvironmentVariable(ClusterKeys.Variable), s_patience, cancellation);
            if (members.IsEmpty)
            {
                await error.WriteLineAsync($"{cluster.Position}: no member of the cluster {cluster.Name} answers. Is a gateway running, and are its name and key the same?");
                return ExitCode.Failure;
            }

            foreach (ObservedMember member in members)
            {
                await output.WriteLineAsync(Line(member));
                foreach (ObservedOffer offer in member.Offers)
                {
                    await output.WriteLineAsync(string.Create(
                        CultureInfo.InvariantCulture, $"    {offer.Balance} leads to {offer.Target}: {offer.Sessions} session{(offer.Sessions == 1 ? "" : "s")}"));
                }
            }

            return ExitCode.Success;
        }
        catch (Exception exception) when (exception is ConfigurationException or GatewayStartException or ControlException)
        {
            await error.WriteLineAsync(exception.Message);
            return ExitCode.Failure;
        }
    }

    private static async Task<ImmutableArray<ObservedMember>?> AskAsync(string file, CancellationToken cancellation)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        patience.CancelAfter(s_patience);
        try
        {
            return await MemberQuestion.AskAsync(file, patience.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new ControlException($"The gateway that runs with {file} does not answer within {s_patience.TotalSeconds:0} seconds.");
        }
    }

    private static string Line(ObservedMember member)
    {
        string since = member.Since is { } time ? string.Create(CultureInfo.InvariantCulture, $", started {time.ToLocalTime():yyyy-MM-dd HH:mm:ss}") : "";
        return $"{member.Id} {member.State}, {Shown(member.Kind)}{since}";
    }

    // What a member says of itself is for a terminal here.
    private static string Shown(string text) => new([.. text.Take(64).Select(c => char.IsControl(c) ? '?' : c)]);
}
