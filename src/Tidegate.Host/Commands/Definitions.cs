using System.CommandLine;

namespace Tidegate.Host.Commands;

/// <summary>The <c>-Dname=value</c> arguments, which give values to <c>${name}</c> in configuration files.</summary>
internal static class Definitions
{
    private const string Name = "-D";

    internal static Option<string[]> CreateOption()
    {
        var option = new Option<string[]>(Name)
        {
            Description = "Gives ${name} in the configuration file a value. May be repeated.",
            HelpName = "name=value",
            DefaultValueFactory = _ => [],
            AllowMultipleArgumentsPerToken = false,
        };
        option.Validators.Add(result =>
        {
            foreach (string definition in result.Tokens.Select(t => t.Value).Where(t => t.IndexOf('=', StringComparison.Ordinal) < 1))
            {
                result.AddError($"\"{Name}{definition}\" is not a definition. Write {Name}name=value.");
            }
        });
        return option;
    }

    /// <summary>Separates <c>-D</c> from what is glued to it: the parser knows no other form.</summary>
    internal static IReadOnlyList<string> Separate(IEnumerable<string> arguments) =>
        [.. arguments.SelectMany(a => a.StartsWith(Name, StringComparison.Ordinal) && a.Length > 2 ? new[] { Name, a[2..] } : [a])];

    /// <summary>The names and values; of several with one name, the last.</summary>
    internal static Dictionary<string, string> ToDictionary(IEnumerable<string> definitions)
    {
        var values = new Dictionary<string, string>();
        foreach (string definition in definitions)
        {
            int equals = definition.IndexOf('=', StringComparison.Ordinal);
            values[definition[..equals]] = definition[(equals + 1)..];
        }

        return values;
    }
}
