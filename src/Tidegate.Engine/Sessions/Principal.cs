using System.Collections.Immutable;

namespace Tidegate.Engine.Sessions;

/// <summary>Who the peer of a session is, where that was checked before the session began.</summary>
/// <param name="Name">The name that they are known by.</param>
/// <param name="Roles">Their roles, all those included that come with others.</param>
public record Principal(string Name, ImmutableHashSet<string> Roles);
