using System.Collections.Immutable;
using Tidegate.Gateway.Security;

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
        ImmutableArray<UnservedPart> unserved = AllUnserved;
        if (unserved.IsEmpty)
        {
            return this;
        }

        if (!lenient && unserved.Any(part => !part.IsDispensable))
        {
            throw new ConfigurationException([.. unserved.Where(part => !part.IsDispensable).Select(part => part.Finding).Distinct()]);
        }

        HashSet<string?> leftOut = [.. unserved.Select(part => part.Service)];
        return this with
        {
            Services = [.. Services.Where(service => !leftOut.Contains(service.Name))],

            // Of what is asked for the gateway as a whole only the cluster may be unserved.
            Cluster = leftOut.Contains(null) ? null : Cluster,
            Warnings =
            [
                .. Warnings,
                .. unserved.Select(part => part.WhenLenient),
            ],
            Unserved = [],
        };
    }

    /// <summary>What is noted as not served, and what should have been.</summary>
    internal ImmutableArray<UnservedPart> AllUnserved => [.. Unserved, .. UnservedProtection()];

    // Whether a realm can be served is known only when all of it has been read; and not every configuration comes from a file.
    private IEnumerable<UnservedPart> UnservedProtection() =>
        from service in Services
        where !Unserved.Any(part => part.Service == service.Name)
        let why = Realms.WhyNot(service, Security)
        where why is not null
        select new UnservedPart(service.Name, why);
}
