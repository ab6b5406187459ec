using System.Collections.Immutable;

namespace Tidegate.Gateway.Security.Certificates;

/// <summary>What of a certificate a <see cref="CertificateRule"/> looks at.</summary>
internal enum CertificatePart
{
    Subject,
    Dns,
    Email,
    Uri,
}

/// <summary>Which certificates are somebody's: a <c>certificate</c> element.</summary>
/// <param name="Part">What is compared.</param>
/// <param name="Value">With what; a subject as <see cref="DistinguishedName"/> writes it.</param>
/// <param name="Name">The name that they go by; null for the value.</param>
/// <param name="Roles">Their roles.</param>
internal sealed record CertificateRule(CertificatePart Part, string Value, string? Name, ImmutableHashSet<string> Roles)
{
    /// <summary>Whether a certificate is theirs. Nothing is a pattern, and only DNS names are the same in any case.</summary>
    internal bool Fits(CertificateNames names) => Part switch
    {
        CertificatePart.Subject => names.Subject?.ToString() == Value,
        CertificatePart.Dns => names.Dns.Contains(Value, StringComparer.OrdinalIgnoreCase),
        CertificatePart.Email => names.Emails.Contains(Value, StringComparer.Ordinal),
        _ => names.Uris.Contains(Value, StringComparer.Ordinal),
    };
}
