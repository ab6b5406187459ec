using System.Reflection;

namespace Tidegate.Host;

/// <summary>Where Tidegate is installed and which version it is.</summary>
/// <param name="Home">The directory that holds <c>conf</c> and <c>web</c>.</param>
internal sealed record Installation(string Home)
{
    /// <summary>The environment variable that names <see cref="Home"/>; the <c>tidegate</c> script sets it.</summary>
    internal const string HomeVariable = "TIDEGATE_HOME";

    /// <summary>The version, such as 0.1.0.</summary>
    internal static string Version { get; } =
        typeof(Installation).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? "unknown";

    /// <summary>The configuration that is read if the command line names none.</summary>
    internal string DefaultConfiguration => Path.Combine(Home, "conf", "gateway-config.xml");

    /// <summary>What the paths of directory services are relative to.</summary>
    internal string WebDirectory => Path.Combine(Home, "web");

    /// <summary>Where plug-ins are taken from.</summary>
    internal string PluginDirectory => Path.Combine(Home, "plugins");

    /// <summary>The installation that the environment names, or else the current directory.</summary>
    internal static Installation Find() =>
        new(Path.GetFullPath(Environment.GetEnvironmentVariable(HomeVariable) is { Length: > 0 } home ? home : "."));
}
