namespace Tidegate.Gateway.Configuration;

/// <summary>Something that a configuration file asks for rightly, and that this version of Tidegate cannot do.</summary>
/// <param name="Service">The name of the service that asks for it, or null for the gateway as a whole.</param>
/// <param name="Finding">Where and what, and what to write instead.</param>
public sealed record UnservedPart(string? Service, ConfigurationError Finding)
{
    /// <summary>Whether the service is left out without being asked to: nobody will miss it.</summary>
    public bool IsDispensable { get; init; }

    /// <summary>The finding as a warning that says what becomes of it where the gateway starts all the same.</summary>
    internal ConfigurationError WhenLenient =>
        IsDispensable ? Finding
        : Service is null ? Finding with { Cure = "The gateway starts on its own, without <cluster>." }
        : Finding with { Cure = $"The service '{Service}' is left out." };
}
