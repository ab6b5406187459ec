namespace Tidegate.Gateway.Tests.Configuration;

/// <summary>The configuration files in the repository that users may start from.</summary>
internal static class Samples
{
    /// <summary>Their paths, the default configuration among them.</summary>
    internal static string[] All() =>
    [
        Repository.File("conf", "gateway-config.xml"),
        .. Directory.GetFiles(Path.GetDirectoryName(Repository.File("samples", "echo.xml"))!, "*.xml").Where(path => Path.GetFileName(path) != "jaas-config.xml").Order(StringComparer.Ordinal),
    ];
}
