using System.Collections.Immutable;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>A <c>location</c> of a directory service: what caches are told about the files that it is for.</summary>
public sealed record DirectoryLocation
{
    /// <summary>
    /// <c>patterns</c>: paths relative to the directory, without a slash in front. <c>?</c> stands for a character, <c>*</c> for any
    /// number of them, <c>**</c> for any number of directories; case does not matter.
    /// </summary>
    public required ImmutableArray<string> Patterns { get; init; }

    /// <summary><c>cache-control</c>: the directives.</summary>
    public required CacheControl CacheControl { get; init; }
}
