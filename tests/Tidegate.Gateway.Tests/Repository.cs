namespace Tidegate.Gateway.Tests;

/// <summary>Finds files of the repository that the tests were built from.</summary>
internal static class Repository
{
    internal static string File(params string[] path)
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !System.IO.File.Exists(Path.Combine(directory, "Tidegate.slnx")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return Path.Combine([directory ?? throw new InvalidOperationException("These tests do not run in the repository."), .. path]);
    }
}
