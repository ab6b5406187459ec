using System.CommandLine;
using System.Globalization;
using Tidegate.Gateway.Control;

namespace Tidegate.Host.Commands;

/// <summary><c>tidegate drain</c>: has the gateway of this machine leave its cluster politely, and waits until it has.</summary>
internal static class DrainCommand
{
    internal static Command Create(Installation installation, TextWriter output, TextWriter error)
    {
        var config = new Option<string?>("--config")
        {
            Description = $"The configuration file that the gateway was started with. Without this option: conf/gateway-config.xml in the directory that {Installation.HomeVariable} names.",
            HelpName = "FILE",
        };
        var command = new Command(
            "drain",
            "Has the gateway of this machine leave its cluster as SIGTERM does: new clients go to other members, sessions are closed over the time of "
            + "its --grace, and it ends. Returns when it has.")
        {
            config,
        };
        command.SetAction((parsed, _) => RunAsync(parsed.GetValue(config) ?? installation.DefaultConfiguration, output, error));
        return command;
    }

    private static async Task<int> RunAsync(string file, TextWriter output, TextWriter error)
    {
        using var signals = new StopSignals(TimeProvider.System);
        try
        {
            if (await DrainQuestion.AskAsync(file, signals.Requested) is not { } report)
            {
                await error.WriteLineAsync(
                    $"{Path.GetFullPath(file)}: no gateway of this user runs on this machine with this file. Name the file that it was started with: tidegate drain --config FILE");
                return ExitCode.Failure;
            }

            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"Drained: {report.Sessions} session{(report.Sessions == 1 ? " was" : "s were")} closed in {report.Seconds:F1} s."));
            return ExitCode.Success;
        }
        catch (OperationCanceledException) when (signals.Requested.IsCancellationRequested)
        {
            // Only the wait has ended; the gateway drains on.
            return signals.ExitCode;
        }
        catch (ControlException exception)
        {
            await error.WriteLineAsync(exception.Message);
            return ExitCode.Failure;
        }
    }
}
