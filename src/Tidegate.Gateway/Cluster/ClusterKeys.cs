using System.Collections.Immutable;
using Tidegate.Gateway.Configuration;
using Tidegate.Gateway.Files;

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
            return [new ConfigurationError(PlaceOf(cluster), $"{ClusterMember.NotInitialized}{exception.Message}", "")];
        }
    }

    /// <summary>The keys of a cluster, the one that seals first; empty where there are none.</summary>
    /// <param name="cluster">The cluster.</param>
    /// <param name="environment">What <see cref="Variable"/> holds: one key, or several with white space between; or null.</param>
    /// <exception cref="GatewayStartException">There is a key that can not be used, or that others than the owner of its file may read.</exception>
    internal static string[] Read(ClusterConfiguration cluster, string? environment)
    {
        try
        {
            return ReadUnplaced(cluster, environment);
        }
        catch (GatewayStartException exception)
        {
            throw ClusterMember.NotStarted(PlaceOf(cluster), exception.Message, exception);
        }
    }

    private static SourcePosition PlaceOf(ClusterConfiguration cluster) => cluster.KeyFilePosition ?? cluster.Position;

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
            byte[]? content = OrdinaryFile.Read(file, LongestFile);
            if (FaultOfMode(file) is { } fault)
            {
                throw new GatewayStartException($"{file}: {fault}");
            }

            return content is not null
                ? System.Text.Encoding.UTF8.GetString(content)
                : throw new GatewayStartException($"{file}: a file with keys has at most {LongestFile} bytes. Is it the right file?");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new GatewayStartException(
                $"{file}: The keys of the cluster can not be read: {exception.Message.TrimEnd('.')}. Make a file with ./tidegate keygen, and have it readable by the user that runs Tidegate.", exception);
        }
    }

    private static string? FaultOfMode(string file) => OperatingSystem.IsWindows()
        ? null
        : FaultOfMode(file, File.GetUnixFileMode(file), isRoots: OperatingSystem.IsLinux() && UnixFiles.LookThrough(file) is { Owner: 0 });

    /// <summary>
    /// What is wrong with who may read or change a file of keys; null if it is for its owner alone. A group may read what root owns: that is
    /// how Kubernetes mounts secrets for a gateway that is not root (<c>fsGroup</c>), and nobody but root can have set it up.
    /// </summary>
    internal static string? FaultOfMode(string file, UnixFileMode mode, bool isRoots)
    {
        const UnixFileMode Others = UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
        return (mode & (isRoots ? Others : Others | UnixFileMode.GroupRead)) == 0
            ? null
            : $"others than its owner may read or change the keys of the cluster (its mode is {Convert.ToString((int)mode, 8)}). Make it its owner's alone: chmod 600 {file}. "
                + "Only a file of root's may be readable for its group, with mode 440 or 640, as Kubernetes mounts secrets.";
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
