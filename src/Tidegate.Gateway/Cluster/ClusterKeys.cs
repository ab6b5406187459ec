using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;

namespace Tidegate.Gateway.Cluster;

/// <summary>The keys that the members of a cluster encrypt and authenticate with, from a file or from the environment.</summary>
public static class ClusterKeys
{
    /// <summary>The environment variable that may hold them instead of a file.</summary>
    public const string Variable = "TIDEGATE_CLUSTER_KEY";

    // More than the most keys that a member has, each on a line of its own.
    private const int LongestFile = 64 * 1024;
    private const int MaximumKeys = 16;

    /// <summary>A new key: 32 random bytes in base64.</summary>
    public static string Generate() => Convert.ToBase64String(System.Security.Cryptography.RandomNumberGenerator.GetBytes(32));

    /// <summary>What is wrong with the keys that a configuration names; they are opened as a start opens them.</summary>
    /// <param name="configuration">The configuration.</param>
    /// <param name="environment">What <see cref="Variable"/> holds, or null.</param>
    public static ImmutableArray<ConfigurationError> Check(GatewayConfiguration configuration, string? environment)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (configuration.Cluster is not { } cluster)
        {
            return [];
        }

        try
        {
            ReadUnplaced(cluster, environment);
            return [];
        }
        catch (GatewayStartException exception)
        {
            return [new ConfigurationError(cluster.Position, $"{ClusterMember.NotInitialized}{exception.Message}", "")];
        }
    }

    /// <summary>The keys of a cluster, the one that seals first; empty where there are none.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="environment">What <see cref="Variable"/> holds: one key, or several with white space between; or null.</param>
    /// <exception cref="GatewayStartException">There is a key that can not be used, or that others than the owner and group of its file may read.</exception>
    internal static string[] Read(ClusterConfiguration cluster, string? environment)
    {
        try
        {
            return ReadUnplaced(cluster, environment);
        }
        catch (GatewayStartException exception)
        {
            throw ClusterMember.NotStarted(cluster, exception.Message, exception);
        }
    }

    /// <summary>The keys in a file, the one that seals first.</summary>
    /// <exception cref="GatewayStartException">It can not be used; the message says why, and shows no key.</exception>
    internal static string[] ReadFile(string file) =>
        Check([.. Load(file).Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#')], file);

    private static string[] ReadUnplaced(ClusterConfiguration cluster, string? environment)
    {
        bool isInEnvironment = !string.IsNullOrWhiteSpace(environment);
        if (cluster.KeyFile is not { } file)
        {
            return isInEnvironment ? Check(environment!.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), Variable) : [];
        }

        return isInEnvironment
            ? throw new GatewayStartException($"Both <key-file> and {Variable} hold the keys of the cluster. Keep one of them.")
            : ReadFile(file);
    }

    private static string Load(string file)
    {
        try
        {
            // Opening a pipe that nobody writes to takes for ever. Pipes and devices have no length; what a link has is its own.
            if ((File.ResolveLinkTarget(file, returnFinalTarget: true) ?? new FileInfo(file)) is FileInfo { Length: 0 })
            {
                throw new GatewayStartException(
                    $"{file}: it is empty, or a pipe or device, and the keys of a cluster stand in an ordinary file. Make one with ./tidegate keygen.");
            }

            using FileStream stream = File.OpenRead(file);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(stream.SafeFileHandle) & (UnixFileMode.OtherRead | UnixFileMode.OtherWrite)) != 0)
            {
                throw new GatewayStartException($"{file}: every user of this machine may read or change the keys of the cluster. Make the file its owner's: chmod 600 {file}");
            }

            byte[] content = new byte[LongestFile + 1];
            int length = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
            return length <= LongestFile
                ? System.Text.Encoding.UTF8.GetString(content, 0, length)
                : throw new GatewayStartException($"{file}: a file with keys has at most {LongestFile} bytes. Is it the right file?");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GatewayStartException(
                $"{file}: The keys of the cluster can not be read: {exception.Message.TrimEnd('.')}. Make a file with ./tidegate keygen, and have it readable by the user that runs Tidegate.", exception);
        }
    }

    // No message shows a key.
    private static string[] Check(string[] keys, string place)
    {
        if (keys.Length is 0 or > MaximumKeys)
        {
            throw new GatewayStartException($"{place}: there are {keys.Length} keys, and a cluster has 1 to {MaximumKeys}, each on a line of its own. ./tidegate keygen makes one.");
        }

        byte[] bytes = new byte[64];
        for (int i = 0; i < keys.Length; i++)
        {
            if (!Convert.TryFromBase64String(keys[i], bytes, out int length) || length is not (16 or 24 or 32))
            {
                throw new GatewayStartException($"{place}: key {i + 1} is not 16, 24 or 32 bytes in base64. ./tidegate keygen makes one.");
            }
        }

        return keys;
    }
}
