using System.Buffers;

namespace Tidegate.Gateway.Services.Directory;

/// <summary>What the path of a request leads to.</summary>
internal enum FoundKind
{
    /// <summary>Nothing that is served.</summary>
    Nothing,

    /// <summary>A path that no honest client sends.</summary>
    Refused,

    /// <summary>A file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,
}

/// <summary>What the path of a request leads to.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">The path relative to the directory, with slashes and none in front or behind.</param>
/// <param name="Entry">Where it really is, links resolved, and what the system said of it when it was found; null where there is nothing.</param>
internal readonly record struct Found(FoundKind Kind, string Name, FileInfo? Entry)
{
    internal static Found Nothing { get; } = new(FoundKind.Nothing, string.Empty, null);

    internal static Found Refused { get; } = new(FoundKind.Refused, string.Empty, null);
}

/// <summary>Finds files below a directory, and never one outside of it.</summary>
internal sealed class ServedFiles
{
    // As many links as Linux follows in one path.
    private const int MaximumLinks = 40;

    // A backslash or a colon means something where Windows does the files.
    private static readonly SearchValues<char> s_refused = SearchValues.Create(
        [.. Enumerable.Range(0, 0xa0).Select(code => (char)code).Where(char.IsControl), '\\', .. OperatingSystem.IsWindows() ? ":" : ""]);

    private readonly string _root;
    private readonly string _realRoot;
    private readonly bool _followLinks;

    /// <param name="root">The directory, which exists.</param>
    /// <param name="followLinks">Whether symbolic links may lead out of it.</param>
    internal ServedFiles(string root, bool followLinks)
    {
        _root = Path.TrimEndingDirectorySeparator(root);
        _realRoot = Path.TrimEndingDirectorySeparator(RealPath(Path.GetPathRoot(_root)!, _root[Path.GetPathRoot(_root)!.Length..]) ?? _root);
        _followLinks = followLinks;
    }

    /// <summary>Finds what a path leads to that was percent-decoded once: what is still encoded in it is the name of no file.</summary>
    internal Found Find(string path)
    {
        string[] segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (string segment in segments)
        {
            if (segment is "." or ".." || segment.AsSpan().ContainsAny(s_refused))
            {
                return Found.Refused;
            }

            if (IsHidden(segment))
            {
                return Found.Nothing;
            }
        }

        string name = string.Join('/', segments);
        try
        {
            return (_followLinks ? Followed(name) : Within(segments, name)) is { } entry
                ? new(entry.Attributes.HasFlag(FileAttributes.Directory) ? FoundKind.Directory : FoundKind.File, name, entry)
                : Found.Nothing;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Too long for a name, not to be entered, a device that is gone.
            return Found.Nothing;
        }
    }

    /// <summary>Whether an entry of a directory that was found would be found as well. Only links have to be looked up for that.</summary>
    internal bool Serves(Found directory, FileSystemInfo entry) =>
        entry.Attributes.HasFlag(FileAttributes.ReparsePoint)
            ? Find($"{directory.Name}/{entry.Name}").Kind is FoundKind.File or FoundKind.Directory
            : IsThere(entry) && !IsHidden(entry.Name) && !entry.Name.AsSpan().ContainsAny(s_refused);

    /// <summary>What begins with a dot is not meant for visitors (.git, .htpasswd), but for what RFC 8615 keeps there.</summary>
    internal static bool IsHidden(string segment) => segment.StartsWith('.') && segment != ".well-known";

    private static bool IsThere(FileSystemInfo entry) => entry.Attributes != (FileAttributes)(-1);

    /// <summary>What a name leads to, wherever links lead.</summary>
    private FileInfo? Followed(string name)
    {
        var entry = new FileInfo(Path.Join(_root, name));
        if (!IsThere(entry) || !entry.Attributes.HasFlag(FileAttributes.ReparsePoint) || entry.LinkTarget is null)
        {
            return IsThere(entry) ? entry : null;
        }

        return entry.ResolveLinkTarget(returnFinalTarget: true) is { } target && new FileInfo(target.FullName) is var real && IsThere(real) ? real : null;
    }

    /// <summary>What a name leads to, if that is within the directory.</summary>
    private FileInfo? Within(string[] segments, string name)
    {
        // Nearly always there are no links: then each step is asked for once, and the last answer is the one that is needed.
        var entry = new FileInfo(_realRoot);
        foreach (string segment in segments)
        {
            entry = new FileInfo(Path.Join(entry.FullName, segment));
            if (!IsThere(entry))
            {
                return null;
            }

            if (entry.Attributes.HasFlag(FileAttributes.ReparsePoint))
            {
                return RealPath(_realRoot, name) is { } real && IsWithin(real) && new FileInfo(real) is var target && IsThere(target) ? target : null;
            }
        }

        return IsThere(entry) ? entry : null;
    }

    private bool IsWithin(string real) =>
        real.Length == _realRoot.Length ? string.Equals(real, _realRoot, StringComparison.Ordinal)
        : real.StartsWith(_realRoot, StringComparison.Ordinal) && (Path.EndsInDirectorySeparator(_realRoot) || real[_realRoot.Length] == Path.DirectorySeparatorChar);

    /// <summary>A path without symbolic links; null where there is nothing, or no end of links.</summary>
    /// <param name="start">Its beginning, in which there are none.</param>
    /// <param name="more">What follows.</param>
    private static string? RealPath(string start, string more)
    {
        int links = 0;
        string current = start;
        var rest = new Stack<string>(Segments(more));
        while (rest.TryPop(out string? segment))
        {
            string next = Path.Join(current, segment);
            var entry = new FileInfo(next);
            if (!IsThere(entry))
            {
                return null;
            }

            if (!entry.Attributes.HasFlag(FileAttributes.ReparsePoint) || entry.LinkTarget is not { } target)
            {
                current = next;
                continue;
            }

            if (++links > MaximumLinks)
            {
                return null;
            }

            string full = Path.GetFullPath(target, current);
            current = Path.GetPathRoot(full)!;
            foreach (string part in Segments(full[current.Length..]))
            {
                rest.Push(part);
            }
        }

        return current;
    }

    /// <summary>The last first, for a stack.</summary>
    private static IEnumerable<string> Segments(string path) =>
        path.Split([Path.DirectorySeparatorChar, Path.AltDirectorySeparatorChar], StringSplitOptions.RemoveEmptyEntries).Reverse();
}
