using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>Writes out what elements of older namespaces mean in the words of the newest. Only in memory: the file stays as it is.</summary>
internal static class OlderEditions
{
    private const string Location = "location";

    /// <summary>The same configuration in the words of the newest edition.</summary>
    internal static SourceElement Translate(SourceElement root, GatewayEdition edition, Findings findings)
    {
        if (edition == GatewayEdition.June2016)
        {
            return root;
        }

        return root with { Children = [.. root.Children.Select(child => child.Name == "service" ? Service(child, edition, findings) : child)] };
    }

    private static SourceElement Service(SourceElement service, GatewayEdition edition, Findings findings)
    {
        if (edition == GatewayEdition.September2014)
        {
            service = OldProperties.TakeOut(service, findings);
            if (string.Equals(service.TextOf("type"), "directory", StringComparison.OrdinalIgnoreCase))
            {
                service = WithDefaultLocation(service);
            }
        }

        return WithoutUnusedRealm(service, findings);
    }

    private static SourceElement WithDefaultLocation(SourceElement service)
    {
        return service with { Children = [.. service.Children.Select(child => child.Name == "properties" ? WithLocation(child) : child)] };

        static SourceElement WithLocation(SourceElement properties)
        {
            if (properties.FirstChild(Location) is not null)
            {
                return properties;
            }

            SourceElement location = Element(Location, "", properties, Element("patterns", "**/*", properties), Element("cache-control", "max-age=0", properties));
            return properties with { Children = properties.Children.Add(location) };
        }
    }

    private static SourceElement WithoutUnusedRealm(SourceElement service, Findings findings)
    {
        if (service.FirstChild("realm-name") is not { } realm
            || service.Children.Any(child => child.Name is "authorization-constraint" or "auth-constraint"))
        {
            return service;
        }

        findings.Warning(
            realm.Position,
            "In this XML namespace a realm-name without authorization-constraint protects nothing: the service is open to everyone.",
            "Add an <authorization-constraint> if it should not be.");
        return service with { Children = service.Children.Remove(realm) };
    }

    private static SourceElement Element(string name, string text, SourceElement place, params ImmutableArray<SourceElement> children) => new()
    {
        Name = name,
        Namespace = place.Namespace,
        Position = place.Position,
        TextPosition = place.Position,
        Text = text,
        Children = children,
        Attributes = [],
    };
}
