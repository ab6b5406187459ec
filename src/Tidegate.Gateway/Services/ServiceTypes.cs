using System.Collections.Frozen;
using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Description;
using Tidegate.Gateway.Services.Directory;
using Tidegate.Gateway.Services.Echo;
using Tidegate.Gateway.Services.Proxy;

namespace Tidegate.Gateway.Services;

/// <summary>The one list of service types.</summary>
internal static class ServiceTypes
{
    private static readonly ImmutableArray<ServiceTypeDescription> s_types =
    [
        new DirectoryDescription(),
        new EchoDescription(),
        new ProxyDescription(),
    ];

    private static readonly FrozenSet<string> s_notServedYet = FrozenSet.Create(
        "amqp.proxy", "balancer", "broadcast", "http.proxy", "http.redirect", "management.jmx", "turn.rest", "turn.proxy",
        "update.check", "kerberos5.proxy", "jms", "jms.proxy", "redis");

    internal static ImmutableArray<ServiceTypeDescription> All => s_types;

    /// <summary>The description of a type that is served, or null.</summary>
    internal static ServiceTypeDescription? Find(string name) => s_types.FirstOrDefault(t => t.Name == name);

    /// <summary>Why there is no service of this type.</summary>
    internal static TextFault WhyNot(string name)
    {
        string served = $"Types served: {string.Join(", ", s_types.Select(t => t.Name))}.";
        if (name is "management.snmp" or "session")
        {
            return new($"{(name == "session" ? "session service" : "snmp management")} type is no longer supported.", "Remove the service.");
        }

        if (s_notServedYet.Contains(name) || name.Contains("-extension", StringComparison.Ordinal))
        {
            return new($"Tidegate does not serve services of type {name} yet.", served);
        }

        if (name.StartsWith("class:", StringComparison.Ordinal))
        {
            return new($"\"{name}\" names a Java class, which Tidegate cannot run.", served);
        }

        return new(
            $"Unrecognized service type: {name}.",
            Suggestion.For(name, s_types.Select(t => t.Name)) is { } similar ? $"Did you mean {similar}?" : served);
    }
}
