using System.CommandLine;
using System.Text;
using Tidegate.Gateway.Security;

namespace Tidegate.Host.Commands;

/// <summary><c>tidegate passwd</c>: makes of a password what may stand in a file of users.</summary>
internal static class PasswdCommand
{
    internal static Command Create(TextReader input, TextWriter output, TextWriter error)
    {
        var command = new Command(
            "passwd", "Asks for a password, or reads it as a line of standard input, and prints its hash, for <password> in a jaas-config.xml.");
        command.SetAction(async (_, cancellation) =>
        {
            string? password = !ReferenceEquals(input, Console.In) || Console.IsInputRedirected ? await input.ReadLineAsync(cancellation) : Ask(error);
            if (string.IsNullOrEmpty(password))
            {
                await error.WriteLineAsync("tidegate: There is no password. Type it, or write it to standard input as one line.");
                return ExitCode.Misuse;
            }

            await output.WriteLineAsync(PasswordHash.Create(password).ToString());
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Reads a line that nobody else sees.</summary>
    private static string Ask(TextWriter error)
    {
        error.Write("Password: ");
        var typed = new StringBuilder();
        while (Console.ReadKey(intercept: true) is { Key: not ConsoleKey.Enter } key)
        {
            if (key.Key == ConsoleKey.Backspace)
            {
                typed.Length = Math.Max(0, typed.Length - 1);
            }
            else if (key.KeyChar != '\0')
            {
                typed.Append(key.KeyChar);
            }
        }

        error.WriteLine();
        return typed.ToString();
    }
}
