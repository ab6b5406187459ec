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

    /// <summary>The <c>cluster</c> element, or null for a gateway on its own.</summary>
    public ClusterConfiguration? Cluster { get; init; }

    /// <summary>What the file asks for rightly and this version cannot do, in the order of the file.</summary>
    public ImmutableArray<UnservedPart> Unserved { get; init; } = [];

    /// <summary>The configuration as it can be started: nothing in it is unserved.</summary>
    /// <param name="lenient">
    /// Whether services that ask for what this version cannot do are left out, with a warning. What is asked for the gateway as a
    /// whole is then left undone, with a warning too; no service is ever started without something that it asks for itself.
    /// </param>
    /// <exception cref="ConfigurationException">Something cannot be served, and <paramref name="lenient"/> is false.</exception>
    public GatewayConfiguration Servable(bool lenient)
    {
        if (Unserved.IsEmpty)
        {
            return this;
        }

        if (!lenient && Unserved.Any(part => !part.IsDispensable))
        {
            throw new ConfigurationException([.. Unserved.Where(part => !part.IsDispensable).Select(part => part.Finding).Distinct()]);
        }

        HashSet<string?> leftOut = [.. Unserved.Select(part => part.Service)];
        return this with
        {
            Services = [.. Services.Where(service => !leftOut.Contains(service.Name))],
            Warnings =
            [
                .. Warnings,
                .. from part in Unserved
                   select part.IsDispensable
                       ? part.Finding
                       : part.Service is null
                       ? part.Finding with { Cure = "The gateway starts without it." }
                       : part.Finding with { Cure = $"The service '{part.Service}' is left out." },
            ],
            Unserved = [],
        };
    }
}
