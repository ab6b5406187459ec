using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration;

/// <summary>What came of reading a configuration file.</summary>
/// <param name="Configuration">
/// What it says; where there are errors, as far as that could be understood: to be checked further, never to be started. Null where it
/// could not be read at all.
/// </param>
/// <param name="Errors">What is wrong, in the order of the file.</param>
internal sealed record ReadConfiguration(GatewayConfiguration? Configuration, ImmutableArray<ConfigurationError> Errors)
{
    /// <exception cref="ConfigurationException">There are errors.</exception>
    internal GatewayConfiguration OrThrow() => Errors.IsEmpty ? Configuration! : throw new ConfigurationException(Errors);
}
