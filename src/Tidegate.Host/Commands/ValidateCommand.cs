using System.CommandLine;
using Tidegate.Gateway.Checking;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Host.Commands;

/// <summary><c>tidegate validate FILE</c>: says whether a configuration can be used, without starting anything.</summary>
internal static class ValidateCommand
{
    internal static Command Create(Installation installation, TextWriter output, TextWriter error)
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
            installation,
            output,
            error));
        return command;
    }

    private static async Task<int> RunAsync(
        string file, bool effective, Dictionary<string, string> definitions, Installation installation, TextWriter output, TextWriter error)
    {
        var options = new CheckOptions
        {
            Parameters = OldEnvironment.With(definitions),
            WebDirectory = installation.WebDirectory,
            PluginDirectory = installation.PluginDirectory,
        };
        CheckedConfiguration checkedFile = await ConfigurationCheck.RunAsync(file, options, CancellationToken.None);
        string indent = "";
        if (checkedFile.Configuration is null)
        {
            await error.WriteLineAsync(ConfigurationException.Heading);
            indent = "  ";
        }

        foreach (ConfigurationFinding finding in checkedFile.Findings)
        {
            await error.WriteLineAsync($"{indent}{(finding.IsError ? "" : "Warning: ")}{finding.What}");
        }

        if (checkedFile.Findings.Any(finding => finding.IsUnserved))
        {
            await error.WriteLineAsync(
                $"{indent}Warning: tidegate start refuses a file that asks for what is not served yet; with --lenient it leaves those services out.");
        }

        if (checkedFile.Configuration is not { } configuration)
        {
            return ExitCode.Failure;
        }

        if (effective)
        {
            await output.WriteAsync(ConfigurationWriter.Write(configuration, showSecrets: false));
        }

        int count = configuration.Services.Length;
        await (effective ? error : output).WriteLineAsync($"{file} is valid: {count} service{(count == 1 ? "" : "s")}.");
        return ExitCode.Success;
    }
}
