namespace Tidegate.Gateway.Security;

/// <summary>
/// Bounds how many passwords are hashed at once: it keeps a core busy, and those whose messages are relayed need them. Others wait their
/// turn, up to a bound.
/// </summary>
internal sealed class HashingGate : IDisposable
{
    private readonly LoginTurns _turns;

    /// <param name="atOnce">How many at once; half the cores by default, at least one.</param>
    internal HashingGate(int? atOnce = null) => _turns = new LoginTurns(atOnce ?? Math.Max(1, Environment.ProcessorCount / 2), "a password to be hashed");

    /// <summary>Runs something that keeps a core busy, on another thread.</summary>
    /// <exception cref="LoginUnavailableException">Too many wait already.</exception>
    internal Task<bool> RunAsync(Func<bool> check, CancellationToken cancellation) =>
        _turns.RunAsync(cancelled => Task.Run(check, cancelled), cancellation);

    public void Dispose() => _turns.Dispose();
}
