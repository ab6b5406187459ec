using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Services.Balancer;
using Tidegate.Gateway.Services.Broadcast;
using Tidegate.Gateway.Services.Directory;
using Tidegate.Gateway.Services.Echo;
using Tidegate.Gateway.Services.HttpProxy;
using Tidegate.Gateway.Services.HttpRedirect;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Services;

/// <summary>The one list of service types.</summary>
internal static class ServiceTypes
{
    private static readonly ImmutableArray<ServiceTypeDescription> s_types =
    [
        new BalancerDescription(),
        new BroadcastDescription(),
        new DirectoryDescription(),
        new EchoDescription(),
        new HttpProxyDescription(),
        new HttpRedirectDescription(),
        new ProxyDescription(),
    ];

    /// <summary>The types that are served.</summary>
    internal static ImmutableArray<ServiceTypeDescription> All => s_types;

    /// <summary>The description of a type that is read, served or not, or null.</summary>
    internal static ServiceTypeDescription? Find(string name) => s_types.FirstOrDefault(t => t.Name == name) ?? PlannedServiceTypes.Find(name);

    /// <summary>The cure where a type cannot be served.</summary>
    internal static string Served => $"Types served: {string.Join(", ", s_types.Select(t => t.Name))}.";

    /// <summary>Why there is no service of this type.</summary>
    internal static TextFault WhyNot(string name)
    {
        if (name is "management.snmp" or "session")
        {
            return new($"{(name == "session" ? "session service" : "snmp management")} type is no longer supported.", "Remove the service.");
        }

        if (name.StartsWith("class:", StringComparison.Ordinal))
        {
            return new($"Unknown gateway service class: {name["class:".Length..]}.", $"Tidegate runs no Java. {Served}");
        }

        return new(
            $"Unrecognized service type: {name}.",
            Suggestion.For(name, s_types.Concat(PlannedServiceTypes.All).Select(t => t.Name)) is { } similar ? $"Did you mean {similar}?" : Served);
    }
}
