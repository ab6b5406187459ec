using System.Collections.Immutable;

namespace Tidegate.Gateway.Security.Ldap;

/// <summary>What keeps the words that a directory is told from other eyes.</summary>
internal enum LdapSecurity
{
    /// <summary>Nothing: passwords travel as they are.</summary>
    None,

    /// <summary>TLS from the first byte.</summary>
    Tls,

    /// <summary>TLS that is asked for first (RFC 4513, section 3).</summary>
    StartTls,
}

/// <summary>A directory.</summary>
/// <param name="Host">A name or an address; TLS asks for a certificate of that name.</param>
/// <param name="Port">The port.</param>
/// <param name="Security">How it is spoken with.</param>
/// <param name="BaseName">The entry below which users are; empty where only a name to bind with is made.</param>
internal sealed record LdapServer(string Host, int Port, LdapSecurity Security, string BaseName)
{
    /// <summary>As a log names it.</summary>
    public override string ToString() => $"{(Security == LdapSecurity.Tls ? "ldaps" : "ldap")}://{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";
}

/// <summary>How an <c>ldap</c> login module finds out who somebody is.</summary>
internal sealed record LdapOptions
{
    /// <summary>What is put in for it: the name that somebody typed.</summary>
    internal const string UserPlace = "USERNAME";

    /// <summary>What is put in for it: the name of the user's entry.</summary>
    internal const string NamePlace = "DN";

    /// <summary>The directories, in the order in which they are asked; at least one. They hold the same.</summary>
    internal required ImmutableArray<LdapServer> Servers { get; init; }

    /// <summary>Finds the user's entry; null where it is not looked for.</summary>
    internal LdapFilter? UserFilter { get; init; }

    /// <summary>What to bind with, {USERNAME} in it; null where it is the name of the entry that the filter finds.</summary>
    internal string? AuthIdentity { get; init; }

    /// <summary>A role of everyone who gets in; or in braces the attribute of the user's entry that has roles. Null for none.</summary>
    internal string? AuthzIdentity { get; init; }

    /// <summary>The attribute with the name that users are known by; null for what they typed.</summary>
    internal string? NameAttribute { get; init; }

    /// <summary>Who searches, and the password; null where nobody in particular does.</summary>
    internal (string Name, string Password)? Searcher { get; init; }

    /// <summary>The entry below which groups are; null where none are looked for.</summary>
    internal string? GroupBase { get; init; }

    /// <summary>Finds the groups of a user.</summary>
    internal LdapFilter GroupFilter { get; init; } = DefaultGroupFilter;

    /// <summary>The attribute of a group that is the role.</summary>
    internal string GroupNameAttribute { get; init; } = "cn";

    /// <summary>For connecting, and for each operation.</summary>
    internal TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long it is remembered that a password was right.</summary>
    internal TimeSpan Remember { get; init; } = TimeSpan.FromSeconds(10);

    internal static LdapFilter DefaultGroupFilter { get; } = LdapFilter.Parse("(|(member={DN})(uniqueMember={DN})(memberUid={USERNAME}))", NamePlace, UserPlace);

    /// <summary>The attribute that <see cref="AuthzIdentity"/> names, or null.</summary>
    internal string? RoleAttribute => AuthzIdentity is ['{', .., '}'] ? AuthzIdentity[1..^1] : null;
}
