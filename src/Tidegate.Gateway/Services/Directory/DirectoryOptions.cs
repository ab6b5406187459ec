using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>The properties of a <c>directory</c> service.</summary>
public sealed record DirectoryOptions : ServiceOptions
{
    /// <summary><c>directory</c>: as written; <see cref="DirectoryIn"/> resolves it.</summary>
    public required string Directory { get; init; }

    /// <summary><c>welcome-file</c>: served for a path that ends in a slash, or null.</summary>
    public string? WelcomeFile { get; init; }

    /// <summary><c>error-pages-directory</c>: as written, or null; <see cref="ErrorPagesDirectoryIn"/> resolves it.</summary>
    public string? ErrorPagesDirectory { get; init; }

    /// <summary><c>options</c> is <c>indexes</c>: a directory without a welcome file is shown as a list of what is in it.</summary>
    public bool Indexes { get; init; }

    /// <summary><c>symbolic-links</c> is <c>follow</c>: links may lead out of the directory. Otherwise what they lead to is not found.</summary>
    public bool FollowSymbolicLinks { get; init; }

    /// <summary><c>location</c>: how long what may be kept, in the order of the file.</summary>
    public ImmutableArray<DirectoryLocation> Locations { get; init; } = [];

    /// <summary>Where <c>directory</c> is written; null for what no file holds.</summary>
    internal SourcePosition? DirectoryPosition { get; init; }

    /// <summary>Where <c>error-pages-directory</c> is written; null for what no file holds.</summary>
    internal SourcePosition? ErrorPagesPosition { get; init; }

    /// <summary>The full path of the directory, which need not exist.</summary>
    /// <param name="webDirectory">
    /// What <see cref="Directory"/> is relative to, a leading slash notwithstanding: <c>/base</c> has always meant <c>web/base</c>. An
    /// absolute path is written as a <c>file://</c> URI.
    /// </param>
    public string DirectoryIn(string webDirectory) => Resolve(Directory, webDirectory);

    /// <summary>The full path of the error pages, or null if there are none.</summary>
    /// <param name="webDirectory">The web directory; error pages are relative to its parent.</param>
    public string? ErrorPagesDirectoryIn(string webDirectory) =>
        ErrorPagesDirectory is null ? null : Resolve(ErrorPagesDirectory, Path.Combine(webDirectory, ".."));

    private static string Resolve(string written, string root) =>
        written.StartsWith("file:", StringComparison.OrdinalIgnoreCase)
            ? new Uri(written).LocalPath
            : Path.GetFullPath(Path.Combine(root, written.TrimStart('/')));
}
