namespace Tidegate.Gateway.Tests;

/// <summary>A directory for one test, removed with all that is in it.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("tidegate-test-").FullName;

    /// <summary>Writes a file, and returns its path.</summary>
    internal string Write(string name, string content)
    {
        string file = System.IO.Path.Combine(Path, name);
        File.WriteAllText(file, content);
        return file;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
