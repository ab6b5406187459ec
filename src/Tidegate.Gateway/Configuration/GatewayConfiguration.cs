using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration;

/// <summary>A whole configuration file, read and checked. It never changes: a reload reads a new one.</summary>
/// <param name="File">The file as the user named it.</param>
/// <param name="Services">The services in the order of the file; their names differ.</param>
/// <param name="Warnings">What is allowed but deserves a second look.</param>
public sealed record GatewayConfiguration(
    string File, ImmutableArray<ServiceConfiguration> Services, ImmutableArray<ConfigurationError> Warnings)
{
    /// <summary>The <c>security</c> element.</summary>
    public SecurityConfiguration Security { get; init; } = new();
}
