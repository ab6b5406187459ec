using System.Collections.Immutable;

namespace Tidegate.Gateway.Configuration;

/// <summary>A <c>cross-site-constraint</c>: what pages of another origin may do with a service.</summary>
public sealed record CrossSiteConstraint
{
    /// <summary>The methods where <c>allow-methods</c> is not written.</summary>
    public static ImmutableArray<string> DefaultMethods { get; } = ["GET", "POST"];

    /// <summary><c>allow-origin</c>: <c>*</c> for every origin, or scheme, host and port, the port always written.</summary>
    public required string AllowOrigin { get; init; }

    /// <summary><c>allow-methods</c>, in upper case.</summary>
    public ImmutableArray<string> AllowMethods { get; init; } = DefaultMethods;

    /// <summary><c>allow-headers</c>: request headers besides those that need no permission.</summary>
    public ImmutableArray<string> AllowHeaders { get; init; } = [];

    /// <summary><c>maximum-age</c>: how long a browser may remember the answer to a preflight, or null if it is not told.</summary>
    public TimeSpan? MaximumAge { get; init; }

    /// <summary>Where the element starts.</summary>
    public required SourcePosition Position { get; init; }
}
