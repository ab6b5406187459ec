using System.Collections.Immutable;
using Tidegate.Engine.Sessions;

namespace Tidegate.Gateway.Security;

/// <summary>Somebody whom a realm knows.</summary>
/// <param name="Name">The name that they are known by.</param>
/// <param name="Roles">Their roles, all those included that come with others.</param>
internal sealed record Identity(string Name, ImmutableHashSet<string> Roles) : Principal(Name, Roles)
{
    /// <summary>Anyone whom the realm knows.</summary>
    internal const string AnyRole = "*";

    /// <summary>Whether the name counts as a role.</summary>
    internal bool NameIsRole { get; init; } = true;

    /// <summary>The longest that a session of theirs may last; null where that is as the realm says.</summary>
    internal TimeSpan? SessionTimeout { get; init; }

    /// <summary>
    /// Whether all these roles are there. A name counts as a role, as it did: directories tell many gateways nothing else
    /// (docs/spec/compat.md, chapter 4.3).
    /// </summary>
    internal bool HasAll(ImmutableArray<string> required) => required.All(role => role == AnyRole || (NameIsRole && role == Name) || Roles.Contains(role));
}
