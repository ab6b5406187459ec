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

/// <summary>What the path of a request leads to, and where that really is.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="FullPath">Where it is, links resolved unless they are followed anyway; empty where there is nothing.</param>
/// <param name="Name">The path relative to the directory, with slashes and none in front or behind.</param>
internal readonly record struct Found(FoundKind Kind, string FullPath, string Name)
{
    internal static Found Nothing { get; } = new(FoundKind.Nothing, string.Empty, string.Empty);

    internal static Found Refused { get; } = new(FoundKind.Refused, string.Empty, string.Empty);
}

/// <summary>Finds files below a directory, and never one outside of it.</summary>
internal sealed class ServedFiles
{
    // As many links as Linux follows in one path.
    private const int MaximumLinks = 40;
    private readonly string _root;
    private readonly string _realRoot;
    private readonly bool _followLinks;

    /// <param name="root">The directory, which exists.</param>
    /// <param name="followLinks">Whether symbolic links may lead out of it.</param>
    internal ServedFiles(string root, bool followLinks)
    {
        _root = Path.TrimEndingDirectorySeparator(root);
        _realRoot = Path.TrimEndingDirectorySeparator(RealPath(_root) ?? _root);
        _followLinks = followLinks;
    }

    /// <summary>Finds what a path leads to that was percent-decoded once: what is still encoded in it is the name of no file.</summary>
    internal Found Find(string path)
    {
        string[] segments = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (string segment in segments)
        {
            if (segment is "." or ".." || segment.Any(c => char.IsControl(c) || c == '\\' || (c == ':' && OperatingSystem.IsWindows())))
            {
                return Found.Refused;
            }

            if (IsHidden(segment))
            {
                return Found.Nothing;
            }
        }

        string name = string.Join('/', segments);
        string fullPath = Path.Join(_root, name);
        try
        {
            if (!_followLinks)
            {
                if (RealPath(fullPath) is not { } real || !IsWithin(real))
                {
                    return Found.Nothing;
                }

                fullPath = real;
            }

            return File.Exists(fullPath) ? new(FoundKind.File, fullPath, name)
                : System.IO.Directory.Exists(fullPath) ? new(FoundKind.Directory, fullPath, name)
                : Found.Nothing;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Too long for a name, not to be entered, a device that is gone.
            return Found.Nothing;
        }
    }

    /// <summary>What begins with a dot is not meant for visitors (.git, .htpasswd), but for what RFC 8615 keeps there.</summary>
    internal static bool IsHidden(string segment) => segment.StartsWith('.') && segment != ".well-known";

    private bool IsWithin(string real) =>
        real.Length == _realRoot.Length ? string.Equals(real, _realRoot, StringComparison.Ordinal)
        : real.StartsWith(_realRoot, StringComparison.Ordinal) && (Path.EndsInDirectorySeparator(_realRoot) || real[_realRoot.Length] == Path.DirectorySeparatorChar);

    /// <summary>The path without symbolic links; null where there is nothing, or no end of links.</summary>
    private static string? RealPath(string path)
    {
        int links = 0;
        string current = Path.GetPathRoot(path)!;
        var rest = new Stack<string>(Segments(path[current.Length..]));
        while (rest.TryPop(out string? segment))
        {
            string next = Path.Join(current, segment);
            var entry = new FileInfo(next);
            // Of an entry that is not there, too.
            FileAttributes attributes = entry.Attributes;
            if (attributes == (FileAttributes)(-1))
            {
                return null;
            }

            if ((attributes & FileAttributes.ReparsePoint) == 0 || entry.LinkTarget is not { } target)
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
