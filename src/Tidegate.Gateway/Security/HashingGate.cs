namespace Tidegate.Gateway.Security;

/// <summary>
/// Bounds how many passwords are hashed at once: it keeps a core busy, and those whose messages are relayed need them. Others wait their
/// turn, up to a bound.
/// </summary>
internal sealed class HashingGate : IDisposable
{
    /// <summary>As many as may wait.</summary>
    internal const int MaximumWaiting = 256;

    private readonly SemaphoreSlim _turns;
    private int _waiting;

    /// <param name="atOnce">How many at once; half the cores by default, at least one.</param>
    internal HashingGate(int? atOnce = null) => _turns = new SemaphoreSlim(atOnce ?? Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>Runs something that keeps a core busy, on another thread.</summary>
    /// <exception cref="LoginUnavailableException">Too many wait already.</exception>
    internal async Task<bool> RunAsync(Func<bool> check, CancellationToken cancellation)
    {
        if (Interlocked.Increment(ref _waiting) > MaximumWaiting)
        {
            Interlocked.Decrement(ref _waiting);
            throw new LoginUnavailableException($"{MaximumWaiting} logins wait for a password to be hashed");
        }

        try
        {
            await _turns.WaitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        try
        {
            return await Task.Run(check, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();
}
