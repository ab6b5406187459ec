using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Tidegate.Host.Commands;

/// <summary>The command line: which commands there are, and what happens when it is wrong.</summary>
internal static class CommandLine
{
    /// <summary>Runs what the arguments ask for and returns the exit code.</summary>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, Installation installation, TextWriter output, TextWriter error, TextReader? input = null)
    {
        var root = new RootCommand($"Tidegate, a WebSocket gateway.\n\n{ExitCode.Documentation}")
        {
            StartCommand.Create(installation),
            ValidateCommand.Create(installation, output, error),
            KeygenCommand.Create(output),
            PasswdCommand.Create(input ?? Console.In, output, error),
            MembersCommand.Create(installation, output, error),
            DrainCommand.Create(installation, output, error),
            DemoCommand.Create(installation, output, error),
        };
        foreach (VersionOption version in root.Options.OfType<VersionOption>())
        {
            version.Action = new VersionAction();
        }

        // No @file arguments and no bundled letters: neither is documented, and both would give a file name a second meaning.
        ParseResult parsed = root.Parse(
            Definitions.Separate(arguments), new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parsed.Errors.Count > 0 && parsed.Action is not (HelpAction or VersionAction))
        {
            // A mistyped command is also a missing one; only the former helps.
            string[] messages = [.. parsed.Errors.Select(e => string.Join(' ', e.Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))).Distinct()];
            foreach (string message in messages.Skip(parsed.UnmatchedTokens.Count > 0 && messages.Length > 1 ? 1 : 0))
            {
                await error.WriteLineAsync($"tidegate: {message}");
            }

            string command = parsed.CommandResult.Command is RootCommand ? "" : $" {parsed.CommandResult.Command.Name}";
            await error.WriteLineAsync($"Try: tidegate{command} --help");
            return ExitCode.Misuse;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        });
    }

    private sealed class VersionAction : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"Tidegate {Installation.Version}");
            return ExitCode.Success;
        }
    }
}
