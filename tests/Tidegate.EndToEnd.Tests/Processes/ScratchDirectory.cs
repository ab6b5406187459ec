namespace Tidegate.EndToEnd.Tests.Processes;

/// <summary>A directory that exists as long as the object.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("tidegate-test-").FullName;

    /// <summary>Writes a file into the directory and returns its path.</summary>
    internal string Write(string name, string content)
    {
        string path = System.IO.Path.Combine(Path, name);
        File.WriteAllText(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
