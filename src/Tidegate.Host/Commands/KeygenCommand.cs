using System.CommandLine;
using Tidegate.Gateway.Cluster;

namespace Tidegate.Host.Commands;

/// <summary><c>tidegate keygen</c>: makes a key for a cluster.</summary>
internal static class KeygenCommand
{
    internal static Command Create(TextWriter output)
    {
        var command = new Command(
            "keygen", $"Prints a new key for the members of a cluster, for the file that <key-file> names or for {ClusterKeys.Variable}.");
        command.SetAction(async (_, _) =>
        {
            await output.WriteLineAsync(ClusterKeys.Generate());
            return ExitCode.Success;
        });
        return command;
    }
}
