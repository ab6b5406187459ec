namespace Tidegate.EndToEnd.Tests.Processes;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Repository
{
    internal static string Root { get; } = FindRoot();

    /// <summary>The tests' own directory of sources: scripts are run from there.</summary>
    internal static string Tests { get; } = Path.Combine(Root, "tests", "Tidegate.EndToEnd.Tests");

    /// <summary>The gateway's program, built with the same configuration as the tests.</summary>
    internal static string Program { get; } = Path.Combine(
        Root, "src", "Tidegate.Host", "bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0", "tidegate.dll");

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "Tidegate.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("These tests do not run in the repository.");
    }
}
