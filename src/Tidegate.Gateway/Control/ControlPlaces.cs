using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Tidegate.Gateway.Files;

namespace Tidegate.Gateway.Control;

/// <summary>
/// Where the control socket of a gateway is: in the first of a few directories that is this user's alone, under a name that follows from
/// the full path of the configuration file. Gateways and those who ask them look in the same places.
/// </summary>
/// <param name="RuntimeDirectory">What <c>XDG_RUNTIME_DIR</c> names, or null.</param>
/// <param name="SystemDirectory">The directory of a system service: <c>/run/tidegate</c>.</param>
/// <param name="TemporaryDirectory">The machine's directory of temporary files, in which everybody may write.</param>
/// <param name="UserDirectories">The directory that has everybody's <c>XDG_RUNTIME_DIR</c>, for root, who may ask every gateway; null for nobody else.</param>
internal sealed record ControlPlaces(string? RuntimeDirectory, string SystemDirectory, string TemporaryDirectory, string? UserDirectories)
{
    private const string Name = "tidegate";

    // sockaddr_un has 108 bytes, the last of them 0.
    private const int LongestPath = 107;

    // Who makes more in a directory that everybody may write to only keeps root from finding his gateway.
    private const int MostUsers = 1000;

    /// <summary>As the environment has it.</summary>
    internal static ControlPlaces OfEnvironment() => new(
        Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR") is { Length: > 0 } directory && Path.IsPathFullyQualified(directory) ? directory : null,
        "/run/tidegate",
        Path.GetTempPath(),
        UnixFiles.User == 0 ? "/run/user" : null);

    /// <summary>
    /// The path of the socket of a gateway that is to run with this file, in a directory that is made where it is missing.
    /// </summary>
    /// <param name="configurationFile">The configuration file.</param>
    /// <param name="reason">Why there is no place; names every one that was looked at.</param>
    /// <returns>Null where there is no place for it.</returns>
    internal string? Prepare(string configurationFile, out string reason)
    {
        var reasons = new List<string>();
        foreach (string directory in Own())
        {
            string path = Path.Combine(directory, FileName(configurationFile));
            if (Encoding.UTF8.GetByteCount(path) > LongestPath)
            {
                reasons.Add($"{directory}: the path is too long for a socket");
            }
            else if (Make(directory) is { } fault)
            {
                reasons.Add($"{directory}: {fault}");
            }
            else
            {
                reason = "";
                return path;
            }
        }

        reason = string.Join("; ", reasons);
        return null;
    }

    /// <summary>The sockets that a gateway with this file may have, those that are really there and that this user may trust.</summary>
    internal IEnumerable<string> Find(string configurationFile)
    {
        string name = FileName(configurationFile);
        return from directory in Own().Concat(OfOthers()).Distinct(StringComparer.Ordinal)
               where FaultOf(directory, isForRoot: UserDirectories is not null) is null
               let path = Path.Combine(directory, name)
               where UnixFiles.Look(path) is not null && Encoding.UTF8.GetByteCount(path) <= LongestPath
               select path;
    }

    private static string FileName(string configurationFile) =>
        $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(configurationFile))).AsSpan(0, 8))}.sock";

    private IEnumerable<string> Own()
    {
        if (RuntimeDirectory is not null)
        {
            yield return Path.Combine(RuntimeDirectory, Name);
        }

        yield return SystemDirectory;
        yield return Path.Combine(TemporaryDirectory, string.Create(CultureInfo.InvariantCulture, $"{Name}-{UnixFiles.User}"));
    }

    private IEnumerable<string> OfOthers()
    {
        if (UserDirectories is null)
        {
            return [];
        }

        return Entries(UserDirectories, "*").Select(one => Path.Combine(one, Name)).Concat(Entries(TemporaryDirectory, $"{Name}-*"));

        static IEnumerable<string> Entries(string directory, string pattern)
        {
            try
            {
                return [.. Directory.EnumerateDirectories(directory, pattern).Take(MostUsers)];
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                return [];
            }
        }
    }

    /// <summary>Makes a directory for this user alone; what is wrong with it, or null.</summary>
    private static string? Make(string directory)
    {
        if (OperatingSystem.IsWindows())
        {
            return "it can not be made for one user alone";
        }

        try
        {
            string parent = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(directory))!;
            if (UnixFiles.Look(directory) is null)
            {
                // Where somebody else may rename what is in it, nothing is safe.
                if (UnixFiles.Look(Path.TrimEndingDirectorySeparator(parent)) is not { IsDirectory: true } above)
                {
                    return $"{parent} is no directory";
                }

                if ((above.Owner != 0 && above.Owner != UnixFiles.User) || (above.OthersMayWrite && !above.IsSticky))
                {
                    return $"others may change {parent}";
                }

                Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            }

            // Looked at after it has been made: somebody else may have been quicker.
            return FaultOf(directory, isForRoot: false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message.TrimEnd('.');
        }
    }

    /// <summary>What is wrong with a directory; null if it is safe to use.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="isForRoot">True where root only asks: he may ask in what is any one user's alone.</param>
    private static string? FaultOf(string directory, bool isForRoot) => UnixFiles.Look(directory) switch
    {
        null => "it is not there",
        { IsDirectory: false } => "it is no directory",
        { Owner: var owner } when owner != UnixFiles.User && !isForRoot => "it belongs to another user",
        { OthersMayWrite: true } => "others may write to it",
        _ => null,
    };
}
