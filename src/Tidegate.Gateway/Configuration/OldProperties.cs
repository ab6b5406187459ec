using System.Collections.Immutable;
using Tidegate.Gateway.Configuration.Source;

namespace Tidegate.Gateway.Configuration;

/// <summary>
/// The properties that services had up to 2014/09 and that nothing heeds any more: in files of that time each earns a warning, in later
/// ones an error, as ever.
/// </summary>
internal static class OldProperties
{
    private static readonly string[] s_types = ["broadcast", "directory", "echo", "http.proxy", "proxy"];

    /// <summary>What each one did, and what to do instead.</summary>
    internal static ImmutableArray<(string Name, string Did, string Instead)> All { get; } =
    [
        ("service.domain", "the domain of cookies that clients deleted through the gateway", "Remove it: no domain is needed any more."),
        ("encryption.key.alias", "the key in the keystore that the sessions of clients were encrypted with", "Remove it: no such key is needed any more."),
        ("authentication.connect", "the URI where a challenge of the scheme Application Negotiate sent clients for their ticket",
            "Remove it, and give clients the URI in their Kerberos challenge handler."),
        ("authentication.identifier", "the text that followed authentication.connect in a challenge of the scheme Application Negotiate",
            "Remove it, and give clients the URI in their Kerberos challenge handler."),
    ];

    /// <summary>What to do about an element of one of these names where it does not belong, or null.</summary>
    internal static string? CureFor(string name)
    {
        (string? known, string? did, string? instead) = All.FirstOrDefault(old => old.Name == name);
        return known is null ? null : $"Among the properties of a service it was, up to 2014/09, {did}. {instead}";
    }

    /// <summary>The service without these properties, a warning for each. Types whose properties are kept as written keep these, too.</summary>
    internal static SourceElement TakeOut(SourceElement service, Findings findings)
    {
        return s_types.Contains(service.TextOf("type"))
            ? service with { Children = [.. service.Children.Select(child => child.Name == "properties" ? WithoutOld(child) : child)] }
            : service;

        SourceElement WithoutOld(SourceElement properties) =>
            properties with { Children = properties.Children.RemoveAll(property => IsOld(property, findings)) };
    }

    private static bool IsOld(SourceElement property, Findings findings)
    {
        (string? known, string? did, string? instead) = All.FirstOrDefault(old => old.Name == property.Name);
        if (known is not null)
        {
            findings.Warning(property.Position, $"<{known}> does nothing any more. It was {did}.", instead!);
        }

        return known is not null;
    }
}
