namespace Tidegate.Gateway.Tests;

/// <summary>A directory for one test, removed with all that is in it.</summary>
internal sealed class ScratchDirectory : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("tidegate-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
