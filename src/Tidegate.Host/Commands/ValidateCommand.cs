using System.CommandLine;
using Tidegate.Gateway.Addressing;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Host.Commands;

/// <summary><c>tidegate validate FILE</c>: says whether a configuration can be used, without starting anything.</summary>
internal static class ValidateCommand
{
    internal static Command Create(TextWriter output, TextWriter error)
    {
        var file = new Argument<string>("FILE") { Description = "The gateway-config.xml to check." };
        Option<string[]> definitions = Definitions.CreateOption();
        var command = new Command("validate", "Checks a configuration file and names everything that is wrong with it.")
        {
            file,
            definitions,
        };
        command.SetAction(parsed => Run(
            parsed.GetRequiredValue(file), Definitions.ToDictionary(parsed.GetValue(definitions) ?? []), output, error));
        return command;
    }

    private static int Run(string file, Dictionary<string, string> definitions, TextWriter output, TextWriter error)
    {
        try
        {
            GatewayConfiguration configuration = ConfigurationReader.Read(file, new ParameterSources { Definitions = definitions });
            if (LocalAddresses.Check(configuration) is { IsEmpty: false } errors)
            {
                throw new ConfigurationException(errors);
            }

            foreach (ConfigurationError warning in configuration.Warnings)
            {
                error.WriteLine($"Warning: {warning}");
            }

            foreach (UnservedPart part in configuration.Unserved.DistinctBy(part => part.Finding))
            {
                error.WriteLine($"Warning: {part.Finding}{(part.IsDispensable ? "" : " Until then tidegate start refuses the file.")}");
            }

            int count = configuration.Services.Length;
            output.WriteLine($"{file} is valid: {count} service{(count == 1 ? "" : "s")}.");
            return ExitCode.Success;
        }
        catch (ConfigurationException e)
        {
            error.WriteLine(e.Message);
            return ExitCode.Failure;
        }
    }
}
