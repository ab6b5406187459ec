using Tidegate.Gateway.Configuration;

namespace Tidegate.Host.Commands;

/// <summary>
/// <c>GATEWAY_OPTS</c>, in which users of the old gateway gave its system properties (docs/spec/compat.md, chapter 6.6). Its start script
/// put the words of that variable on Java's command line, so there is no quoting.
/// </summary>
internal static class OldEnvironment
{
    internal const string Options = "GATEWAY_OPTS";
    private const string Definition = "-D";

    /// <summary>Where a configuration finds its values: the definitions of the command line go before those of the variable.</summary>
    internal static ParameterSources With(IReadOnlyDictionary<string, string> definitions) =>
        With(definitions, Environment.GetEnvironmentVariable(Options));

    /// <summary>The same with the value of the variable; null where it is not set.</summary>
    internal static ParameterSources With(IReadOnlyDictionary<string, string> definitions, string? options)
    {
        string[] words = (options ?? "").Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        ILookup<bool, string> isDefinition = words.ToLookup(word => word.Length > Definition.Length && word.StartsWith(Definition, StringComparison.Ordinal) && word[Definition.Length] != '=');

        // As Java has it, a name without a value is defined and empty.
        Dictionary<string, string> all = Definitions.ToDictionary(isDefinition[true].Select(word => word[Definition.Length..]).Select(word => word.Contains('=') ? word : word + "="));
        foreach ((string name, string value) in definitions)
        {
            all[name] = value;
        }

        return new ParameterSources
        {
            Definitions = all,
            // What follows may be a secret of whatever it configures.
            JavaOptions = [.. isDefinition[false].Select(word => word.Split('=')[0])],
        };
    }
}
