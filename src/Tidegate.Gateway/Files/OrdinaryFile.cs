namespace Tidegate.Gateway.Files;

/// <summary>
/// Reads the files that a configuration names: keys, certificates, passwords. Only ordinary ones, links to them included: a pipe would
/// have the gateway wait for somebody who writes, at its start or when it looks for changes, and some devices have no end.
/// </summary>
internal static class OrdinaryFile
{
    /// <summary>All bytes of a file; null where there are more than <paramref name="maximum"/>.</summary>
    /// <exception cref="IOException">It is not there, is no ordinary file, or can not be read.</exception>
    /// <exception cref="UnauthorizedAccessException">This user may not read it.</exception>
    internal static byte[]? Read(string path, int maximum)
    {
        if (FaultOf(path) is { } fault)
        {
            throw new IOException(fault);
        }

        using FileStream file = File.OpenRead(path);
        var content = new MemoryStream();
        var buffer = new byte[16 * 1024];

        // Not by its length: it may be growing, and that of a file in /proc says nothing.
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            content.Write(buffer, 0, read);
            if (content.Length > maximum)
            {
                return null;
            }
        }

        return content.ToArray();
    }

    /// <summary>Why what is there is not to be opened; null where it may be, or where opening it will say what is wrong.</summary>
    private static string? FaultOf(string path)
    {
        if (Directory.Exists(path))
        {
            return "it is a directory, and no file";
        }

        if (OperatingSystem.IsLinux())
        {
            return UnixFiles.LookThrough(path) is { IsRegular: false } facts ? $"it is {facts.Kind}, and only ordinary files are read" : null;
        }

        // Elsewhere .NET does not say what it is; pipes and devices have no length. What a link has is its own.
        return (File.ResolveLinkTarget(path, returnFinalTarget: true) ?? new FileInfo(path)) is FileInfo { Exists: true, Length: 0 }
            ? "it is empty, or a pipe or device, and only ordinary files are read"
            : null;
    }
}
