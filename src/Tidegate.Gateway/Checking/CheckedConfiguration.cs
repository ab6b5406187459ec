using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Checking;

/// <summary>What came of checking a configuration file.</summary>
/// <param name="Configuration">What it says; null where there is an error.</param>
/// <param name="Findings">Everything that was found, errors and warnings together, in the order of the file.</param>
public sealed record CheckedConfiguration(GatewayConfiguration? Configuration, ImmutableArray<ConfigurationFinding> Findings);

/// <summary>Something that was found in a configuration file.</summary>
/// <param name="What">Where and what it is, and what would be right.</param>
/// <param name="IsError">Whether the file can not be used because of it; otherwise it deserves a second look.</param>
public sealed record ConfigurationFinding(ConfigurationError What, bool IsError)
{
    /// <summary>Whether <see cref="GatewayServer"/> logs the same when it starts.</summary>
    public bool IsLoggedAtStart { get; init; }

    /// <summary>Whether it is not wrong but not served yet: the start refuses it, or leaves the service out.</summary>
    public bool IsUnserved { get; init; }
}
