using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration;

/// <summary>A configuration file cannot be used. It names everything that is wrong, not only the first thing.</summary>
public sealed class ConfigurationException : Exception
{
    /// <summary>The first line of <see cref="Exception.Message"/>: the words that operators of the old gateway search for.</summary>
    public const string Heading = "Validation errors in gateway configuration file";

    /// <summary>Creates the exception from at least one error.</summary>
    public ConfigurationException(ImmutableArray<ConfigurationError> errors)
        : base(string.Join('\n', errors.Select(e => $"  {e}").Prepend(Heading)))
    {
        Errors = errors;
    }

    /// <summary>The errors in the order of the file.</summary>
    public ImmutableArray<ConfigurationError> Errors { get; }
}
