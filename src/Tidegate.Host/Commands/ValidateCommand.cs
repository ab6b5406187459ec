using System.Collections.Immutable;
using System.CommandLine;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Cluster;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Tls;

namespace Tidegate.Host.Commands;

/// <summary><c>tidegate validate FILE</c>: says whether a configuration can be used, without starting anything.</summary>
internal static class ValidateCommand
{
    internal static Command Create(TextWriter output, TextWriter error)
    {
        var file = new Argument<string>("FILE") { Description = "The gateway-config.xml to check." };
        var effective = new Option<bool>("--effective")
        {
            Description = "Prints the configuration that results, with defaults, ${name} replaced and secrets masked; the verdict then goes to standard error.",
        };
        Option<string[]> definitions = Definitions.CreateOption();
        var command = new Command("validate", "Checks a configuration file and names everything that is wrong with it.")
        {
            file,
            effective,
            definitions,
        };
        command.SetAction((parsed, _) => RunAsync(
            parsed.GetRequiredValue(file),
            parsed.GetValue(effective),
            Definitions.ToDictionary(parsed.GetValue(definitions) ?? []),
            output,
            error));
        return command;
    }

    private static async Task<int> RunAsync(string file, bool effective, Dictionary<string, string> definitions, TextWriter output, TextWriter error)
    {
        try
        {
            GatewayConfiguration configuration = ConfigurationReader.Read(file, new ParameterSources { Definitions = definitions });
            (ImmutableArray<ConfigurationError> tlsErrors, ImmutableArray<string> tlsWarnings) = TlsCheck.Run(configuration, TimeProvider.System);
            ImmutableArray<ConfigurationError> keyErrors = ClusterKeys.Check(configuration, Environment.GetEnvironmentVariable(ClusterKeys.Variable));
            if (LocalAddresses.Check(configuration).AddRange(tlsErrors).AddRange(keyErrors) is { IsEmpty: false } errors)
            {
                throw new ConfigurationException(errors);
            }

            IEnumerable<ConfigurationError> warnings = configuration.Warnings.Concat(await HostNameCheck.RunAsync(configuration));
            foreach (string warning in warnings.Select(warning => warning.ToString()).Concat(tlsWarnings))
            {
                await error.WriteLineAsync($"Warning: {warning}");
            }

            foreach (UnservedPart part in configuration.Unserved.DistinctBy(part => part.Finding))
            {
                await error.WriteLineAsync($"Warning: {part.Finding}");
            }

            if (configuration.Unserved.Any(part => !part.IsDispensable))
            {
                await error.WriteLineAsync(
                    "Warning: tidegate start refuses a file that asks for what is not served yet; with --lenient it leaves those services out.");
            }

            if (effective)
            {
                await output.WriteAsync(ConfigurationWriter.Write(configuration, showSecrets: false));
            }

            int count = configuration.Services.Length;
            await (effective ? error : output).WriteLineAsync($"{file} is valid: {count} service{(count == 1 ? "" : "s")}.");
            return ExitCode.Success;
        }
        catch (ConfigurationException e)
        {
            await error.WriteLineAsync(e.Message);
            return ExitCode.Failure;
        }
    }
}
