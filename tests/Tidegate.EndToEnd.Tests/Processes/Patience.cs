namespace Tidegate.EndToEnd.Tests.Processes;

/// <summary>How long to wait for what should happen at once: long enough for a machine that is busy with something else.</summary>
internal static class Patience
{
    internal static TimeSpan Normal { get; } = TimeSpan.FromSeconds(60);

    /// <summary>For programs that do a lot, such as a build.</summary>
    internal static TimeSpan Long { get; } = TimeSpan.FromSeconds(180);

    /// <summary>A token that is cancelled when patience ends.</summary>
    internal static CancellationToken Token => new CancellationTokenSource(Normal).Token;
}
