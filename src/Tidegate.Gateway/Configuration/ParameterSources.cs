namespace Tidegate.Gateway.Configuration;

/// <summary>Where <c>${name}</c> in a configuration file finds its value, besides the file's own <c>properties</c>.</summary>
public sealed record ParameterSources
{
    /// <summary>Values from the command line (<c>-Dname=value</c>). They win over everything.</summary>
    public IReadOnlyDictionary<string, string> Definitions { get; init; } = new Dictionary<string, string>();

    /// <summary>What was given for Java beside them (<c>GATEWAY_OPTS</c>) and does nothing here, for a warning.</summary>
    public IReadOnlyList<string> JavaOptions { get; init; } = [];

    /// <summary>Looks a name up in the environment; null if it is not there.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>The value of <c>${hostname}</c> where nothing else defines it.</summary>
    public Func<string> HostName { get; init; } = () => System.Environment.MachineName;

    /// <summary>
    /// The cloud's metadata service, which knows <c>${cloud.host}</c> and <c>${cloud.instanceId}</c>. It is asked only where a file
    /// uses one of them and nothing else defines it, for at most <see cref="CloudTimeout"/> in all.
    /// </summary>
    public Uri CloudMetadata { get; init; } = new("http://169.254.169.254/");

    /// <summary>How long the cloud's metadata service may take for everything that a file asks of it; 1 second.</summary>
    public TimeSpan CloudTimeout { get; init; } = TimeSpan.FromSeconds(1);
}
